package dnp3

import (
	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/identity"
)

// Object groups that change what a function means.
const (
	groupAttribute    = 0
	groupControl      = 12
	groupAnalogOutput = 41
)

// Variations of the file group.
const (
	fileAuthentication = 2
	fileCommand        = 3
	fileTransport      = 5
)

// request takes what a master asks.
func (p *parser) request(c *proto.Conn, dir event.Dir, f *Frame, m *Fragment) {
	op := describe(m.Function)
	if op.name == "unknown" {
		p.anomaly(c, dir, "unknown_function", "application function code")
	}
	k := key(f.Src, f.Dst, m.Seq())
	r := p.open.Add(k, c.Time)
	*r = request{src: f.Src, dst: f.Dst, function: m.Function, seq: m.Seq(), dir: dir, class: op.class}
	w := Walk(m)
	var o Object
	for w.Next(&o) {
		r.objects.add(&o)
		p.refine(c, r, &o, k)
	}
	if w.Err() == ErrTruncated {
		p.anomaly(c, dir, "truncated_objects", FunctionName(m.Function))
	}
	if unanswered(m.Function) || f.Dst >= broadcastMin {
		if r := p.open.Take(k); r != nil {
			p.emit(c, r)
		}
	}
}

// refine lets an object say more about its request than the function does.
func (p *parser) refine(c *proto.Conn, r *request, o *Object, k uint64) {
	switch {
	case o.Group == groupFile:
		p.refineFile(c, r, o, k)
	case o.Group == groupAttribute && r.function == FuncRead:
		r.class = event.OpDiscover
	case r.control != "" || !isControl(r.function):
	case o.Group == groupControl && o.Variation <= 2:
		r.control, r.point = "undefined", o.Start
		if b := o.First(); len(b) > 0 {
			r.control = controlName(b[0])
		}
	case o.Group == groupAnalogOutput:
		r.control, r.point = "analog_output", o.Start
	}
}

func isControl(function uint8) bool {
	return function >= FuncSelect && function <= FuncDirectOperateNoAck
}

// refineFile reads the file objects: which way a file goes decides whether
// something is put into the outstation or taken out of it.
func (p *parser) refineFile(c *proto.Conn, r *request, o *Object, k uint64) {
	switch {
	case o.Variation == fileTransport && r.function == FuncWrite:
		r.class = event.OpProgram
	case o.Variation == fileTransport && r.function == FuncRead:
		r.class = event.OpUpload
	case o.Variation == fileCommand && (r.function == FuncOpenFile || r.function == FuncDeleteFile):
		var cmd FileCommand
		if DecodeFileCommand(&cmd, o.First()) != nil {
			return
		}
		r.file.set(cmd.Name)
		if r.function == FuncDeleteFile {
			return
		}
		r.class = event.OpUpload
		way := r.dir.Other()
		if cmd.Mode == FileModeWrite || cmd.Mode == FileModeAppend {
			r.class, way = event.OpProgram, r.dir
		}
		fi := proto.Emit[event.FileInfo](c, r.dir)
		fi.AppProto, fi.Filename, fi.Dir = event.ProtoDNP3, identity.Text(c, cmd.Name), way
		if way == r.dir {
			fi.Size = uint64(cmd.Size)
		}
	case o.Variation == fileAuthentication && r.function == FuncAuthenticateFile:
		var auth FileAuth
		if DecodeFileAuth(&auth, o.First()) != nil {
			return
		}
		p.endLogin(c, "unknown")
		p.login = login{waits: true, key: k, dir: r.dir}
		p.login.user.set(auth.User)
		p.login.password.set(auth.Password)
	}
}

// endLogin reports the file authentication that waits, if any.
func (p *parser) endLogin(c *proto.Conn, outcome string) {
	l := &p.login
	if !l.waits {
		return
	}
	l.waits = false
	m := proto.Emit[event.Login](c, l.dir)
	m.Service, m.User, m.Outcome = event.ProtoDNP3, identity.Text(c, l.user.bytes()), outcome
	m.Mechanism, m.Clear = "plain", true
	m.Secret = c.Secret(event.ProtoDNP3, m.User, l.password.bytes())
}

