package detect

import (
	"bytes"
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
			p.look(s, b.Publish.Head, "MQTT", "in a message on the topic ", b.Publish.Topic)
		}
	case *event.CoAP:
		p.look(s, b.Head, "CoAP", "in a request for ", b.Path)
		p.look(s, b.RespHead, "CoAP", "in an answer of ", b.Path)
	case *event.HTTP:
		if b.Method == "POST" || b.Method == "PUT" {
			p.look(s, b.ReqBody, "HTTP", "in a request to ", b.Host)
		}
	}
}

func (p *payloadLeak) look(s *sight, text, protocol, where, what string) {
	if len(text) < 6 {
		return
	}
	kind := sensitive(text)
	if kind == "" {
		return
	}
	about, other := s.culprit()
	rec := p.e.reportAt("exposure.sensitive-payload", s, about, two(protocol, kind))
	if rec.isNew() {
		src, dst := s.Src, s.Dst
		where := where + clip(what, 60)
		rec.tell = func() string {
			return fmt.Sprintf("%s sent what looks like %s to %s by %s, %s.", src, kind, dst, protocol, where)
		}
	}
	rec.peer(other)
	if rec.wants(s) {
		rec.show(p.e, s, "payload with "+kind)
	}
	rec.add(&p.e.ledger, s.when, 1)
}

// sensitiveKeys are names of fields, as JSON, forms and command lines have
// them, and what their values are.
var sensitiveKeys = []struct{ word, kind string }{
	{"password", "a password"}, {"passwd", "a password"}, {"passphrase", "a password"},
	{"psk", "a network key"}, {"wpa", "a network key"}, {"wifi_key", "a network key"},
	{"api_key", "an access key"}, {"apikey", "an access key"}, {"access_token", "an access token"}, {"auth_token", "an access token"},
	{"secret", "a secret"}, {"private_key", "a private key"}, {"latitude", "a position"}, {"longitude", "a position"},
	{"patient", "patient data"}, {"birth", "personal data"}, {"ssn", "personal data"}, {"credit_card", "personal data"}, {"phone_number", "personal data"},
}

var sensitiveWords = func() *wordList {
	var list []string
	for _, k := range sensitiveKeys {
		list = append(list, k.word)
	}
	return words(list...)
}()

// sensitive gives the kind of sensitive value that a text holds, or nothing.
func sensitive(text string) string {
	if strings.IndexByte(text, ':') < 0 && strings.IndexByte(text, '=') < 0 && strings.IndexByte(text, '@') < 0 && !strings.Contains(text, "-----") {
		return ""
	}
	var buf [1024]byte
	low := lower(buf[:0], text[:min(len(text), len(buf))])
	if bytes.Contains(low, []byte("-----begin ")) && bytes.Contains(low, []byte("private key")) {
		return "a private key"
	}
	if bytes.IndexByte(low, ':') < 0 && bytes.IndexByte(low, '=') < 0 && bytes.IndexByte(low, '@') < 0 {
		return ""
	}
	key := sensitiveWords.first(low, func(word, at int) bool {
		return (at == 0 || low[at-1] < 'a' || low[at-1] > 'z') && hasValue(low[at+len(sensitiveWords.list[word]):])
	})
	if key >= 0 {
		return sensitiveKeys[key].kind
	}
	if mailAddress(low) {
		return "a mail address"
	}
	return ""
}

// noValues are what stands behind a field's name when it has no value.
var noValues = words("null", "true", "false")

// hasValue reports whether a field's name is followed by a value: "name":"v",
// name=v or name: v.
func hasValue(after []byte) bool {
	after = bytes.TrimLeft(after, `"' `)
	if len(after) < 3 || after[0] != ':' && after[0] != '=' {
		return false
	}
	v := bytes.TrimLeft(after[1:], ` "'`)
	if len(v) < 2 || v[0] == ',' || v[0] == '}' || v[0] == '&' {
		return false
	}
	for _, no := range noValues.list {
		if bytes.HasPrefix(v, no) {
			return false
		}
	}
	return true
}

// mailAddress reports whether a text holds a mail address.
func mailAddress(low []byte) bool {
	at := bytes.IndexByte(low, '@')
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
	domain := bytes.TrimRight(low[at+1:end], ".")
	dot := bytes.LastIndexByte(domain, '.')
	return dot > 1 && len(domain)-dot-1 >= 2 && domain[dot+1] >= 'a'
}
