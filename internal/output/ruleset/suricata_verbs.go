package ruleset

import (
	"fmt"
	"slices"
	"strings"

	"edgeward/internal/policy"
)

// verbs writes the rules that match what a line's verbs do not have.
func (s *suricata) verbs(e *entry) {
	sni := e.Protocol == "tls" && e.Peer.Kind == policy.PeerName
	if len(e.Verbs) == 0 && !sni {
		if e.Protocol != "" && !onlyICMP(e) {
			s.limit(s.b, e, "protocol", "that it is %s is not looked at: transport and ports stand for it", shown(e.Protocol))
		}
		return
	}
	if onlyICMP(e) {
		return
	}
	if !s.alone(e) {
		s.limit(s.b, e, "verbs", "another line allows the same peer and ports: what is said is not looked at")
		return
	}
	switch e.Protocol {
	case "http":
		s.http(e)
	case "mqtt":
		s.mqtt(e)
	case "dns":
		s.dns(e)
	case "modbus":
		s.modbus(e)
	case "tls":
		if sni {
			if re, ok := s.expression(e, "names", e.Peer.Names, nameExpression); ok {
				s.unless(e, "tls", "name", "tls.sni; "+re)
			}
		}
	default:
		s.limit(s.b, e, "verbs", "Suricata has no words for what is said in %s", shown(e.Protocol))
	}
	s.details(e)
}

// details tells what no rule says of verbs.
func (s *suricata) details(e *entry) {
	for i := range e.Verbs {
		v := &e.Verbs[i]
		if v.MaxSize != 0 {
			s.limit(s.b, e, "size", "the size of messages is not limited")
		}
		if v.MaxQoS != nil {
			s.limit(s.b, e, "qos", "the quality of service is not limited")
		}
		if v.Retain != nil && !*v.Retain {
			s.limit(s.b, e, "retain", "retained messages are not refused")
		}
		if len(v.Units)+len(v.Addresses) > 0 {
			s.limit(s.b, e, "points", "units and addresses are not limited")
		}
	}
}

// unless writes a rule about a transaction that is off a line's verbs.
func (s *suricata) unless(e *entry, proto, what, options string) {
	from, to, ok := s.ends(e)
	if !ok {
		return
	}
	action := "alert"
	if s.b.mode == policy.Enforce {
		action = "drop"
	}
	s.rule(action, proto, from, portGroup(e.From), to, portGroup(e.Ports), "off profile "+what+" line "+plain(e.id, 64), "flow:to_server; "+options, s.sid("verb", e.id, what), e)
}

// targets gives what the verbs with one of the words are said of; any says
// that one of them is said of anything.
func targets(e *entry, ops ...string) (list []string, any, found bool) {
	for i := range e.Verbs {
		if v := &e.Verbs[i]; slices.Contains(ops, v.Op) {
			found = true
			any = any || len(v.Targets) == 0
			list = append(list, v.Targets...)
		}
	}
	return list, any, found
}

func (s *suricata) http(e *entry) {
	var methods []string
	for i := range e.Verbs {
		methods = append(methods, strings.ToUpper(e.Verbs[i].Op))
	}
	slices.Sort(methods)
	methods = slices.Compact(methods)
	literal := func(m string) string { return quoteExpression(m) }
	if re, ok := s.expression(e, "methods", methods, literal); ok {
		s.unless(e, "http", "method", "http.method; "+re)
	}
	for _, m := range methods {
		list, any, _ := targets(e, strings.ToLower(m))
		if any {
			continue
		}
		if re, ok := s.expression(e, "targets", list, pathExpression); ok {
			s.unless(e, "http", "path of "+plain(m, 16), `http.method; pcre:"/^`+quoteExpression(m)+`$/"; http.uri; `+re)
		}
	}
}

func (s *suricata) mqtt(e *entry) {
	for _, k := range []struct{ op, buffer string }{{"publish", "mqtt.publish.topic"}, {"subscribe", "mqtt.subscribe.topic"}, {"will", "mqtt.connect.willtopic"}} {
		list, any, found := targets(e, k.op)
		switch {
		case any:
		case !found:
			s.unless(e, "mqtt", k.op, k.buffer+"; bsize:>0; ")
		default:
			if re, ok := s.expression(e, "targets", list, topicExpression); ok {
				s.unless(e, "mqtt", k.op, k.buffer+"; "+re)
			}
		}
	}
	if ids := identities(s.b); len(ids) > 0 && e.Direction == policy.Out {
		if re, ok := s.expression(e, "identity", ids, identityExpression); ok {
			s.unless(e, "mqtt", "client id", "mqtt.connect.clientid; "+re)
		}
	} else {
		s.limit(s.b, e, "identity", "no client id is known: it is not looked at")
	}
	s.limit(s.b, e, "identity", "which client id says what is not looked at, only which ones connect")
}

