package coap

import (
	"strconv"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
)

// Limits of texts in facts.
const (
	maxPath  = 512
	maxQuery = 512
)

// fact makes the fact of a message sent in direction dir and fills in what the
// message itself says.
func (p *parser) fact(c *proto.Conn, dir event.Dir, m *Message, s *scratch) *event.CoAP {
	f := proto.Emit[event.CoAP](c, dir)
	f.Type, f.MessageID, f.Dir = m.Type.String(), m.ID, dir
	if m.Stream {
		f.Type = "TCP"
	}
	f.Token = c.Hex(head(m.Token, 16))
	f.Multicast = dir == event.ToServer && c.Server.IsMulticast()
	switch {
	case m.Code.Request():
		if f.Method = m.Code.Name(); f.Method == "" {
			f.Method = m.Code.String()
		}
	case m.Code.Signal() && m.Stream:
		f.Signal = m.Code.Name()
	case m.Code != Empty:
		f.Code = m.Code.String()
	}
	if len(m.Faults) > 0 {
		f.Malformed = m.Faults[0].Name
	}
	if m.Code.Signal() { // whose options mean other things
		return f
	}
	s.text = m.AppendPath(s.text[:0])
	f.Path = c.Head(s.text, maxPath)
	s.text = m.appendMasked(s.text[:0])
	f.Query = c.Head(s.text, maxQuery)
	p.fields(c, f, m)
	p.shelly(c, dir, m)
	if m.Code.Request() {
		f.PayloadLen, f.Head = uint32(m.Size), c.Head(m.Payload, headSize)
		p.lwm2m(c, f, m)
	} else {
		f.RespHead = c.Head(m.Payload, headSize)
	}
	return f
}

// fields fills in the options that stand for themselves.
func (p *parser) fields(c *proto.Conn, f *event.CoAP, m *Message) {
	for _, o := range m.Options {
		switch o.Number {
		case URIHost:
			f.Host = c.Head(o.Value, maxPath)
		case ProxyURI:
			f.Proxy = c.Head(o.Value, maxPath)
		case ContentFormat:
			f.ContentFormat = formatName(c, o.Uint())
		case Accept:
			f.Accept = formatName(c, o.Uint())
		case Block1:
			f.Block1 = blockText(c, o.Block())
		case Block2:
			f.Block2 = blockText(c, o.Block())
		case OSCORE:
			f.OSCORE = true
		case Observe:
			if !m.Code.Request() {
				break
			}
			switch o.Uint() {
			case 0:
				f.Observe = "register"
			case 1:
				f.Observe = "deregister"
			}
		}
	}
}

// answer adds the response to the fact of a request. It came in direction dir.
func (p *parser) answer(c *proto.Conn, f *event.CoAP, dir event.Dir, q, resp *Message, size int) {
	f.Answered, f.RespLen, f.RespType = true, uint32(size), resp.Type.String()
	if resp.Stream {
		f.RespType = "TCP"
	}
	if resp.Code.Response() {
		f.Code = resp.Code.String()
	}
	f.RespHead = c.Head(resp.Payload, headSize)
	p.shelly(c, dir, resp)
	format, known := resp.Uint(ContentFormat)
	if known && f.ContentFormat == "" {
		f.ContentFormat = formatName(c, format)
	}
	if o, ok := resp.Option(Block1); ok && f.Block1 == "" {
		f.Block1 = blockText(c, o.Block())
	}
	if o, ok := resp.Option(Block2); ok {
		f.Block2 = blockText(c, o.Block())
	}
	if resp.Code != Content {
		return
	}
	if format == linkFormat && known || !known && f.Path == "/.well-known/core" {
		f.Links = links(c, f.Links, resp.Payload)
		p.resourceTypes(c, dir, resp.Payload)
	}
	p.deviceObject(c, dir, f.Object, format, resp.Payload)
}

// alone makes the fact of a message that has no partner.
func (p *parser) alone(c *proto.Conn, dir event.Dir, s *scratch, m *Message, size int) *event.CoAP {
	f := p.fact(c, dir, m, s)
	if m.Code.Request() {
		f.ReqLen = uint32(size)
	} else if m.Code.Response() {
		f.RespLen = uint32(size)
		if format, ok := m.Uint(ContentFormat); ok && format == linkFormat && m.Code == Content {
			f.Links = links(c, f.Links, m.Payload) // the answer to a multicast request
			p.resourceTypes(c, dir, m.Payload)
		}
	}
	return f
}

// linkFormat is the content format of RFC 6690.
const linkFormat = 40

// formatName names a content format.
func formatName(c *proto.Conn, v uint32) string {
	switch v {
	case 0:
		return "text/plain"
	case linkFormat:
		return "application/link-format"
	case 41:
		return "application/xml"
	case 42:
		return "application/octet-stream"
	case 47:
		return "application/exi"
	case 50:
		return "application/json"
	case 51:
		return "application/json-patch+json"
	case 52:
		return "application/merge-patch+json"
	case 60:
		return "application/cbor"
	case 61:
		return "application/cwt"
	case 62:
		return "application/multipart-core"
	case 110:
		return "application/senml+json"
	case 112:
		return "application/senml+cbor"
	case 10000:
		return "application/vnd.ocf+cbor"
	case formatTLV:
		return "application/vnd.oma.lwm2m+tlv"
	case 11543:
		return "application/vnd.oma.lwm2m+json"
	case 11544:
		return "application/vnd.oma.lwm2m+cbor"
	}
	var b [10]byte
	return c.String(strconv.AppendUint(b[:0], uint64(v), 10))
}

// blockText writes a block as "number/more/size".
func blockText(c *proto.Conn, b Block) string {
	var buf [24]byte
	out := strconv.AppendUint(buf[:0], uint64(b.Num), 10)
	if b.More {
		out = append(out, "/1/"...)
	} else {
		out = append(out, "/0/"...)
	}
	return c.String(strconv.AppendInt(out, int64(b.Size()), 10))
}

// secretNames are the query parameters whose values no fact shows.
var secretNames = [...]string{"password", "passwd", "pass", "pwd", "psk", "token", "access_token", "secret", "key", "apikey", "api_key"}

// appendMasked appends the query with the values of secrets left out.
func (m *Message) appendMasked(b []byte) []byte {
	sep := ""
	for _, o := range m.Options {
		if o.Number != URIQuery {
			continue
		}
		b = append(b, sep...)
		sep = "&"
		v := o.Value
		if name, ok := secretName(v); ok {
			b = append(append(b, name...), "=***"...)
			continue
		}
		b = appendEscaped(b, v, false)
	}
	return b
}

func secretName(v []byte) (string, bool) {
	for _, n := range secretNames {
		if len(v) > len(n) && v[len(n)] == '=' && equalFold(v[:len(n)], n) {
			return n, true
		}
	}
	return "", false
}

func equalFold(b []byte, lower string) bool {
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}
