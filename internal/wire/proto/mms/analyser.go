package mms

import (
	"bytes"
	"strings"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/ber"
	"edgeward/internal/wire/proto/exchange"
	"edgeward/internal/wire/proto/identity"
	"edgeward/internal/wire/proto/tpkt"
)

// Protocol describes MMS over TPKT to the packet path.
var Protocol = proto.Protocol{
	ID:    event.ProtoMMS,
	TCP:   true,
	Ports: []uint16{tpkt.Port},
	Probe: probe,
	New: func() proto.Parser {
		return &analyser{requests: exchange.Requests{Proto: event.ProtoMMS}}
	},
}

// maxMessage is how much of a message that comes in several transport units is
// kept: its head says what it is.
const maxMessage = 4 << 10

// syntax is what the object identifiers of MMS begin with: 1.0.9506.2.
const syntax = "\x28\xca\x22\x02"

// probe reads the transport units of both directions until one holds session
// data: other protocols than MMS share transport and port.
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
	for {
		payload, n, err := tpkt.Decode(b)
		if err == tpkt.ErrShort {
			return proto.More
		}
		var t tpkt.TPDU
		if err != nil || tpkt.DecodeTPDU(&t, payload) != nil {
			return proto.No
		}
		switch t.Type {
		case tpkt.CR, tpkt.CC:
		case tpkt.DT:
			return probeData(t.Data)
		default:
			return proto.No
		}
		b = b[n:]
	}
}

// probeData recognises session data that open an MMS association or carry one
// of its units.
func probeData(b []byte) proto.Match {
	var s Session
	if DecodeSession(&s, b) != nil {
		return proto.No
	}
	switch s.Type {
	case spduConnect, spduAccept:
		if bytes.Contains(b, []byte(syntax)) {
			return proto.Yes
		}
	case spduData:
		var p PDU
		if unit, err := UserData(s.User); err == nil && DecodePDU(&p, unit) == nil {
			return proto.Yes
		}
	}
	return proto.No
}

// stream is one direction of the connection.
type stream struct {
	lost bool
	part bool   // within a message of several transport units
	buf  []byte // its head
}

type analyser struct {
	streams  [2]stream
	requests exchange.Requests
	told     identity.Once
	auth     bool // an authentication value waits for its outcome
	secret   event.Secret
	from     event.Dir
}

func (a *analyser) Reset() {
	for i := range a.streams {
		a.streams[i] = stream{buf: a.streams[i].buf[:0]}
	}
	a.requests.Reset()
	a.told, a.auth, a.secret = identity.Once{}, false, event.Secret{}
}

// Gap makes the direction look for the next packet.
func (a *analyser) Gap(_ *proto.Conn, dir event.Dir, _ int) bool {
	s := &a.streams[dir]
	s.lost, s.part, s.buf = true, false, s.buf[:0]
	return true
}

func (a *analyser) Data(c *proto.Conn, dir event.Dir, b []byte) (int, error) {
	s := &a.streams[dir]
	done := 0
	for done < len(b) {
		rest := b[done:]
		if s.lost {
			n, found := resync(rest)
			done += n
			if !found {
				return done, nil
			}
			s.lost = false
			continue
		}
		payload, n, err := tpkt.Decode(rest)
		if err == tpkt.ErrShort {
			return done, nil
		}
		var t tpkt.TPDU
		if err == nil {
			err = tpkt.DecodeTPDU(&t, payload)
		}
		if err != nil {
			exchange.Anomaly(c, event.ProtoMMS, dir, "mms_malformed_transport", err.Error())
			s.lost = true
			done++
			continue
		}
		done += n
		if t.Type == tpkt.DT {
			a.unit(c, dir, &t)
		}
	}
	return done, nil
}

// resync finds the next TPKT packet whose transport unit is well formed.
func resync(b []byte) (int, bool) {
	for i := range b {
		payload, _, err := tpkt.Decode(b[i:])
		if err == tpkt.ErrShort && len(b)-i < 7 {
			return i, false
		}
		if err == tpkt.ErrShort {
			payload = b[i+tpkt.HeaderLen:]
		} else if err != nil {
			continue
		}
		if payload[0] == 2 && payload[1] == tpkt.DT && payload[2]&0x7f == 0 {
			return i, true
		}
	}
	return len(b), false
}

