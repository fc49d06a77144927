package s7

import (
	"encoding/binary"
	"slices"
	"strconv"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
)

// key names a request by the direction it went and its reference.
func key(dir event.Dir, plus bool, reference uint16) uint64 {
	k := uint64(reference) | uint64(dir)<<16
	if plus {
		k |= 1 << 17
	}
	return k
}

// message takes one S7comm PDU.
func (p *parser) message(c *proto.Conn, dir event.Dir, b []byte) {
	c.Message(dir)
	var m PDU
	if err := Decode(&m, b); err != nil {
		p.anomaly(c, dir, "invalid_pdu", err.Error())
		return
	}
	switch m.ROSCTR {
	case Job:
		p.job(c, dir, &m)
	case Ack, AckData:
		p.acknowledgement(c, dir, &m)
	case Userdata:
		p.userdata(c, dir, &m)
	}
}

func (p *parser) job(c *proto.Conn, dir event.Dir, m *PDU) {
	fn, ok := m.Function()
	if !ok {
		p.anomaly(c, dir, "missing_function", "job without parameters")
		return
	}
	r := p.open.Add(key(dir, false, m.Reference), c.Time)
	*r = request{op: describeJob(fn), rosctr: Job, code: fn, from: asker(fn, dir)}
	switch fn {
	case FuncReadVar, FuncWriteVar:
		w := WalkItems(m.Parameter)
		var it Item
		for w.Next(&it) {
			if int(r.nItems) == len(r.items) {
				r.more++
				continue
			}
			r.items[r.nItems] = it
			r.nItems++
		}
		if w.Left() > 0 {
			p.anomaly(c, dir, "invalid_item", "variable specification")
		}
	case FuncRequestDownload, FuncDownloadBlock, FuncDownloadEnded, FuncStartUpload:
		r.setBlock(fileName(m.Parameter))
	case FuncPIService:
		p.programInvocation(c, dir, r, m.Parameter)
	}
}

// asker tells who stands behind a job: the controller fetches the blocks of a
// download itself, which is still the doing of whoever began the download.
func asker(function uint8, dir event.Dir) event.Dir {
	if dir == event.ToClient && (function == FuncDownloadBlock || function == FuncDownloadEnded) {
		return event.ToServer
	}
	return dir
}

func (r *request) setBlock(name []byte) {
	if len(name) > 0 && name[0] == '_' {
		name = name[1:]
	}
	if b, ok := appendBlock(r.block.buf[:0], name); ok {
		r.block.n = uint8(len(b))
		return
	}
	r.block.set(name)
}

func (p *parser) programInvocation(c *proto.Conn, dir event.Dir, r *request, parameter []byte) {
	name, argument, ok := piService(parameter)
	if !ok {
		p.anomaly(c, dir, "invalid_pi_service", "program invocation")
		return
	}
	service := string(name[:min(len(name), len(r.detail.buf))])
	r.op.class = piClass(service)
	r.detail.set(name)
	switch service {
	case piInsert, piDelete:
		var buf [256]byte
		r.block.set(appendBlocks(buf[:0], argument))
	case piProgram:
		if len(argument) > 0 && argument[0] == 'C' {
			r.detail.set(append(name[:len(name):len(name)], " cold"...))
		}
	}
}

func (p *parser) acknowledgement(c *proto.Conn, dir event.Dir, m *PDU) {
	fn, hasFunction := m.Function()
	r := p.open.Take(key(dir.Other(), false, m.Reference))
	if r != nil && hasFunction && r.code != fn {
		p.anomaly(c, dir, "function_mismatch", describeJob(fn).name)
		p.emit(c, r)
		r = nil
	}
	var orphan request
	if r == nil {
		if !hasFunction {
			return
		}
		r = &orphan
		*r = request{op: describeJob(fn), rosctr: Job, code: fn, from: asker(fn, dir.Other())}
	}
	fact := p.emit(c, r)
	fact.Answered, fact.Error = true, m.Error
	if fact.Error == 0 && (r.code == FuncReadVar || r.code == FuncWriteVar) && len(m.Parameter) >= 2 {
		fact.Error = uint16(resultCode(r.code, int(m.Parameter[1]), m.Data))
	}
}

func (p *parser) userdata(c *proto.Conn, dir event.Dir, m *PDU) {
	var h UserdataHead
	if DecodeUserdata(&h, m.Parameter) != nil {
		p.anomaly(c, dir, "invalid_userdata", "parameters")
		return
	}
	switch h.Kind {
	case KindRequest:
		p.userdataRequest(c, dir, m, &h)
	case KindResponse:
		p.userdataResponse(c, dir, m, &h)
	case kindPush:
		// Values that come in cycles are told by their subscription.
		if h.Group == GroupCyclic {
			return
		}
		op := describeUserdata(h.Group, h.Sub)
		fact := proto.Emit[event.S7](c, dir)
		fact.ROSCTR, fact.Function, fact.Sub = rosctrName(Userdata), op.name, op.sub
	}
}

