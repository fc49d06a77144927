package dicom

import (
	"slices"
	"strings"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/exchange"
)

// requestKey is the key of a DIMSE request: message ids are chosen by the side
// that asks.
func requestKey(from event.Dir, id uint16) uint64 { return uint64(from)<<16 | uint64(id) }

// control handles every PDU but P-DATA-TF.
func (a *analyser) control(c *proto.Conn, dir event.Dir, typ PDUType, body []byte) {
	switch typ {
	case AssociateRQ, AssociateAC:
		if err := DecodeAssociate(&a.assoc, body); err != nil {
			exchange.Anomaly(c, event.ProtoDICOM, dir, "dicom_malformed_association", err.Error())
			return
		}
		if typ == AssociateRQ {
			a.associate(c, dir)
		} else {
			a.accept(c, dir)
		}
	case AssociateRJ:
		f := a.association(c, dir.Other())
		f.PDU, f.Answered, f.Reject = "reject", true, rejectReason(body[2], body[3])
		a.identifyRequester(c, dir.Other(), "")
		a.endLogin(c, dir.Other(), "failure")
	case ReleaseRQ:
		a.release = 1 + int8(dir)
	case ReleaseRP:
		a.released(c, dir.Other(), true)
	case Abort:
		f := proto.Emit[event.DICOM](c, dir)
		f.PDU, f.Reject = "abort", abortReason(body[2], body[3])
		a.titles(c, f)
	}
}

// associate notes an association request.
func (a *analyser) associate(c *proto.Conn, dir event.Dir) {
	r := &a.assoc
	a.called.Reset()
	a.calling.Reset()
	a.called.Printable(r.CalledAE)
	a.calling.Printable(r.CallingAE)
	a.asked = true
	a.services, a.queries, a.worklists = a.services[:0], contexts{}, contexts{}
	a.implUID.Reset()
	a.impl.Reset()
	a.implUID.Printable(r.ImplUID)
	a.impl.Printable(r.ImplVersion)
	for i := range r.Contexts {
		name := serviceName(r.Contexts[i].Abstract)
		switch {
		case strings.Contains(name, "Query/Retrieve"):
			a.queries.add(r.Contexts[i].ID)
		case name == "Modality Worklist - FIND" || name == "Modality Performed Procedure Step":
			a.worklists.add(r.Contexts[i].ID)
		}
		if name != "" && len(a.services) < maxServices && !slices.Contains(a.services, name) {
			a.services = append(a.services, name)
		}
	}
	a.beginLogin(c, dir, &r.User)
}

// accept makes the fact of an association that was accepted.
func (a *analyser) accept(c *proto.Conn, dir event.Dir) {
	var requester, responder string
	for i := range a.assoc.Contexts {
		x := &a.assoc.Contexts[i]
		if x.Result != 0 {
			continue
		}
		if a.queries.has(x.ID) {
			responder = "pacs" // who answers queries for images is an archive
		}
		if a.worklists.has(x.ID) {
			requester = "medical-modality" // and was accepted as one
		}
	}
	f := a.association(c, dir.Other())
	f.PDU, f.Answered, f.Accepted = "associate", true, true
	a.identifyRequester(c, dir.Other(), requester)
	a.identify(c, dir, responder, a.called.Bytes(), a.assoc.ImplUID, a.assoc.ImplVersion)
	a.endLogin(c, dir.Other(), "success")
}

// association makes a fact with what the request said.
func (a *analyser) association(c *proto.Conn, from event.Dir) *event.DICOM {
	f := proto.Emit[event.DICOM](c, from)
	a.titles(c, f)
	f.Services = append(f.Services, a.services...)
	f.ImplUID, f.Impl = c.String(a.implUID.Bytes()), c.String(a.impl.Bytes())
	a.asked = false
	return f
}

func (a *analyser) titles(c *proto.Conn, f *event.DICOM) {
	f.CalledAE, f.CallingAE = c.String(a.called.Bytes()), c.String(a.calling.Bytes())
}

// identifyRequester tells what the side is that asked for the association.
func (a *analyser) identifyRequester(c *proto.Conn, dir event.Dir, typ string) {
	a.identify(c, dir, typ, a.calling.Bytes(), a.implUID.Bytes(), a.impl.Bytes())
}

// identify tells once a flow what the sender of an association PDU is.
func (a *analyser) identify(c *proto.Conn, dir event.Dir, typ string, title, implUID, impl []byte) {
	if a.identified[dir] || len(title)+len(implUID) == 0 {
		return
	}
	a.identified[dir] = true
	vendor, toolkit := implementer(implUID)
	f := proto.Emit[event.Identity](c, dir)
	f.Source, f.Vendor, f.Type = "dicom.association", vendor, typ
	f.Name = c.String(title)
	var banner exchange.Text
	if banner.Str(toolkit); toolkit != "" && len(impl) > 0 {
		banner.Str(" ")
	}
	f.Banner = c.String(banner.Printable(impl).Bytes())
}

