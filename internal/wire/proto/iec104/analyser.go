package iec104

import (
	"bytes"
	"time"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/exchange"
	"edgeward/internal/wire/proto/pending"
)

// Protocol describes IEC 60870-5-104 to the packet path.
var Protocol = proto.Protocol{
	ID:    event.ProtoIEC104,
	TCP:   true,
	Ports: []uint16{2404},
	Probe: probe,
	New: func() proto.Parser {
		a := new(analyser)
		a.Reset()
		return a
	},
}

const (
	maxWaiting = 32
	patience   = time.Minute
)

// probe asks every direction that has spoken for valid frames. An unnumbered
// frame or an ASDU whose length fits its type is proof; an acknowledgement
// alone is six octets that could be chance.
func probe(s *proto.Sample) proto.Match {
	best := proto.No
	for _, b := range s.Data {
		if len(b) == 0 {
			continue
		}
		m := probeOne(b)
		if m == proto.No {
			return proto.No
		}
		best = max(best, m)
	}
	return best
}

func probeOne(b []byte) proto.Match {
	best, frames := proto.No, 0
	for len(b) > 0 && frames < 4 {
		var p APDU
		n, err := Decode(&p, b)
		if err == ErrShort {
			if best == proto.No {
				best = proto.More
			}
			break
		}
		if err != nil {
			return proto.No
		}
		switch p.Format {
		case FormatU:
			best = proto.Yes
		case FormatS:
			best = max(best, proto.Weak)
		case FormatI:
			var a ASDU
			if DecodeASDU(&a, p.ASDU) != nil {
				return proto.No
			}
			best = proto.Yes
		}
		b = b[n:]
		frames++
	}
	return best
}

// request is a command or request that waits for its confirmation.
type request struct {
	from    event.Dir
	format  Format
	typ     uint8
	cause   uint8
	address uint16
	object  uint32
	number  uint8
	control string // constant
	class   event.OpClass
}

type analyser struct {
	lost    [2]bool
	waiting pending.Table[request]
}

func (a *analyser) Reset() {
	a.lost = [2]bool{}
	a.waiting.Init(maxWaiting, patience)
}

// Gap makes the direction look for the next frame.
func (a *analyser) Gap(_ *proto.Conn, dir event.Dir, _ int) bool {
	a.lost[dir] = true
	return true
}

func (a *analyser) Data(c *proto.Conn, dir event.Dir, b []byte) (int, error) {
	done := 0
	for done < len(b) {
		rest := b[done:]
		if a.lost[dir] {
			n, found := resync(rest)
			done += n
			if !found {
				return done, nil
			}
			a.lost[dir] = false
			continue
		}
		var p APDU
		n, err := Decode(&p, rest)
		if err == ErrShort {
			return done, nil
		}
		if err != nil {
			exchange.Anomaly(c, event.ProtoIEC104, dir, "iec104_malformed_apci", err.Error())
			a.lost[dir] = true
			done++
			continue
		}
		done += n
		c.Message(dir)
		switch p.Format {
		case FormatU:
			a.control(c, dir, p.Function)
		case FormatI:
			a.asdu(c, dir, p.ASDU)
		}
	}
	return done, nil
}

// resync finds the next frame: a start octet behind which a valid frame and,
// when there are more bytes, another start octet follow.
func resync(b []byte) (int, bool) {
	for i := 0; i < len(b); i++ {
		j := bytes.IndexByte(b[i:], Start)
		if j < 0 {
			return len(b), false
		}
		i += j
		var p APDU
		n, err := Decode(&p, b[i:])
		if err == ErrShort {
			return i, false
		}
		if err != nil || i+n < len(b) && b[i+n] != Start {
			continue
		}
		var x ASDU
		if p.Format != FormatI || DecodeASDU(&x, p.ASDU) == nil {
			return i, true
		}
	}
	return len(b), false
}

// control handles an unnumbered frame.
func (a *analyser) control(c *proto.Conn, dir event.Dir, function uint8) {
	switch function {
	case StartDTAct, StopDTAct, TestFRAct:
		q := a.ask(c, controlKey(dir, function))
		*q = request{from: dir, format: FormatU, control: controlName(function)}
		if function != TestFRAct {
			q.class = event.OpMode
		}
	default: // the confirmation's bit stands left of the activation's
		act := function&3 | function>>1&^3
		if q := a.waiting.Take(controlKey(dir.Other(), act)); q != nil {
			a.emit(c, q).Answered = true
			return
		}
		f := proto.Emit[event.IEC104](c, dir)
		f.Frame, f.Control, f.Dir = "U", controlName(function), dir
	}
}