func (p *parser) userdataRequest(c *proto.Conn, dir event.Dir, m *PDU, h *UserdataHead) {
	k := key(dir, false, m.Reference)
	r := p.open.Add(k, c.Time)
	*r = request{op: describeUserdata(h.Group, h.Sub), rosctr: Userdata, code: h.Sub, group: h.Group, from: dir}
	_, value := userdataValue(m.Data)
	switch {
	case h.Group == GroupCPU && h.Sub == subReadSZL && len(value) >= 4:
		r.isList, r.list, r.index = true, binary.BigEndian.Uint16(value), binary.BigEndian.Uint16(value[2:])
		if tellsIdentity(r.list) {
			r.op.class = event.OpDiscover
		}
		p.list.active = false
	case h.Group == GroupBlock && h.Sub == 2 && len(value) >= 2:
		if name, ok := blockType(value[:2]); ok {
			r.block.set([]byte(name))
		}
	case h.Group == GroupBlock && h.Sub == 3 && len(value) >= 7:
		r.setBlock(value)
	case h.Group == GroupSecurity && h.Sub == subPassword:
		if plain, ok := plainPassword(value); ok {
			p.endLogin(c, "unknown")
			p.login = login{waits: true, key: k, from: dir, password: plain}
		}
	}
}

func (p *parser) userdataResponse(c *proto.Conn, dir event.Dir, m *PDU, h *UserdataHead) {
	k := key(dir.Other(), false, m.Reference)
	r := p.open.Take(k)
	if r != nil && (r.group != h.Group || r.code != h.Sub) {
		p.anomaly(c, dir, "function_mismatch", describeUserdata(h.Group, h.Sub).sub)
		p.emit(c, r)
		r = nil
	}
	var orphan request
	if r == nil {
		r = &orphan
		*r = request{op: describeUserdata(h.Group, h.Sub), rosctr: Userdata, code: h.Sub, group: h.Group, from: dir.Other()}
	}
	fact := p.emit(c, r)
	fact.Answered, fact.Error = true, h.Error
	if p.login.waits && p.login.key == k {
		outcome := "success"
		if h.Error != 0 {
			outcome = "failure"
		}
		p.endLogin(c, outcome)
	}
	if h.Group == GroupCPU && h.Sub == subReadSZL && h.Error == 0 {
		_, value := userdataValue(m.Data)
		if list := p.list.add(value, h.More); list != nil {
			if id, ok := szlIdentity(c, list); ok {
				p.said.Tell(c, dir, &id)
			}
		}
	}
}

// endLogin reports the password that waits for its answer, if any.
func (p *parser) endLogin(c *proto.Conn, outcome string) {
	l := &p.login
	if !l.waits {
		return
	}
	l.waits = false
	m := proto.Emit[event.Login](c, l.from)
	m.Service, m.Outcome, m.Mechanism, m.Clear = event.ProtoS7, outcome, "plain", true
	m.Secret = c.Secret(event.ProtoS7, "", trimPassword(l.password[:]))
	l.password = [8]byte{}
}

// trimPassword takes off the blanks with which passwords are filled up.
func trimPassword(b []byte) []byte {
	for len(b) > 0 && b[len(b)-1] == ' ' {
		b = b[:len(b)-1]
	}
	return b
}

// listItems writes what a request reads or writes into its fact.
func (p *parser) listItems(c *proto.Conn, m *event.S7, r *request) {
	var buf [64]byte
	m.Items = slices.Grow(m.Items, int(r.nItems))
	for i := range r.items[:r.nItems] {
		m.Items = append(m.Items, c.String(r.items[i].AppendName(buf[:0])))
	}
	if r.more > 0 {
		b := strconv.AppendUint(append(buf[:0], "and "...), uint64(r.more), 10)
		m.Items = append(m.Items, c.String(append(b, " more"...)))
	}
	if r.isList {
		b := appendHex16(append(buf[:0], "SZL 0x"...), r.list)
		b = appendHex16(append(b, " index 0x"...), r.index)
		m.Items = append(m.Items, c.String(b))
	}
	if r.object != 0 {
		b := appendHex16(append(buf[:0], "object 0x"...), uint16(r.object>>16))
		m.Items = append(m.Items, c.String(appendHex16(b, uint16(r.object))))
	}
}

func appendHex16(b []byte, v uint16) []byte {
	const digits = "0123456789abcdef"
	return append(b, digits[v>>12], digits[v>>8&15], digits[v>>4&15], digits[v&15])
}