// beginLogin notes the identity that an association request presents.
func (a *analyser) beginLogin(c *proto.Conn, dir event.Dir, u *UserIdentity) {
	a.endLogin(c, dir, "unknown")
	mechanisms := [...]string{1: "username", 2: "plain", 3: "kerberos", 4: "saml", 5: "jwt"}
	if u.Type == 0 || int(u.Type) >= len(mechanisms) {
		return
	}
	l := &a.login
	l.mechanism = mechanisms[u.Type]
	l.user.Reset()
	switch u.Type {
	case 1:
		l.user.Printable(u.Primary)
	case 2:
		l.user.Printable(u.Primary)
		l.secret = c.Secret(event.ProtoDICOM, string(l.user.Bytes()), u.Secondary)
		l.secret.Text = strings.Clone(l.secret.Text)
	default:
		l.secret = c.Secret(event.ProtoDICOM, "", u.Primary)
		l.secret.Text = strings.Clone(l.secret.Text)
	}
}

// endLogin makes the fact of the attempt that waits, if any.
func (a *analyser) endLogin(c *proto.Conn, from event.Dir, outcome string) {
	l := &a.login
	if l.mechanism == "" {
		return
	}
	f := proto.Emit[event.Login](c, from)
	f.Service, f.Mechanism, f.Outcome, f.Clear = event.ProtoDICOM, l.mechanism, outcome, true
	f.User, f.Secret = c.String(l.user.Bytes()), l.secret
	f.Secret.Text = c.String([]byte(l.secret.Text))
	l.mechanism, l.secret = "", event.Secret{}
}

func (a *analyser) released(c *proto.Conn, from event.Dir, answered bool) {
	f := proto.Emit[event.DICOM](c, from)
	f.PDU, f.Answered = "release", answered
	a.titles(c, f)
	a.release = 0
}

// command handles a whole command set.
func (a *analyser) command(c *proto.Conn, dir event.Dir, m *Command) {
	s := &a.streams[dir]
	s.query = false
	name := commandName(m.Field)
	if name == "" {
		exchange.Anomaly(c, event.ProtoDICOM, dir, "dicom_unknown_command", "command field")
		return
	}
	if m.IsResponse() {
		a.answer(c, dir, m)
		return
	}
	if m.Field == CCancelRQ {
		f := proto.Emit[event.DICOM](c, dir) // no answer of its own
		f.PDU, f.Command, f.Class = "command", name, event.OpOther
		a.titles(c, f)
		return
	}
	for q := a.requests.Expired(c.Time); q != nil; q = a.requests.Expired(c.Time) {
		a.done(c, q)
	}
	q := a.requests.Add(requestKey(dir, m.ID), c.Time)
	q.from, q.field, q.service = dir, m.Field, serviceName(m.SOPClass)
	q.wildcard, q.results, q.subOps = false, 0, 0
	q.sop.Reset()
	q.moveTo.Reset()
	q.sop.Printable(m.SOPClass)
	q.moveTo.Printable(m.MoveTo)
	switch m.Field {
	case CFindRQ, CMoveRQ, CGetRQ:
		s.query, s.queryID = m.DataSet, m.ID
	}
}

// answer counts pending answers and makes the fact of a request at the final
// one.
func (a *analyser) answer(c *proto.Conn, dir event.Dir, m *Command) {
	key := requestKey(dir.Other(), m.ID)
	q := a.requests.Find(key)
	if q == nil || q.field != m.Field&^response {
		return // asked before the flow was picked up
	}
	q.subOps = max(q.subOps, uint32(m.Completed))
	if m.Pending() {
		q.results++
		return
	}
	f := a.done(c, a.requests.Take(key))
	f.Answered, f.Status = true, m.Status
}

// done makes the fact of a request.
func (a *analyser) done(c *proto.Conn, q *request) *event.DICOM {
	f := proto.Emit[event.DICOM](c, q.from)
	f.PDU, f.Command, f.Class = "command", commandName(q.field), commandClass(q.field)
	if f.SOPClass = q.service; f.SOPClass == "" {
		f.SOPClass = c.String(q.sop.Bytes())
	}
	f.MoveTo, f.Wildcard, f.Results, f.SubOps = c.String(q.moveTo.Bytes()), q.wildcard, q.results, q.subOps
	a.titles(c, f)
	return f
}

func (a *analyser) End(c *proto.Conn) {
	if a.asked {
		a.association(c, event.ToServer).PDU = "associate"
		a.identifyRequester(c, event.ToServer, "")
	}
	a.endLogin(c, event.ToServer, "unknown")
	for q := a.requests.Oldest(); q != nil; q = a.requests.Oldest() {
		a.done(c, q)
	}
	if a.release > 0 {
		a.released(c, event.Dir(a.release-1), false)
	}
}
