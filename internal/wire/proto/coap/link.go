package coap

import (
	"bytes"
	"slices"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
)

// maxLinks bounds the links in one fact.
const maxLinks = 32

// links appends the targets of a link-format document (RFC 6690 section 2).
// What is cut at either end, as in a block, is left out.
func links(c *proto.Conn, dst []string, b []byte) []string {
	dst = slices.Grow(dst, min(bytes.Count(b, []byte{'<'}), maxLinks))
	for len(dst) < maxLinks {
		target, _, rest, ok := nextLink(b)
		if !ok {
			break
		}
		dst = append(dst, c.Head(target, maxPath))
		b = rest
	}
	return dst
}

// nextLink finds the next link-value: its target and its attributes.
func nextLink(b []byte) (target, attributes, rest []byte, ok bool) {
	begin := bytes.IndexByte(b, '<')
	if begin < 0 {
		return nil, nil, nil, false
	}
	b = b[begin+1:]
	end := bytes.IndexByte(b, '>')
	if end < 0 {
		return nil, nil, nil, false
	}
	target, b = b[:end], b[end+1:]
	quoted := false
	for i, ch := range b {
		switch {
		case ch == '"':
			quoted = !quoted
		case ch == ',' && !quoted:
			return target, b[:i], b[i+1:], true
		}
	}
	return target, b, nil, true
}

// ocfTypes are the device types of the Open Connectivity Foundation whose
// kind has a word in the list of device types.
var ocfTypes = [...]struct{ rt, word string }{
	{"oic.d.light", "bulb"},
	{"oic.d.smartplug", "plug"},
	{"oic.d.switch", "switch"},
	{"oic.d.camera", "camera"},
	{"oic.d.thermostat", "thermostat"},
	{"oic.d.smartlock", "lock"},
	{"oic.d.sensor", "sensor"},
	{"oic.d.tv", "tv"},
	{"oic.d.printer", "printer"},
	{"oic.d.refrigerator", "appliance"},
	{"oic.d.washer", "appliance"},
	{"oic.d.dishwasher", "appliance"},
	{"oic.d.oven", "appliance"},
	{"oic.d.airconditioner", "appliance"},
	{"oic.d.robotcleaner", "appliance"},
}

// resourceTypes makes an identity of the resource types that a device lists.
func (p *parser) resourceTypes(c *proto.Conn, dir event.Dir, b []byte) {
	for range maxLinks {
		_, attributes, rest, ok := nextLink(b)
		if !ok {
			return
		}
		b = rest
		if !bytes.Contains(attributes, []byte("oic.d.")) {
			continue
		}
		for _, t := range ocfTypes {
			if i := bytes.Index(attributes, []byte(t.rt)); i >= 0 && !wordByte(attributes[i+len(t.rt):]) {
				p.told.Tell(c, dir, &event.Identity{Source: "coap.links", Type: t.word, Banner: t.rt})
				return
			}
		}
	}
}

// wordByte reports whether b goes on with the word before it.
func wordByte(b []byte) bool {
	return len(b) > 0 && (b[0] >= 'a' && b[0] <= 'z' || b[0] == '.' || b[0] == '-')
}

// shellyDevice is the option in which Shelly's CoIoT announcements, which are
// otherwise CoAP with a method of their own, say who sends them:
// "type#serial#protocol version".
const shellyDevice Number = 3332

func (p *parser) shelly(c *proto.Conn, dir event.Dir, m *Message) {
	o, ok := m.Option(shellyDevice)
	if !ok || len(m.Faults) > 0 {
		return
	}
	model, rest, ok := bytes.Cut(o.Value, []byte{'#'})
	serial, _, more := bytes.Cut(rest, []byte{'#'})
	if ok && more && len(model) > 0 && len(model) <= 32 && len(serial) <= 32 {
		p.told.Tell(c, dir, &event.Identity{Source: "coap.coiot", Vendor: "Shelly", Model: c.String(model), Serial: c.String(serial)})
	}
}