// response takes an outstation's answer. Only its first fragment makes the
// fact; the further ones of a long answer carry values.
func (p *parser) response(c *proto.Conn, dir event.Dir, f *Frame, m *Fragment) {
	if m.Control&AppFirst == 0 {
		return
	}
	k := key(f.Dst, f.Src, m.Seq())
	r := p.open.Take(k)
	var fact *event.DNP3
	if r != nil {
		fact = p.emit(c, r)
	} else {
		fact = proto.Emit[event.DNP3](c, dir.Other())
		fact.Src, fact.Dst, fact.Seq = f.Dst, f.Src, m.Seq()
		fact.Function, fact.FunctionNum = FunctionName(m.Function), m.Function
	}
	fact.Answered = true
	fact.Denied = m.IIN&(IINNoFunction|IINObjectUnknown|IINParameterError|IINAlreadyExecuting) != 0
	p.indications(c, fact, m.IIN)
	p.answerObjects(c, dir, fact, m, r != nil && isControl(r.function))
	if p.login.waits && p.login.key == k {
		p.loginAnswer(c, fact.Denied, m)
	}
}

// answerObjects walks an answer: statuses of controls, device attributes, and
// the list of objects where the request named none.
func (p *parser) answerObjects(c *proto.Conn, dir event.Dir, fact *event.DNP3, m *Fragment, control bool) {
	var (
		o    Object
		id   = event.Identity{Source: "dnp3.device_attributes"}
		list objectList
	)
	w := Walk(m)
	for w.Next(&o) {
		list.add(&o)
		switch {
		case control:
			if s := controlStatus(&o); s != 0 && fact.Status == 0 {
				fact.Status, fact.Denied = s, true
			}
		case o.Group == groupAttribute:
			attribute(c, &id, &o)
		}
	}
	if w.Err() == ErrTruncated {
		p.anomaly(c, dir, "truncated_objects", FunctionName(m.Function))
	}
	if len(fact.Objects) == 0 {
		p.list(c, fact, &list)
	}
	p.said.Tell(c, dir, &id)
}

// controlStatus gives the first status of the controls in an answer that is
// not success. It is the last octet of each object.
func controlStatus(o *Object) uint8 {
	if o.Group != groupControl && o.Group != groupAnalogOutput {
		return 0
	}
	bits := objectBits(o.Group, o.Variation)
	if bits < 8 {
		return 0
	}
	step := o.prefixLen() + bits/8
	for b := o.Data; len(b) >= step; b = b[step:] {
		if s := b[step-1] & 0x7f; s != 0 {
			return s
		}
	}
	return 0
}

func attribute(c *proto.Conn, id *event.Identity, o *Object) {
	s := attributeText(o.First())
	if s == nil {
		return
	}
	switch o.Variation {
	case attrSoftwareVersion:
		id.Firmware = identity.Text(c, s)
	case attrHardwareVersion:
		id.Hardware = identity.Text(c, s)
	case attrUserName:
		id.Name = identity.Text(c, s)
	case attrSerial:
		id.Serial = identity.Text(c, s)
	case attrProduct:
		id.Model = identity.Text(c, s)
	case attrManufacturer:
		id.Vendor = identity.Text(c, s)
	}
}

// loginAnswer judges a file authentication by the key in the answer.
func (p *parser) loginAnswer(c *proto.Conn, denied bool, m *Fragment) {
	outcome := "failure"
	var o Object
	for w := Walk(m); w.Next(&o); {
		var auth FileAuth
		if o.Group == groupFile && o.Variation == fileAuthentication &&
			DecodeFileAuth(&auth, o.First()) == nil && auth.Key != 0 && !denied {
			outcome = "success"
		}
	}
	p.endLogin(c, outcome)
}

func (p *parser) unsolicited(c *proto.Conn, dir event.Dir, f *Frame, m *Fragment) {
	fact := proto.Emit[event.DNP3](c, dir)
	fact.Src, fact.Dst, fact.Seq = f.Src, f.Dst, m.Seq()
	fact.Function, fact.FunctionNum, fact.Unsolicited = FunctionName(m.Function), m.Function, true
	p.indications(c, fact, m.IIN)
	p.answerObjects(c, dir, fact, m, false)
}
