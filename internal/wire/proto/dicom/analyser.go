package dicom

import (
	"bytes"
	"time"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/exchange"
	"edgeward/internal/wire/proto/pending"
)

// Protocol describes DICOM to the packet path.
var Protocol = proto.Protocol{
	ID:    event.ProtoDICOM,
	TCP:   true,
	Ports: []uint16{104, 11112, 4242},
	Probe: probe,
	New: func() proto.Parser {
		a := new(analyser)
		a.Reset()
		return a
	},
}

// Limits of what one flow may make the analyser keep.
const (
	maxCommand    = 8 << 10   // of a command set, which has a dozen short elements
	maxIdentifier = 32 << 10  // of a query's identifier, while it is looked at
	maxServices   = 32        // names in a fact
	maxRequests   = 32        // that wait for their final answer
	patience      = time.Hour // a retrieval of a large study takes its time
	maxPData      = 1 << 20   // of a PDU met in the middle of a stream
)

// probe recognises the PDU at the beginning of either direction.
func probe(s *proto.Sample) proto.Match {
	best := proto.No
	for _, b := range s.Data {
		if len(b) == 0 {
			continue
		}
		switch m := probeOne(b); m {
		case proto.No:
			return proto.No
		default:
			best = max(best, m)
		}
	}
	return best
}

func probeOne(b []byte) proto.Match {
	if len(b) < HeaderLen {
		if len(b) > 0 && b[0] >= 1 && b[0] <= 7 && (len(b) < 2 || b[1] == 0) {
			return proto.More
		}
		return proto.No
	}
	typ, n, err := DecodeHeader(b)
	if err != nil || b[1] != 0 {
		return proto.No
	}
	body := b[HeaderLen:]
	switch typ {
	case AssociateRQ, AssociateAC:
		const items = assocFixed + 4 + len(ApplicationContext)
		if len(body) < items {
			return proto.More
		}
		if body[0] != 0 || body[1]&1 == 0 || body[2] != 0 || body[3] != 0 || body[assocFixed] != itemApplication ||
			!isTitle(body[4:20]) || !isTitle(body[20:36]) ||
			!bytes.HasPrefix(body[assocFixed+4:], []byte(ApplicationContext)) {
			return proto.No
		}
		return proto.Yes
	case AssociateRJ:
		if len(body) < 4 {
			return proto.More
		}
		if body[0] != 0 || body[1] < 1 || body[1] > 2 || body[2] < 1 || body[2] > 3 || body[3] == 0 || body[3] > 10 {
			return proto.No
		}
		return proto.Weak
	case PData:
		return probeData(body, n)
	}
	if len(body) < 4 {
		return proto.More
	}
	if body[0] != 0 || body[1] != 0 || typ != Abort && (body[2] != 0 || body[3] != 0) || body[2] > 2 || body[3] > 6 {
		return proto.No
	}
	return proto.Weak
}

// probeData recognises a P-DATA-TF met in the middle of an association: one
// that begins with a command set is unmistakable.
func probeData(body []byte, n uint32) proto.Match {
	var v PDV
	m, err := decodePDVHeader(&v, body)
	if err == ErrShort {
		return proto.More
	}
	if err != nil || n > maxPData || m+pdvHeaderLen > n {
		return proto.No
	}
	if !v.Command {
		return proto.Weak
	}
	body = body[pdvHeaderLen:]
	if len(body) < 8 {
		return proto.More
	}
	if string(body[:8]) == "\x00\x00\x00\x00\x04\x00\x00\x00" {
		return proto.Yes
	}
	return proto.Weak
}

// isTitle reports whether b can be an AE title: printable ASCII without a
// backslash, padded with spaces, or with nulls as some send it.
func isTitle(b []byte) bool {
	for _, c := range b {
		if c != 0 && (c < 0x20 || c > 0x7e || c == '\\') {
			return false
		}
	}
	return true
}

// request is a DIMSE request that waits for its final answer.
type request struct {
	from     event.Dir
	field    uint16
	service  string // constant
	sop      exchange.Text
	moveTo   exchange.Text
	wildcard bool
	results  uint32
	subOps   uint32
}

// stream is one direction of the association.
type stream struct {
	left       uint32 // octets of the current P-DATA-TF not yet parsed
	lost       bool   // looking for the next PDU after a gap
	command    []byte // fragments of a command set
	identifier []byte // fragments of a query's identifier, cleared after use
	query      bool   // the data set that follows is the identifier of queryID
	queryID    uint16
	last       Command
}

// analyser makes facts of one association.
type analyser struct {
	streams         [2]stream
	called, calling exchange.Text
	services        []string // asked for, constants
	queries         contexts // ask for query or retrieval of images
	worklists       contexts // ask for what only modalities ask for
	implUID, impl   exchange.Text
	asked           bool // an association request waits for its answer
	identified      [2]bool
	login           login
	release         int8 // 1 + direction of a release request without answer
	requests        pending.Table[request]
	assoc           Associate
}

// contexts is a set of presentation context ids.
type contexts [4]uint64

func (x *contexts) add(id uint8)      { x[id>>6] |= 1 << (id & 63) }
func (x *contexts) has(id uint8) bool { return x[id>>6]>>(id&63)&1 != 0 }

// login is an authentication attempt that waits for the association's answer.
type login struct {
	mechanism string // constant; empty when there is none
	user      exchange.Text
	secret    event.Secret
}

