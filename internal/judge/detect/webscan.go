package detect

import (
	"fmt"
	"strings"

	"edgeward/internal/event"
	"edgeward/internal/ident"
)

const (
	webSpan      = 60 * second
	missLimit    = 20 // distinct pages that are not there
	deafLimit    = 10 // distinct folders asked for without any answer
	toolLimit    = 3  // distinct pages asked for by a program that says it is a scanner
	probeLimit   = 3  // distinct pages that only attackers look for
	maxWebClient = 4096
)

// webScan finds clients that try out what a web server has.
type webScan struct {
	e       *Engine
	clients *table[webClient]
}

// webClient is what is remembered of one client and one server.
type webClient struct {
	pin
	missed  burst // pages answered with an error
	folders burst // first parts of the paths that were not answered
	probes  burst // pages that only attackers look for
	tool    burst // pages asked for by a scanner
	agent   string
	paths   wordSet
	asked   uint64
	found   uint64
}

func newWebScan(e *Engine) *webScan {
	return &webScan{e: e, clients: newTable[webClient](maxWebClient)}
}

func (w *webScan) kinds() []event.Kind { return []event.Kind{event.KindHTTP} }

func (w *webScan) close() {}

// scannerAgents are words by which scanning programs name themselves. They
// only lower the number of pages that it takes.
var scannerAgents = words(
	"nikto", "sqlmap", "nmap", "masscan", "zgrab", "nuclei", "dirbuster", "gobuster", "feroxbuster", "wpscan", "acunetix",
	"nessus", "openvas", "arachni", "w3af", "whatweb", "dirb", "wfuzz", "ffuf", "zmeu", "morfeus", "netsparker", "skipfish", "jaeles", "l9explore",
)

// secretFiles hold secrets; no page links to them.
var secretFiles = words(
	"/.env", "/.git/", "/.svn/", "/.hg/", "/.aws/", "/.ssh/", "/.htpasswd", "/id_rsa", "/.docker", "/.npmrc", "/.kube/",
	"/wp-config.php", "/web.config", "/config.php.bak", "/.ds_store", "/etc/passwd", "/etc/shadow", "/proc/self/",
)

// probedPages are there on few servers and asked for on all by attackers.
var probedPages = words(
	"/phpmyadmin", "/pma/", "/wp-login", "/xmlrpc.php", "/cgi-bin/", "/hnap1", "/boaform", "/gponform", "/setup.cgi", "/shell",
	"/manager/html", "/actuator", "/solr/", "/jenkins", "/console", "/vendor/phpunit", "/server-status", "/owa/", "/remote/login",
	"/evox/about", "/sdk", "/nmaplowercheck", "/goform/", "/currentsetting.htm", "/level/15/", "/invoker/", "/struts", "/_ignition",
)

func (w *webScan) fact(s *sight) {
	b := s.Body.(*event.HTTP)
	if b.Method == "" || b.URL == "" || s.group {
		return
	}
	path := b.URL
	if i := strings.IndexAny(path, "?#"); i >= 0 {
		path = path[:i]
	}
	failed := b.Status == 0 || b.Status >= 400 && b.Status < 500 && b.Status != 401 && b.Status != 407 || b.Status == 501
	secret := secretFiles.inFold(path)
	tool := scannerAgents.inFold(b.UserAgent)
	if !failed && !secret && !tool {
		if c := w.clients.get(mix(hostKey(s.Place, s.Src), addrKey(s.Dst))); c != nil {
			c.asked++
			c.found++
		}
		return
	}
	c := w.clients.make(mix(hostKey(s.Place, s.Src), addrKey(s.Dst)))
	c.asked++
	if !failed {
		c.found++
	}
	key := textKey(path)
	why := ""
	switch {
	case secret:
		why = "a file that holds secrets"
		c.probes.add(s, key, webSpan)
	case tool:
		if c.agent == "" {
			c.agent = clip(b.UserAgent, 60)
		}
		if c.tool.add(s, key, webSpan) >= toolLimit || onlyTool(b.UserAgent) {
			why = "a page, by a program that calls itself a scanner"
		}
	case probedPages.inFold(path) && c.probes.add(s, key, webSpan) >= probeLimit:
		why = "a page that attackers look for"
	}
	if failed && b.Referer == "" && !b.Cookie {
		if b.Status == 0 {
			if c.folders.add(s, textKey(folder(path)), webSpan) >= deafLimit {
				why = "one of many pages, without an answer"
			}
		} else if c.missed.add(s, key, webSpan) >= missLimit {
			why = "one of many pages that are not there"
		}
	}
	c.paths.add(path)
	if why == "" {
		return
	}
	rec := w.e.report("recon.web-scan", s, &s.src, "")
	if rec.isNew() {
		c.keep()
		rec.tell = func() string {
			by := ""
			if c.agent != "" {
				by = " with the program " + c.agent
			}
			return fmt.Sprintf("%s sent %s%s to %s, %s of which were answered as found (for example %s), within %s.",
				rec.address, count(c.asked, "request"), by, count(len(rec.peers), "server"), count(c.found, "request"), c.paths.String(), span(rec.last-rec.first))
		}
		marks := c.missed.marks
		if len(c.folders.marks) > len(marks) {
			marks = c.folders.marks
		}
		rec.since(marks, webSpan)
		rec.n += uint64(max(len(marks)-1, 0)) * b2u(len(marks) >= deafLimit)
		if secret && len(c.probes.marks) < probeLimit || why != "" && len(marks) < deafLimit && len(c.tool.marks) < toolLimit {
			rec.severity, rec.confidence = ident.Low, 0.6 // one probe may be a mistake
		}
	}
	if len(c.missed.marks) >= missLimit || len(c.folders.marks) >= deafLimit || len(c.tool.marks) >= toolLimit || len(c.probes.marks) >= probeLimit {
		rec.grade(ident.Medium, 0.85)
	}
	rec.peer(&s.dst)
	if rec.wants(s) {
		rec.show(w.e, s, fmt.Sprintf("asked for %s: %s (status %d)", why, redactQuery(b.URL), b.Status))
	}
	rec.add(&w.e.ledger, s.when, 1)
}

// folder gives the first part of a path.
func folder(path string) string {
	if i := strings.Index(path, "://"); i >= 0 {
		path = path[i+3:]
		if j := strings.IndexByte(path, '/'); j >= 0 {
			path = path[j:]
		}
	}
	path = strings.TrimPrefix(path, "/")
	if i := strings.IndexByte(path, '/'); i >= 0 {
		return path[:i]
	}
	return path
}

// massAgents are programs whose name alone is their whole agent.
var massAgents = words("masscan", "zgrab", "nikto", "sqlmap", "nuclei", "zmeu")

// onlyTool reports whether an agent is nothing but a mass scanner's name.
func onlyTool(agent string) bool {
	return len(agent) < 40 && massAgents.inFold(agent)
}

// secretKeys are names of query parameters whose values are not shown.
var secretKeys = words("pass", "pwd", "token", "secret", "key", "auth", "session", "sid", "code")

// redactQuery gives a URL in which the values of parameters that may be
// secrets are masked.
func redactQuery(url string) string {
	path, query, ok := strings.Cut(url, "?")
	if !ok {
		return clip(url, 120)
	}
	parts := strings.Split(query, "&")
	for i, p := range parts {
		name, value, ok := strings.Cut(p, "=")
		if ok && value != "" && secretKeys.inFold(name) && !strings.ContainsAny(value, "'\"<>;|`$(") {
			parts[i] = name + "=..."
		}
	}
	return clip(path+"?"+strings.Join(parts, "&"), 120)
}
