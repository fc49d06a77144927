package config

import (
	"errors"
	"fmt"
	"net"
	"net/mail"
	"net/url"
	"os"
	"slices"
	"strings"

	"edgeward/internal/ident"
)

// checks say what a value must be beside its type; a field names one in its
// check tag, with words behind a colon. What is empty is not checked.
var checks = map[string]func(text string, words []string) error{
	"address": func(text string, _ []string) error {
		_, err := hostPort(text)
		return err
	},
	"peer": func(text string, _ []string) error { // an address that can be called
		host, err := hostPort(text)
		if err == nil && host == "" {
			err = fmt.Errorf("%q: the host is missing", text)
		}
		return err
	},
	"host":    func(text string, _ []string) error { return checkHost(text) },
	"network": func(text string, _ []string) error { _, err := ident.ParsePrefixes([]string{text}); return err },
	"mail": func(text string, _ []string) error {
		if a, err := mail.ParseAddress(text); err != nil || a.Address != text {
			return fmt.Errorf("%q is no mail address", text)
		}
		return nil
	},
	"url": checkURL,
	"nats": func(text string, _ []string) error {
		if strings.Contains(text, "://") {
			return checkURL(text, []string{"nats", "tls", "ws", "wss"})
		}
		_, err := hostPort(text)
		return err
	},
	"postgres": func(text string, _ []string) error { // several hosts, or none, are its driver's to read
		if !strings.HasPrefix(text, "postgres://") && !strings.HasPrefix(text, "postgresql://") {
			return errors.New("want a URL that begins with postgres://")
		}
		return nil
	},
	"file":   func(text string, _ []string) error { return checkPath(text, false) },
	"folder": func(text string, _ []string) error { return checkPath(text, true) },
	"path": func(text string, _ []string) error {
		_, err := os.Stat(text)
		return err
	},
}

// hostPort reads HOST:PORT, where the host may be missing, and gives the host.
func hostPort(text string) (string, error) {
	host, port, err := net.SplitHostPort(text)
	if err != nil {
		return "", fmt.Errorf("%q is no address: want a host and a port, such as 127.0.0.1:8470", text)
	}
	if _, err := net.LookupPort("tcp", port); err != nil || port == "" {
		return "", fmt.Errorf("%q: want a port from 0 to 65535", text)
	}
	if host == "" {
		return "", nil
	}
	return host, checkHost(host)
}

func checkHost(text string) error {
	if net.ParseIP(strings.TrimSuffix(strings.TrimPrefix(text, "["), "]")) != nil {
		return nil
	}
	if address, zone, found := strings.Cut(text, "%"); found && zone != "" && net.ParseIP(address) != nil {
		return nil
	}
	for label := range strings.SplitSeq(strings.TrimSuffix(text, "."), ".") {
		if label == "" || len(label) > 63 || strings.ContainsFunc(label, func(r rune) bool {
			return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_')
		}) {
			return fmt.Errorf("%q is neither an IP address nor a host name", text)
		}
	}
	return nil
}

// checkURL wants a URL with one of the schemes. It does not repeat the URL,
// which may hold a password.
func checkURL(text string, schemes []string) error {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || !slices.Contains(schemes, u.Scheme) {
		return fmt.Errorf("want a URL that begins with %s://", strings.Join(schemes, ":// or "))
	}
	return checkHost(u.Hostname())
}

// checkPath wants a file that can be read, or a folder that is none yet or is
// one.
func checkPath(text string, folder bool) error {
	info, err := os.Stat(text)
	switch {
	case folder && errors.Is(err, os.ErrNotExist):
		return nil
	case err != nil:
		return err
	case folder && !info.IsDir():
		return fmt.Errorf("%q is no folder", text)
	case folder:
		return nil
	case info.IsDir():
		return fmt.Errorf("%q is a folder: want a file", text)
	}
	f, err := os.Open(text)
	if err == nil {
		err = f.Close()
	}
	return err
}

// check says what is wrong with a text, by the tag of its field.
func check(tag, text string) error {
	name, words, _ := strings.Cut(tag, ":")
	if f := checks[name]; f != nil && text != "" {
		return f(text, strings.Split(words, ","))
	}
	return nil
}

// together says what is wrong with values that are right one by one. The error
// names where the value stands that should be changed.
func (l *Loaded) together() []error {
	var problems []error
	fail := func(key, hint, format string, args ...any) {
		place := l.origins[key]
		if place == "" {
			place = "default"
		}
		problems = append(problems, ident.Errorf(ident.Usage, hint, "%s: %s: %w", place, key, fmt.Errorf(format, args...)))
	}
	pair := func(prefix, certificate, key string) {
		switch {
		case certificate != "" && key == "":
			fail(prefix+"certificate", "", "its key is missing")
		case key != "" && certificate == "":
			fail(prefix+"key", "", "its certificate is missing")
		}
	}
	c := &l.Config
	pair("tls.", c.TLS.Certificate, c.TLS.Key)
	host, _, err := net.SplitHostPort(c.Listen)
	if err == nil && c.TLS.Certificate == "" && !c.TLS.SelfSigned && !c.InsecureHTTP && !loopback(host) {
		fail("listen", "add --tls for a certificate of its own, --tls-certificate and --tls-key, or --insecure-http behind a proxy that does it",
			"%q: passwords would cross the network without encryption", c.Listen)
	}
	if s := c.Store.S3; s.Endpoint != "" && s.Bucket == "" {
		fail("store.s3.endpoint", "", "its bucket is missing")
	}
	names := map[string]bool{}
	for i := range c.Outputs {
		o, prefix := &c.Outputs[i], fmt.Sprintf("outputs[%d].", i)
		if o.Kind == "" {
			fail(prefix+"name", "say kind: syslog, webhook, kafka, ocsf, eve, edl or mail", "the output has no kind")
		}
		for _, key := range needs[o.Kind] {
			if o.empty(key) {
				fail(prefix+"kind", "", "an output of kind %s needs %s", o.Kind, key)
			}
		}
		if o.Name != "" && names[o.Name] {
			fail(prefix+"name", "", "there are two outputs %q", o.Name)
		}
		names[o.Name] = true
	}
	return problems
}

// needs are the keys that an output must have by its kind.
var needs = map[string][]string{
	"syslog": {"address"}, "webhook": {"url"}, "kafka": {"brokers", "topic"}, "ocsf": {"path"}, "eve": {"path"}, "edl": {"path"}, "mail": {"address", "from", "to"},
}

func (o *Output) empty(key string) bool {
	switch key {
	case "address":
		return o.Address == ""
	case "url":
		return o.URL == ""
	case "brokers":
		return len(o.Brokers) == 0
	case "topic":
		return o.Topic == ""
	case "path":
		return o.Path == ""
	case "from":
		return o.From == ""
	}
	return len(o.To) == 0
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