func (a *analyser) Reset() {
	for i := range a.streams {
		s := &a.streams[i]
		clear(s.identifier[:cap(s.identifier)])
		*s = stream{command: s.command[:0], identifier: s.identifier[:0]}
	}
	a.called.Reset()
	a.calling.Reset()
	a.implUID.Reset()
	a.impl.Reset()
	a.services = a.services[:0]
	a.asked, a.release = false, 0
	a.identified = [2]bool{}
	a.login.mechanism, a.login.secret = "", event.Secret{}
	a.login.user.Reset()
	a.queries, a.worklists = contexts{}, contexts{}
	a.requests.Init(maxRequests, patience)
}

// Gap forgets what was half read in that direction; the next PDU is found by
// its header.
func (a *analyser) Gap(_ *proto.Conn, dir event.Dir, _ int) bool {
	s := &a.streams[dir]
	s.left, s.lost, s.query = 0, true, false
	s.command, s.identifier = s.command[:0], s.identifier[:0]
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
		if s.left > 0 {
			n := a.fragment(c, dir, rest)
			if n == 0 {
				return done, nil
			}
			done += n
			continue
		}
		typ, length, err := DecodeHeader(rest)
		if err == ErrShort {
			return done, nil
		}
		if err != nil {
			exchange.Anomaly(c, event.ProtoDICOM, dir, "dicom_malformed_pdu", err.Error())
			s.lost = true
			done++
			continue
		}
		if typ == PData {
			c.Message(dir)
			s.left = length
			done += HeaderLen
			continue
		}
		if len(rest) < HeaderLen+int(length) {
			return done, nil
		}
		c.Message(dir)
		a.control(c, dir, typ, rest[HeaderLen:HeaderLen+int(length)])
		done += HeaderLen + int(length)
	}
	return done, nil
}

// fragment reads one presentation data value of the current P-DATA-TF. It
// gives 0 when more bytes are needed, and more than len(b) to skip a data set.
func (a *analyser) fragment(c *proto.Conn, dir event.Dir, b []byte) int {
	s := &a.streams[dir]
	var v PDV
	n, err := decodePDVHeader(&v, b)
	if err == ErrShort {
		if s.left < pdvHeaderLen {
			return s.broken(c, dir, "presentation data value is cut")
		}
		return 0
	}
	if err != nil || uint64(n)+pdvHeaderLen > uint64(s.left) {
		return s.broken(c, dir, "presentation data value exceeds the PDU")
	}
	whole := pdvHeaderLen + int(n)
	wanted := v.Command && len(s.command)+int(n) <= maxCommand ||
		!v.Command && s.query && len(s.identifier)+int(n) <= maxIdentifier
	if wanted && len(b) < whole {
		return 0
	}
	s.left -= uint32(whole)
	if !wanted {
		a.skipped(c, dir, &v)
		return whole
	}
	v.Data = b[pdvHeaderLen:whole]
	if v.Command {
		a.commandPart(c, dir, &v)
	} else {
		a.identifierPart(dir, &v)
	}
	return whole
}

// broken reports a P-DATA-TF whose items do not fit, and skips the rest of it.
func (s *stream) broken(c *proto.Conn, dir event.Dir, detail string) int {
	n := int(s.left)
	s.left, s.command, s.identifier = 0, s.command[:0], s.identifier[:0]
	exchange.Anomaly(c, event.ProtoDICOM, dir, "dicom_malformed_pdv", detail)
	return n
}

// skipped is called for a fragment that is not looked at.
func (a *analyser) skipped(c *proto.Conn, dir event.Dir, v *PDV) {
	s := &a.streams[dir]
	if v.Command {
		s.command = s.command[:0]
		exchange.Anomaly(c, event.ProtoDICOM, dir, "dicom_oversize_command", "command set of more than 8192 octets")
		return
	}
	if s.query {
		clear(s.identifier)
		s.identifier, s.query = s.identifier[:0], false
	}
}

// commandPart collects a command set; most come in one fragment.
func (a *analyser) commandPart(c *proto.Conn, dir event.Dir, v *PDV) {
	s := &a.streams[dir]
	set := v.Data
	if !v.Last || len(s.command) > 0 {
		s.command = append(s.command, v.Data...)
		set = s.command
	}
	if !v.Last {
		return
	}
	s.command = s.command[:0]
	if err := DecodeCommand(&s.last, set); err != nil {
		exchange.Anomaly(c, event.ProtoDICOM, dir, "dicom_malformed_command", err.Error())
		return
	}
	a.command(c, dir, &s.last)
}

// identifierPart looks at the keys of a query and forgets them.
func (a *analyser) identifierPart(dir event.Dir, v *PDV) {
	s := &a.streams[dir]
	set := v.Data
	if !v.Last || len(s.identifier) > 0 {
		s.identifier = append(s.identifier, v.Data...)
		set = s.identifier
	}
	if !v.Last {
		return
	}
	all, ok := matchesEverybody(set)
	if q := a.requests.Find(requestKey(dir, s.queryID)); q != nil && ok {
		q.wildcard = all
	}
	clear(s.identifier)
	s.identifier, s.query = s.identifier[:0], false
}

// resync looks for the header of a PDU and gives the number of bytes before
// it, or how many can be thrown away when there is none.
func resync(b []byte) (int, bool) {
	for i := range b {
		m := probeOne(b[i:])
		if m == proto.More && len(b)-i < HeaderLen+assocFixed+64 {
			return i, false
		}
		if m >= proto.Weak {
			return i, true
		}
	}
	return len(b), false
}
