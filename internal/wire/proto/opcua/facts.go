package opcua

import (
	"strings"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/exchange"
	"edgeward/internal/wire/proto/identity"
)

// request reads a request's body and tells what it says of the client.
func (a *analyser) request(c *proto.Conn, q *call, r *Reader) {
	switch q.id() {
	case idActivateSession:
		t := r.identityToken()
		q.token = t.kind
		if t.kind == "username" {
			q.user.Printable(t.user)
			q.clear = !t.sealed
			if q.clear {
				q.secret = c.Secret(event.ProtoOPCUA, string(q.user.Bytes()), t.password)
				q.secret.Text = strings.Clone(q.secret.Text)
			}
		}
	default:
		decodeRequest(q, r)
	}
	if q.id() == idCreateSession {
		a.told.Tell(c, q.from, &event.Identity{
			Source: "opcua.client", Name: c.String(q.name.Bytes()), Banner: banner(c, q.app.Bytes(), q.product.Bytes()),
		})
	}
}

// response makes the fact of the call that a response, or an abort, answers.
// svc is nil for faults, r for aborts.
func (a *analyser) response(c *proto.Conn, dir event.Dir, h *Channel, svc *service, result uint32, r *Reader) error {
	key := callKey(dir.Other(), h.Request)
	q := a.waiting.Find(key)
	if q == nil || q.message != Message || svc != nil && q.service != svc {
		if q == nil && svc != nil && r != nil {
			a.body(c, dir, svc.id, nil, nil, r) // asked before the flow was picked up
		}
		return nil
	}
	q = a.waiting.Take(key)
	f := a.emit(c, q)
	f.Answered, f.Status = true, statusText(c, result)
	if r == nil || svc == nil {
		a.login(c, q, "failure")
		return nil
	}
	if result>>30 == 0 {
		a.login(c, q, "success")
	} else {
		a.login(c, q, "failure")
	}
	a.body(c, dir, svc.id, q, f, r)
	return nil
}

// body reads what is of interest behind the header of a response. q and f are
// nil when the request was not seen.
func (a *analyser) body(c *proto.Conn, dir event.Dir, id uint16, q *call, f *event.OPCUA, r *Reader) {
	switch id {
	case idGetEndpoints:
		a.endpoints(c, dir, f, r)
	case idCreateSession:
		r.NodeID() // session
		r.NodeID() // authentication token
		r.Skip(8)  // timeout
		r.Bytes()  // nonce
		r.Bytes()  // certificate
		a.endpoints(c, dir, f, r)
	case idFindServers:
		for range min(r.Len(), maxEndpoints) {
			app := r.application()
			if r.cut {
				return
			}
			if app.server { // a discovery server names others besides itself
				a.describe(c, f, &app)
			}
		}
	case idRead:
		if q != nil {
			a.identify(c, dir, q, r)
		}
	case idWrite:
		for range r.Len() {
			if status := r.Uint32(); status>>31 != 0 && f != nil && f.Status == "Good" && !r.cut {
				f.Status = statusText(c, status)
				return
			}
		}
	case idCall:
		if r.Len() > 0 {
			if status := r.Uint32(); status>>31 != 0 && f != nil && f.Status == "Good" && !r.cut {
				f.Status = statusText(c, status)
			}
		}
	}
}

// endpoints reads the endpoints that a server offers, which also say what it
// is.
func (a *analyser) endpoints(c *proto.Conn, dir event.Dir, f *event.OPCUA, r *Reader) {
	for i := range min(r.Len(), maxEndpoints) {
		e := r.endpoint()
		if r.cut {
			return
		}
		if f != nil {
			var t exchange.Text
			e.appendTo(&t)
			f.Endpoints = append(f.Endpoints, c.String(t.Bytes()))
		}
		if i == 0 {
			a.describe(c, f, &e.server)
			a.told.Tell(c, dir, &event.Identity{
				Source: "opcua.endpoints", Name: identity.Text(c, e.server.name), Banner: banner(c, e.server.uri, e.server.product),
			})
		}
	}
}

// describe fills in the server's application where the request named none.
func (a *analyser) describe(c *proto.Conn, f *event.OPCUA, app *application) {
	if f == nil || f.Application != "" {
		return
	}
	f.Application, f.Product = identity.Text(c, app.uri), identity.Text(c, app.product)
}

// identify reads the values of those nodes that say what a server is.
func (a *analyser) identify(c *proto.Conn, dir event.Dir, q *call, r *Reader) {
	var b build
	for i := range min(r.Len(), maxReads) {
		typ, value, status := r.DataValue()
		if r.cut {
			break
		}
		if q.reads[i] != 0 && status>>31 == 0 {
			b.read(q.reads[i], typ, value)
		}
	}
	if b.empty() {
		return
	}
	a.told.Tell(c, dir, &event.Identity{
		Source: "opcua.build_info", Vendor: identity.Text(c, b.manufacturer), Model: identity.Text(c, b.product),
		Firmware: identity.Text(c, b.software), Banner: identity.Text(c, b.productURI),
	})
}

// banner joins application and product URI.
func banner(c *proto.Conn, app, product []byte) string {
	var t exchange.Text
	t.Printable(app)
	if len(product) > 0 {
		t.Str(" ").Printable(product)
	}
	return c.String(t.Bytes())
}

// login makes the fact of an attempt to authenticate as a user.
func (a *analyser) login(c *proto.Conn, q *call, outcome string) {
	if q.id() != idActivateSession || q.token == "" || q.token == "anonymous" {
		return
	}
	f := proto.Emit[event.Login](c, q.from)
	f.Service, f.User, f.Outcome, f.Mechanism = event.ProtoOPCUA, c.String(q.user.Bytes()), outcome, q.token
	f.Secret, f.Clear = q.secret, q.clear
	f.Secret.Text = c.String([]byte(q.secret.Text))
}

// emit makes the fact of a call.
func (a *analyser) emit(c *proto.Conn, q *call) *event.OPCUA {
	f := proto.Emit[event.OPCUA](c, q.from)
	switch q.message {
	case Hello:
		f.Message = "HEL"
	case Open:
		f.Message, f.Encrypted = "OPN", a.policy != "" && a.policy != "None"
	default:
		f.Message = "MSG"
	}
	if q.service != nil {
		f.Service, f.Class = q.service.name, q.service.class
	}
	a.security(f)
	if q.url.Len() > 0 {
		f.Endpoint = c.String(q.url.Bytes())
	}
	f.Application, f.Product = c.String(q.app.Bytes()), c.String(q.product.Bytes())
	f.Session, f.IdentityToken, f.User = c.String(q.session.Bytes()), q.token, c.String(q.user.Bytes())
	for i := range q.nodeCount {
		f.Nodes = append(f.Nodes, c.String(q.nodes[i].Bytes()))
	}
	return f
}

// security fills in what the channel agreed on.
func (a *analyser) security(f *event.OPCUA) {
	f.SecurityPolicy, f.SecurityMode = a.policy, a.mode
}

// statusText words a status code.
func statusText(c *proto.Conn, code uint32) string {
	if name := statusName(code); name != "" {
		return name
	}
	var t exchange.Text
	return c.String(t.Str("0x").Hex(uint64(code), 8).Bytes())
}
