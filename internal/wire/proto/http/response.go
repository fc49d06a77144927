package http

import (
	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/textline"
	"edgeward/internal/wire/proto/websocket"
)

// response is the response that is being received.
type response struct {
	record
	active                   bool
	status                   uint16
	version, server, powered text
	ctype, location, realm   text
	via, encoding, subproto  text
	upgraded                 text // protocol switched to
	setsCookie               bool
	proxied                  bool   // it has a field that only proxies add
	stale                    bool   // the credentials were right, their nonce was old
	later                    bool   // a part of a file without its beginning
	decoded                  []byte // what is kept of the body, without content coding
	magic                    string // what that is, empty without a body
}

func (r *response) reset() {
	rec := r.record
	rec.reset()
	*r = response{record: rec}
}

// response takes a response's head.
func (p *parser) response(c *proto.Conn, s *side, h *Head) {
	if h.Status < 200 && h.Status != 101 { // interim: the response is yet to come
		return
	}
	var r *request
	if p.orphans == 0 && len(p.waiting) > 0 {
		r = p.waiting[0]
	}
	p.resp.reset()
	p.resp.active = true
	p.resp.read(h)
	var method []byte
	if r != nil {
		method = r.get(r.method)
	}
	framing, length, err := ResponseFraming(h, method)
	p.framed(c, event.ToClient, s, framing, length, err)
	p.resp.begin(maxBody)
	if isXML(p.resp.get(p.resp.ctype)) {
		p.resp.want = maxXML
	}
	if r != nil && p.switches(c, r) {
		return
	}
	if framing == NoBody {
		p.responseDone(c, s)
	}
}

// read keeps what the head says.
func (r *response) read(h *Head) {
	r.status = h.Status
	r.version = r.keep(h.Version, 8)
	for i := range h.Fields {
		r.field(h.Fields[i].Name, h.Fields[i].Value)
	}
}

// field keeps one header field when it is of interest. The first of a name counts.
func (r *response) field(name, value []byte) {
	switch len(name) {
	case 3:
		if textline.Is(name, "via") && r.via.n == 0 {
			r.via, r.proxied = r.keep(value, maxShort), true
		}
	case 6:
		if textline.Is(name, "server") && r.server.n == 0 {
			r.server = r.keep(value, maxShort)
		}
	case 7:
		switch {
		case textline.Is(name, "x-cache"):
			r.proxied = true
		case textline.Is(name, "upgrade"):
			r.upgraded = r.keep(value, maxShort)
		}
	case 8:
		if textline.Is(name, "location") && r.location.n == 0 {
			r.location = r.keepURL(value, maxText)
		}
	case 10:
		if textline.Is(name, "set-cookie") {
			r.setsCookie = true
		}
	case 11:
		if textline.Is(name, "proxy-agent") {
			r.proxied = true
		}
	case 12:
		switch {
		case textline.Is(name, "content-type") && r.ctype.n == 0:
			r.ctype = r.keep(value, maxShort)
		case textline.Is(name, "x-powered-by") && r.powered.n == 0:
			r.powered = r.keep(value, maxShort)
		}
	case 13:
		if textline.Is(name, "content-range") {
			r.later = !textline.HasPrefix(value, "bytes 0-")
		}
	case 16:
		switch {
		case textline.Is(name, "www-authenticate") && r.realm.n == 0:
			r.realm = r.keep(parameter(value, "realm"), maxShort)
			r.stale = isStale(value)
		case textline.Is(name, "content-encoding") && r.encoding.n == 0 && !textline.Is(value, "identity"):
			r.encoding = r.keep(value, maxShort)
		case textline.Is(name, "proxy-connection"):
			r.proxied = true
		}
	case 18:
		if textline.Is(name, "proxy-authenticate") {
			r.proxied = true
			if r.realm.n == 0 {
				r.realm = r.keep(parameter(value, "realm"), maxShort)
			}
		}
	case 22:
		if textline.Is(name, "sec-websocket-protocol") {
			r.subproto = r.keep(value, maxShort)
		}
	}
}

// switches hands the connection to another protocol when the response to r
// granted that, and reports whether it did.
func (p *parser) switches(c *proto.Conn, r *request) bool {
	to, client := &p.sides[event.ToClient], &p.sides[event.ToServer]
	next, note := event.ProtoUnknown, ""
	switch {
	case r.connect && p.resp.status < 300 && p.resp.status != 101:
	case p.resp.status != 101:
		if client.state == held {
			client.state = inHead
		}
		return false
	case textline.Is(r.get(r.upgrade), "websocket"):
		next = event.ProtoWebSocket
		sub := p.resp.get(p.resp.subproto)
		note = websocket.Handover{
			Host: string(r.get(r.host)), URL: string(r.get(r.target)), Subprotocol: string(sub),
		}.String()
	case textline.HasPrefix(r.get(r.upgrade), "h2c"):
		next = event.ProtoHTTP2
	}
	p.responseDone(c, to)
	to.state, client.state = held, held
	c.Become(next, note)
	return true
}

// responseDone ends the response that is being received, and with it the
// transaction.
func (p *parser) responseDone(c *proto.Conn, s *side) {
	s.state = inHead
	if !p.resp.active {
		return
	}
	var r *request
	switch {
	case p.orphans > 0:
		p.orphans--
	case len(p.waiting) > 0:
		r = p.waiting[0]
		p.take()
	}
	p.report(c, r, &p.resp)
	if r != nil {
		p.release(r)
	}
	p.resp.reset()
}