func (s *suricata) dns(e *entry) {
	list, any, _ := targets(e, "query")
	for i := range e.Verbs {
		if v := &e.Verbs[i]; v.Op != "query" {
			list, any = append(list, v.Targets...), any || len(v.Targets) == 0
			s.limit(s.b, e, "verbs", "the type of a query is not looked at")
		}
	}
	if any {
		return
	}
	if re, ok := s.expression(e, "targets", list, nameExpression); ok {
		s.unless(e, "dns", "query", "dns.query; "+re)
	}
}

// modbus has words for reading and writing only.
func (s *suricata) modbus(e *entry) {
	for _, op := range []string{"read", "write"} {
		if _, _, found := targets(e, op); !found {
			s.unless(e, "modbus", op, "modbus: access "+op+"; ")
		}
	}
	s.limit(s.b, e, "verbs", "functions that neither read nor write are not looked at")
}

// maxAlternatives bounds an expression: PCRE compiles it for each rule.
const maxAlternatives = 256

// expression gives the option that matches what none of a list does.
func (s *suricata) expression(e *entry, what string, list []string, each func(string) string) (string, bool) {
	list = slices.Clone(list)
	slices.Sort(list)
	list = slices.Compact(list)
	if len(list) > maxAlternatives {
		s.limit(s.b, e, what, "%d are more than a rule holds: they are not looked at", len(list))
		return "", false
	}
	words := make([]string, len(list))
	for i, t := range list {
		words[i] = each(t)
	}
	flags := ""
	if what == "names" || e.Protocol == "dns" {
		flags = "i"
	}
	re := `pcre:!"/^(?:` + strings.Join(words, "|") + `)$/` + flags + `"; `
	if len(re) > maxRule/2 {
		s.limit(s.b, e, what, "they are longer than a rule may be: they are not looked at")
		return "", false
	}
	return re, true
}

// quoteExpression writes a text for PCRE: all but letters, digits, hyphen and
// underscore are bytes in hexadecimal, so that no sign has a meaning, neither
// for the expression nor for the rule around it.
func quoteExpression(s string) string {
	var b strings.Builder
	for i := range len(s) {
		switch c := s[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_':
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, `\x%02x`, c)
		}
	}
	return b.String()
}

// digits quotes a text in which "#" stands for a run of digits.
func digits(s string) string {
	parts := strings.Split(s, "#")
	for i, p := range parts {
		parts[i] = quoteExpression(p)
	}
	return strings.Join(parts, `\d+`)
}

func nameExpression(pattern string) string {
	if below, ok := strings.CutPrefix(pattern, "*."); ok {
		return `.+\x2e` + quoteExpression(below)
	}
	return digits(pattern)
}

func identityExpression(pattern string) string {
	if head, ok := strings.CutSuffix(pattern, "*"); ok {
		return quoteExpression(head) + ".*"
	}
	return digits(pattern)
}

// topicExpression says a pattern of targets as MatchTarget compares it.
func topicExpression(pattern string) string {
	segments := strings.Split(pattern, "/")
	var b strings.Builder
	if segments[0] == "+" || segments[0] == "#" {
		b.WriteString(`(?!\x24)`)
	}
	for i, seg := range segments {
		if seg == "#" && i == len(segments)-1 {
			if i == 0 {
				b.WriteString(".*")
			} else {
				b.WriteString(`(?:\x2f.*)?`)
			}
			break
		}
		if i > 0 {
			b.WriteString(`\x2f`)
		}
		if seg == "+" {
			b.WriteString(`[^\x2f]*`)
		} else {
			b.WriteString(digits(seg))
		}
	}
	return b.String()
}

// pathExpression is a topic's with the query that a URI may have.
func pathExpression(pattern string) string { return topicExpression(pattern) + `(?:\x3f.*)?` }