// unit handles a data unit: messages in one piece are read in place, of longer
// ones the head is kept.
func (a *analyser) unit(c *proto.Conn, dir event.Dir, t *tpkt.TPDU) {
	s := &a.streams[dir]
	message := t.Data
	if s.part || !t.EOT {
		s.buf = append(s.buf, t.Data[:min(len(t.Data), maxMessage-len(s.buf))]...)
		message = s.buf
		if s.part = !t.EOT; s.part {
			return
		}
		s.buf = s.buf[:0]
	}
	if err := a.session(c, dir, message); err != nil {
		exchange.Anomaly(c, event.ProtoMMS, dir, "mms_malformed_message", err.Error())
	}
}

func (a *analyser) session(c *proto.Conn, dir event.Dir, b []byte) error {
	var s Session
	if err := DecodeSession(&s, b); err != nil {
		return err
	}
	switch s.Type {
	case spduConnect, spduAccept, spduData:
	case spduAbort, spduRefuse:
		a.ended(c, dir, s.Type)
		return nil
	default: // the orderly release says nothing new
		return nil
	}
	unit, err := UserData(s.User)
	if err != nil {
		return err
	}
	if unit.Tag.Class() == ber.Application {
		return a.association(c, dir, unit)
	}
	return a.pdu(c, dir, unit)
}

// initiateKey is the key of the association's opening; invoke ids have 32 bits.
const initiateKey = 1 << 40

// association handles an ACSE unit: the opening and its answer hold the
// initiation of MMS and may hold a password.
func (a *analyser) association(c *proto.Conn, dir event.Dir, unit ber.Element) error {
	switch unit.Tag {
	case acseRequest:
		if auth := find(unit.Value, acseAuth); auth.Tag != 0 {
			value, _ := head(auth.Value)
			a.login(c, "unknown")
			a.secret = c.Secret(event.ProtoMMS, "", value.Value)
			a.secret.Text = strings.Clone(a.secret.Text)
			a.auth, a.from = true, dir
		}
	case acseResponse:
		result, _ := head(find(unit.Value, acseResult).Value)
		if code := ber.Int(result.Value); code != 0 {
			c.Message(dir)
			if f := a.requests.Answer(c, initiateKey, dir); f != nil {
				f.Error = "association rejected"
			}
			a.login(c, "failure")
			return nil
		}
		a.login(c, "success")
	default:
		return nil
	}
	info := find(unit.Value, acseUserInfo)
	external, _ := head(info.Value)
	single := find(external.Value, tagSingle)
	pdu, ok := head(single.Value)
	if !ok {
		return nil // an application of another kind, or no initiation in it
	}
	return a.pdu(c, dir, pdu)
}

// login makes the fact of the authentication value that waits, if any.
func (a *analyser) login(c *proto.Conn, outcome string) {
	if !a.auth {
		return
	}
	f := proto.Emit[event.Login](c, a.from)
	f.Service, f.Mechanism, f.Outcome, f.Clear, f.Secret = event.ProtoMMS, "acse-password", outcome, true, a.secret
	f.Secret.Text = c.String([]byte(a.secret.Text))
	a.auth, a.secret = false, event.Secret{}
}

// ended handles the abort or refusal of the session.
func (a *analyser) ended(c *proto.Conn, dir event.Dir, spdu uint8) {
	word := "session aborted"
	if spdu == spduRefuse {
		word = "session refused"
	}
	if f := a.requests.Answer(c, initiateKey, dir); f != nil {
		f.Error = word
		a.login(c, "failure")
		return
	}
	f := proto.Emit[event.ICS](c, dir)
	f.Protocol, f.Verb = event.ProtoMMS, word
}

func (a *analyser) End(c *proto.Conn) {
	a.requests.End(c)
	a.login(c, "unknown")
}
