package http

import (
	"bytes"
	"net/netip"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/textline"
)

// portMapping makes a fact of a request to open a port of a router (UPnP
// WANIPConnection 2.0 section 2.5.16).
func (p *parser) portMapping(c *proto.Conn, r *request, resp *response) {
	action := r.get(r.soap)
	if i := bytes.LastIndexByte(action, '#'); i >= 0 {
		action = action[i+1:]
	}
	if string(action) != "AddPortMapping" && string(action) != "AddAnyPortMapping" {
		return
	}
	var m event.Portmap
	var scratch [maxShort]byte
	for e, rest := nextElement(r.first()); rest != nil; e, rest = nextElement(rest) {
		switch string(e.name) {
		case "NewExternalPort":
			m.ExternalPort = portNumber(e.text)
		case "NewInternalPort":
			m.InternalPort = portNumber(e.text)
		case "NewInternalClient":
			m.InternalIP, _ = netip.ParseAddr(string(e.text[:min(len(e.text), 64)]))
		case "NewProtocol":
			m.Transport = transportName(e.text)
		case "NewLeaseDuration":
			if n, ok := decimal(e.text); ok {
				m.Lifetime = uint32(min(n, 1<<32-1))
			}
		case "NewPortMappingDescription":
			m.Description = c.String(plain(scratch[:0], e.text, 128))
		case "NewReservedPort": // in the answer to AddAnyPortMapping
			m.ExternalPort = portNumber(e.text)
		}
	}
	m.Protocol = "upnp"
	m.Result = mappingResult(c, resp)
	*proto.Emit[event.Portmap](c, event.ToServer) = m
}

func transportName(b []byte) string {
	switch {
	case textline.Is(b, "tcp"):
		return "tcp"
	case textline.Is(b, "udp"):
		return "udp"
	}
	return ""
}

// mappingResult says how the router answered: success, or the error's
// description or number (UPnP Device Architecture 2.0 section 3.1.3).
func mappingResult(c *proto.Conn, resp *response) string {
	if resp == nil {
		return ""
	}
	if resp.status < 300 {
		return success
	}
	result := "error"
	for e, rest := nextElement(resp.decoded); rest != nil; e, rest = nextElement(rest) {
		switch string(e.name) {
		case "errorCode":
			result = "error " + c.Head(e.text, 8)
		case "errorDescription":
			if len(e.text) > 0 {
				result = c.Head(e.text, 64)
			}
		}
	}
	return result
}
