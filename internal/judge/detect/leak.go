package detect

import (
	"fmt"
	"strings"

	"edgeward/internal/event"
)

// payloadLeak finds secrets and personal data in payloads that cross the
// network in clear text. It looks at the beginning of payloads and remembers
// only of which kind something was, never the value.
type payloadLeak struct{ e *Engine }

func newPayloadLeak(e *Engine) *payloadLeak { return &payloadLeak{e: e} }

func (p *payloadLeak) kinds() []event.Kind {
	return []event.Kind{event.KindMQTT, event.KindCoAP, event.KindHTTP}
}

func (p *payloadLeak) close() {}

func (p *payloadLeak) fact(s *sight) {
	switch b := s.Body.(type) {
	case *event.MQTT:
		if b.Type == "publish" && b.Publish.Head != "" {
			p.look(s, b.Publish.Head, "MQTT", "in a message on the topic "+clip(b.Publish.Topic, 60))
		}
	case *event.CoAP:
		p.look(s, b.Head, "CoAP", "in a request for "+clip(b.Path, 60))
		p.look(s, b.RespHead, "CoAP", "in an answer of "+clip(b.Path, 60))
	case *event.HTTP:
		if b.Method == "POST" || b.Method == "PUT" {
			p.look(s, b.ReqBody, "HTTP", "in a request to "+clip(b.Host, 60))
		}
	}
}

func (p *payloadLeak) look(s *sight, text, protocol, where string) {
	if len(text) < 6 {
		return
	}
	kind := sensitive(text)
	if kind == "" {
		return
	}
	about, other := s.culprit()
	rec := p.e.report("exposure.sensitive-payload", s, about, protocol+" "+kind)
	if rec.isNew() {
		src, dst := s.Src, s.Dst
		rec.tell = func() string {
			return fmt.Sprintf("%s sent what looks like %s to %s by %s, %s.", src, kind, dst, protocol, where)
		}
	}
	rec.peer(other)
	rec.show(p.e, s, "payload with "+kind)
	rec.add(&p.e.ledger, s.when, 1)
}

// sensitiveKeys are names of fields, as JSON, forms and command lines have
// them, and what their values are.
var sensitiveKeys = []struct{ word, kind string }{
	{"password", "a password"}, {"passwd", "a password"}, {"passphrase", "a password"}, {"psk", "a network key"}, {"wpa", "a network key"}, {"wifi_key", "a network key"},
	{"api_key", "an access key"}, {"apikey", "an access key"}, {"access_token", "an access token"}, {"auth_token", "an access token"}, {"secret", "a secret"}, {"private_key", "a private key"},
	{"latitude", "a position"}, {"longitude", "a position"}, {"patient", "patient data"}, {"birth", "personal data"}, {"ssn", "personal data"}, {"credit_card", "personal data"}, {"phone_number", "personal data"},
}

// sensitive gives the kind of sensitive value that a text holds, or nothing.
func sensitive(text string) string {
	var buf [1024]byte
	low := string(lower(buf[:0], text[:min(len(text), 1000)]))
	if strings.Contains(low, "-----begin ") && strings.Contains(low, "private key") {
		return "a private key"
	}
	for _, k := range sensitiveKeys {
		for rest := low; ; {
			i := strings.Index(rest, k.word)
			if i < 0 {
				break
			}
			after := rest[i+len(k.word):]
			before := byte(' ')
			if i > 0 {
				before = rest[i-1]
			}
			if hasValue(after) && (before < 'a' || before > 'z') {
				return k.kind
			}
			rest = after
		}
	}
	if mailAddress(low) {
		return "a mail address"
	}
	return ""
}

// hasValue reports whether a field's name is followed by a value: "name":"v",
// name=v or name: v.
func hasValue(after string) bool {
	after = strings.TrimLeft(after, `"' `)
	if len(after) < 3 || after[0] != ':' && after[0] != '=' {
		return false
	}
	v := strings.TrimLeft(after[1:], ` "'`)
	return len(v) > 1 && v[0] != ',' && v[0] != '}' && v[0] != '&' && !strings.HasPrefix(v, "null") && !strings.HasPrefix(v, "true") && !strings.HasPrefix(v, "false")
}

// mailAddress reports whether a text holds a mail address.
func mailAddress(low string) bool {
	at := strings.IndexByte(low, '@')
	if at < 2 || at+5 > len(low) {
		return false
	}
	word := func(c byte) bool {
		return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '.' || c == '-' || c == '_'
	}
	if !word(low[at-1]) || !word(low[at-2]) {
		return false
	}
	end := at + 1
	for end < len(low) && word(low[end]) {
		end++
	}
	domain := strings.TrimRight(low[at+1:end], ".")
	dot := strings.LastIndexByte(domain, '.')
	return dot > 1 && len(domain)-dot-1 >= 2 && domain[dot+1] >= 'a'
}