// asdu handles an application data unit.
func (a *analyser) asdu(c *proto.Conn, dir event.Dir, b []byte) {
	var x ASDU
	err := DecodeASDU(&x, b)
	if err == errType && x.Type >= 128 { // for private use
		f := proto.Emit[event.IEC104](c, dir)
		f.Frame, f.TypeNum, f.CA, f.Objects, f.Dir = "I", x.Type, x.Address, x.Number, dir
		return
	}
	if err != nil {
		exchange.Anomaly(c, event.ProtoIEC104, dir, "iec104_malformed_asdu", err.Error())
		if err != errObjects {
			return
		}
	}
	info, _ := typeInfo(x.Type)
	switch {
	case info.named && (x.Cause == causeActivation || x.Cause == causeDeact || x.Cause == causeRequest):
		*a.ask(c, objectKey(dir, x.Type, &x)) = request{
			from: dir, format: FormatI, typ: x.Type, cause: x.Cause, address: x.Address, object: x.Object, number: x.Number,
			control: selection(&x), class: info.class,
		}
		return
	case info.named && (x.Cause == causeActCon || x.Cause == causeDeactCon || refused(x.Cause)):
		a.confirm(c, dir, x.Type, &x)
		return
	case x.Cause == causeRequest && x.Type < 45:
		const read = 102 // the object that a C_RD_NA_1 asked for
		if a.waiting.Find(objectKey(dir.Other(), read, &x)) != nil {
			a.confirm(c, dir, read, &x)
		}
	}
	f := proto.Emit[event.IEC104](c, dir)
	f.Frame, f.Type, f.TypeNum, f.Cause, f.Neg = "I", info.name, x.Type, causeName(x.Cause), x.Negative
	f.CA, f.IOA, f.Objects, f.Dir = x.Address, x.Object, x.Number, dir
	if dir == event.ToServer && x.Cause != causeActTerm {
		f.Class = info.class
	}
}

// confirm makes the fact of a request that x, coming from direction dir,
// answers. One whose request was not seen makes the fact alone.
func (a *analyser) confirm(c *proto.Conn, dir event.Dir, typ uint8, x *ASDU) {
	q := a.waiting.Take(objectKey(dir.Other(), typ, x))
	if q == nil {
		info, _ := typeInfo(typ)
		q = &request{
			from: dir.Other(), format: FormatI, typ: typ, address: x.Address, object: x.Object, number: x.Number,
			control: selection(x), class: info.class,
		}
	}
	f := a.emit(c, q)
	f.Answered, f.Neg, f.Cause = true, x.Negative || refused(x.Cause), causeName(x.Cause)
}

// ask makes room for a request; those that waited too long become facts.
func (a *analyser) ask(c *proto.Conn, key uint64) *request {
	for q := a.waiting.Expired(c.Time); q != nil; q = a.waiting.Expired(c.Time) {
		a.emit(c, q)
	}
	return a.waiting.Add(key, c.Time)
}

func (a *analyser) emit(c *proto.Conn, q *request) *event.IEC104 {
	f := proto.Emit[event.IEC104](c, q.from)
	f.Frame, f.Control, f.Class, f.Dir = q.format.String(), q.control, q.class, q.from
	if q.format == FormatI {
		info, _ := typeInfo(q.typ)
		f.Type, f.TypeNum, f.Cause = info.name, q.typ, causeName(q.cause)
		f.CA, f.IOA, f.Objects = q.address, q.object, q.number
	}
	return f
}

func (a *analyser) End(c *proto.Conn) {
	for q := a.waiting.Oldest(); q != nil; q = a.waiting.Oldest() {
		a.emit(c, q)
	}
}

func controlKey(dir event.Dir, function uint8) uint64 {
	return uint64(dir)<<63 | uint64(function)
}

func objectKey(dir event.Dir, typ uint8, x *ASDU) uint64 {
	return uint64(dir)<<63 | uint64(typ)<<48 | uint64(x.Address)<<24 | uint64(x.Object) | 1<<62
}
