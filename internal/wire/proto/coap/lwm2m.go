package coap

import (
	"bytes"
	"strings"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
)

// formatTLV is the content format of OMA LwM2M's TLV.
const formatTLV = 11542

// lwm2m names what a request does in OMA LwM2M (Core 1.2 section 6, Transport
// binding section 6.4.3): registration by the client under /rd and /bs,
// everything else by the server on paths of numbers.
func (p *parser) lwm2m(c *proto.Conn, f *event.CoAP, m *Message) {
	ep := queryValue(m, "ep=")
	switch path := f.Path; {
	case path == "/rd" && m.Code == POST && ep != nil:
		f.LwM2M = "register"
		p.endpoint = append(p.endpoint[:0], head(ep, headSize)...)
		p.told.Tell(c, f.Dir, &event.Identity{Source: "lwm2m.register", Name: c.String(p.endpoint)})
		if v, ok := m.Uint(ContentFormat); ok && v == linkFormat {
			f.Links = links(c, f.Links, m.Payload)
		}
	case strings.HasPrefix(path, "/rd/") && m.Code == POST:
		f.LwM2M = "update"
	case strings.HasPrefix(path, "/rd/") && m.Code == DELETE:
		f.LwM2M = "deregister"
	case path == "/bs" && m.Code == POST && ep != nil:
		f.LwM2M, p.bootstrap = "bootstrap-request", true
		p.endpoint = append(p.endpoint[:0], head(ep, headSize)...)
	case path == "/bs" && m.Code == POST:
		f.LwM2M, p.bootstrap = "bootstrap-finish", false
	case path == "/bspack" && m.Code == GET:
		f.LwM2M = "bootstrap-pack-request"
	case path == "/dp" && m.Code == POST:
		f.LwM2M = "send"
	default:
		depth := numericDepth(path)
		switch {
		case depth > 0 || (path == "" || path == "/") && p.bootstrap:
			f.LwM2M, f.Object = operation(m, depth), path
			if p.bootstrap {
				f.LwM2M = bootstrapNames[f.LwM2M]
			}
		case path == "" && len(p.endpoint) > 0:
			f.LwM2M = composite(m)
		}
	}
	if f.LwM2M != "" {
		f.Endpoint = c.String(p.endpoint)
	}
}

// bootstrapNames are the operations of a bootstrap server between the request
// and the end of a bootstrap (OMA LwM2M Core 1.2 section 6.1).
var bootstrapNames = map[string]string{
	"write": "bootstrap-write", "delete": "bootstrap-delete", "discover": "bootstrap-discover", "read": "bootstrap-read",
}

// operation names a request on an object, instance, resource or resource
// instance (depth 1 to 4).
func operation(m *Message, depth int) string {
	observe, observing := m.Uint(Observe)
	accept, ok := m.Uint(Accept)
	switch m.Code {
	case GET:
		switch {
		case observing && observe == 0:
			return "observe"
		case observing && observe == 1:
			return "cancel-observation"
		case ok && accept == linkFormat:
			return "discover"
		}
		return "read"
	case PUT:
		if len(m.Payload) == 0 {
			if _, ok := m.Option(URIQuery); ok {
				return "write-attributes"
			}
		}
		return "write"
	case POST:
		switch depth {
		case 1:
			return "create"
		case 2:
			return "write-partial"
		case 3:
			return "execute"
		}
		return "write"
	case DELETE:
		return "delete"
	case FETCH, PATCH, IPATCH:
		return composite(m)
	}
	return ""
}

// composite names the operations on several paths at once.
func composite(m *Message) string {
	switch m.Code {
	case FETCH:
		if v, ok := m.Uint(Observe); ok && v == 0 {
			return "observe-composite"
		}
		return "read-composite"
	case IPATCH, PATCH:
		return "write-composite"
	}
	return ""
}

// notified names a notification by the path that is observed.
func notified(path string) (verb, object string) {
	if numericDepth(path) > 0 {
		return "notify", path
	}
	return "", ""
}

// numericDepth gives the number of segments of a path of one to four numbers
// up to 65,535, else 0.
func numericDepth(path string) int {
	depth, digits, value := 0, 0, 0
	for i := range len(path) {
		switch c := path[i]; {
		case c == '/':
			if i > 0 && digits == 0 {
				return 0
			}
			depth++
			digits, value = 0, 0
		case c >= '0' && c <= '9' && i > 0:
			digits++
			if value = value*10 + int(c-'0'); value > 65535 || digits > 5 {
				return 0
			}
		default:
			return 0
		}
	}
	if digits == 0 || depth > 4 {
		return 0
	}
	return depth
}

// queryValue gives the value of the query parameter that begins with prefix.
func queryValue(m *Message, prefix string) []byte {
	for _, o := range m.Options {
		if o.Number == URIQuery && bytes.HasPrefix(o.Value, []byte(prefix)) {
			return o.Value[len(prefix):]
		}
	}
	return nil
}

// deviceObject makes an identity of an answer from the device object, 3: a
// resource in plain text, or the whole instance in TLV.
func (p *parser) deviceObject(c *proto.Conn, dir event.Dir, path string, format uint32, b []byte) {
	rest, ok := strings.CutPrefix(path, "/3/0")
	if !ok && path != "/3" || len(b) == 0 {
		return
	}
	id := event.Identity{Source: "lwm2m.device", Name: c.String(p.endpoint)}
	known := id.Name
	switch {
	case format == formatTLV:
		walkTLV(b, 0, func(resource int, v []byte) { setDevice(c, &id, resource, v) })
	case format == 0 && len(rest) > 1 && len(rest) <= 3:
		n := 0
		for _, ch := range rest[1:] {
			n = n*10 + int(ch-'0')
		}
		setDevice(c, &id, n, b)
	}
	if id != (event.Identity{Source: "lwm2m.device", Name: known}) {
		p.told.Tell(c, dir, &id)
	}
}

// setDevice fills in one resource of the device object (OMA LwM2M appendix E.4).
func setDevice(c *proto.Conn, id *event.Identity, resource int, v []byte) {
	if len(v) == 0 || len(v) > 128 {
		return
	}
	switch resource {
	case 0:
		id.Vendor = c.String(v)
	case 1:
		id.Model = c.String(v)
	case 2:
		id.Serial = c.String(v)
	case 3:
		id.Firmware = c.String(v)
	case 18:
		id.Hardware = c.String(v)
	}
}

// walkTLV calls f with every resource of a TLV document (OMA LwM2M section
// 7.4.3), down into one level of object instances.
func walkTLV(b []byte, level int, f func(resource int, v []byte)) {
	for len(b) >= 2 {
		kind, head := b[0]>>6, 2
		id, n := int(b[1]), int(b[0]&7)
		if b[0]&0x20 != 0 {
			if len(b) < 3 {
				return
			}
			id, head = id<<8|int(b[2]), 3
		}
		if wide := int(b[0] >> 3 & 3); wide > 0 {
			if len(b) < head+wide {
				return
			}
			n = 0
			for _, c := range b[head : head+wide] {
				n = n<<8 | int(c)
			}
			head += wide
		}
		if n > len(b)-head {
			return
		}
		v := b[head : head+n]
		switch {
		case kind == 3:
			f(id, v)
		case kind == 0 && level == 0:
			walkTLV(v, 1, f)
		}
		b = b[head+n:]
	}
}
