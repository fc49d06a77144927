package tuya

import (
	"encoding/json"
	"errors"
	"hash/maphash"
	"sync"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/identity"
)

// Protocol describes Tuya over UDP, where devices announce themselves, and
// over TCP, where they are controlled.
var Protocol = proto.Protocol{
	ID:    event.ProtoTuya,
	TCP:   true,
	UDP:   true,
	Ports: []uint16{6666, 6667, 6668, 7000},
	Probe: probe,
	New:   func() proto.Parser { return new(parser) },
}

const (
	maxText      = 64
	maxAnomalies = 16
)

var errLost = errors.New("tuya: the frame boundary is lost")

// probe recognises a frame by the marks around it.
func probe(s *proto.Sample) proto.Match {
	var f Frame
	b := s.Newest()
	n, err := Decode(&f, b)
	switch {
	case err == nil && (s.Conn.Transport == 6 || n == len(b)):
		return proto.Yes
	case err == ErrShort && s.Conn.Transport == 6:
		return proto.More
	}
	return proto.No
}

// parser is the state of one flow.
type parser struct {
	told      identity.Once
	last      announcement // of the fact made last of a broadcast
	sum       uint64       // of the broadcast seen last, as it lay
	begun     bool
	anomalies int
}

// announcement is what a device broadcasts.
type announcement struct {
	GatewayID  string `json:"gwId"`
	ProductKey string `json:"productKey"`
	Version    string `json:"version"`
}

var texts = sync.Pool{New: func() any { return new([]byte) }}

var seed = maphash.MakeSeed()

// Data reads a datagram, or the frames of a stream.
func (p *parser) Data(c *proto.Conn, dir event.Dir, b []byte) (int, error) {
	var f Frame
	if c.Transport != 6 {
		c.Message(dir)
		if n, err := Decode(&f, b); err != nil || n != len(b) {
			p.anomaly(c, dir, "frame")
			return len(b), nil
		}
		p.frame(c, dir, &f)
		return len(b), nil
	}
	done := 0
	for done < len(b) {
		n, err := Decode(&f, b[done:])
		if err == ErrShort {
			break
		}
		if err != nil && n == 0 {
			if p.begun {
				p.anomaly(c, dir, "frame")
			}
			return done, errLost
		}
		c.Message(dir)
		p.begun = true
		done += n
		if err != nil {
			p.anomaly(c, dir, "checksum")
			continue
		}
		p.frame(c, dir, &f)
	}
	return done, nil
}

func (p *parser) anomaly(c *proto.Conn, dir event.Dir, name string) {
	if p.anomalies++; p.anomalies > maxAnomalies {
		c.Errors++
		return
	}
	c.Anomaly(event.ProtoTuya, dir, name, "")
}

// frame makes the fact of a frame. Broadcasts, which come every few seconds,
// make one when they say something new; heartbeats make none.
func (p *parser) frame(c *proto.Conn, dir event.Dir, f *Frame) {
	if f.Command == heartbeat {
		return
	}
	var a announcement
	encrypted := !isObject(f.Data)
	if c.Transport != 6 {
		sum := maphash.Bytes(seed, f.Data)
		if sum == p.sum {
			return
		}
		p.sum = sum
		buf := texts.Get().(*[]byte)
		defer texts.Put(buf)
		text, _, ok := f.OpenBroadcast((*buf)[:0])
		*buf = text[:0]
		if ok && json.Unmarshal(text, &a) != nil {
			a = announcement{}
		}
		if a != (announcement{}) && a == p.last {
			return
		}
		p.last = a
	} else if !encrypted && json.Unmarshal(f.Data, &a) != nil {
		a = announcement{}
	}
	e := proto.Emit[event.Tuya](c, dir)
	e.Command, e.Name, e.Encrypted = f.Command, CommandName(f.Command), encrypted
	e.GatewayID, e.ProductKey = c.Head([]byte(a.GatewayID), maxText), c.Head([]byte(a.ProductKey), maxText)
	if e.Version = c.Head([]byte(a.Version), maxText); e.Version == "" {
		e.Version = version(f)
	}
	if e.GatewayID != "" {
		p.told.Tell(c, dir, &event.Identity{Source: "tuya.announce", Vendor: "Tuya", Serial: e.GatewayID})
	}
}

// version tells the protocol's version from the frame alone, as far as it can
// be told: by the framing, or by the mark before encrypted data.
func version(f *Frame) string {
	switch {
	case f.GCM:
		return "3.5"
	case f.HMAC:
		return "3.4"
	case len(f.Data) >= 3 && f.Data[0] == '3' && f.Data[1] == '.':
		switch f.Data[2] {
		case '1':
			return "3.1"
		case '2':
			return "3.2"
		case '3':
			return "3.3"
		}
	}
	return ""
}

// Gap ends the reading of a stream, in which a frame cannot be found again.
func (p *parser) Gap(c *proto.Conn, _ event.Dir, _ int) bool { return c.Transport != 6 }

// End has nothing left to say.
func (p *parser) End(*proto.Conn) {}

// Reset makes the parser as new.
func (p *parser) Reset() { *p = parser{} }
