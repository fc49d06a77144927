package netflow

import (
	"encoding/binary"
	"slices"
)

const (
	maxTemplates = 128 // of one exporter
	maxFields    = 256 // of one template; a longer one is not kept
	variable     = 0xffff
)

// Set ids (RFC 3954 section 5.2, RFC 7011 section 3.3.2).
const (
	v9Templates      = 0
	v9Options        = 1
	ipfixTemplates   = 2
	ipfixOptions     = 3
	firstDataSet     = 256
	v9HeaderLen      = 20
	ipfixHeaderLen   = 16
	setHeaderLen     = 4
	enterpriseBit    = 0x8000
	reverseDirection = 29305 // enterprise number of reverse elements (RFC 5103 section 6.1)
)

type templateKey struct {
	version uint16
	id      uint16
	domain  uint32
}

// template is the layout of data records.
type template struct {
	fields  []field
	size    int  // of the smallest record
	options bool // its records describe the exporter, not flows
}

type field struct {
	length uint16
	what   element
}

// message is what the sets of one message have in common.
type message struct {
	version uint16
	domain  uint32
	now     int64
	uptime  uint32 // of version 9, milliseconds
}

func (d *Decoder) decodeV9(b []byte, each func(*Record)) (int, error) {
	if len(b) < v9HeaderLen {
		return 0, ErrShort
	}
	m := message{
		version: V9, uptime: binary.BigEndian.Uint32(b[4:]),
		now: int64(binary.BigEndian.Uint32(b[8:])) * second, domain: binary.BigEndian.Uint32(b[16:]),
	}
	n := v9HeaderLen
	for len(b)-n >= setHeaderLen {
		id, size := binary.BigEndian.Uint16(b[n:]), int(binary.BigEndian.Uint16(b[n+2:]))
		if id > v9Options && id < firstDataSet {
			break // no set: another header
		}
		if size < setHeaderLen {
			return n, ErrSet
		}
		if len(b)-n < size {
			return 0, ErrShort
		}
		d.set(&m, id, b[n+setHeaderLen:n+size], each)
		n += size
	}
	if n == v9HeaderLen {
		if len(b) < n+setHeaderLen {
			return 0, ErrShort
		}
		return 0, ErrHeader
	}
	d.Stats.Messages++
	return n, nil
}

func (d *Decoder) decodeIPFIX(b []byte, each func(*Record)) (int, error) {
	if len(b) < ipfixHeaderLen {
		return 0, ErrShort
	}
	end := int(binary.BigEndian.Uint16(b[2:]))
	if end < ipfixHeaderLen {
		return 0, ErrHeader
	}
	if len(b) < end {
		return 0, ErrShort
	}
	m := message{version: IPFIX, now: int64(binary.BigEndian.Uint32(b[4:])) * second, domain: binary.BigEndian.Uint32(b[12:])}
	for n := ipfixHeaderLen; n < end; {
		if end-n < setHeaderLen {
			return end, ErrSet
		}
		id, size := binary.BigEndian.Uint16(b[n:]), int(binary.BigEndian.Uint16(b[n+2:]))
		if size < setHeaderLen || size > end-n {
			return end, ErrSet
		}
		d.set(&m, id, b[n+setHeaderLen:n+size], each)
		n += size
	}
	d.Stats.Messages++
	return end, nil
}

// set reads the content of one set.
func (d *Decoder) set(m *message, id uint16, b []byte, each func(*Record)) {
	switch {
	case id == v9Templates && m.version == V9 || id == ipfixTemplates && m.version == IPFIX:
		d.learn(m, b)
	case id == v9Options && m.version == V9:
		d.learnOptionsV9(m, b)
	case id == ipfixOptions && m.version == IPFIX:
		d.learnOptions(m, b)
	case id >= firstDataSet:
		t := d.templates[templateKey{m.version, id, m.domain}]
		if t == nil {
			d.Stats.NoTemplate++
			return
		}
		switch {
		case !t.options:
			d.data(m, t, b, each)
		case len(t.fields) > 0:
			d.data(m, t, b, nil)
		}
	}
}

// learn takes in a template set. What is left at its end is padding.
func (d *Decoder) learn(m *message, b []byte) {
	for len(b) >= 4 {
		id, count := binary.BigEndian.Uint16(b), int(binary.BigEndian.Uint16(b[2:]))
		if id < firstDataSet {
			return
		}
		b = b[4:]
		if count == 0 { // withdrawn (RFC 7011 section 8.1)
			d.forget(templateKey{m.version, id, m.domain})
			continue
		}
		t, n := layout(m.version, b, count)
		if n < 0 {
			return
		}
		b = b[n:]
		d.keep(templateKey{m.version, id, m.domain}, t)
	}
}

// learnOptions takes in an options template set of IPFIX. Of its records only
// the time at which the exporter started is read.
func (d *Decoder) learnOptions(m *message, b []byte) {
	for len(b) >= 6 {
		id, count := binary.BigEndian.Uint16(b), int(binary.BigEndian.Uint16(b[2:]))
		if id < firstDataSet {
			return
		}
		b = b[6:]
		t, n := layout(m.version, b, count)
		if n < 0 {
			return
		}
		b = b[n:]
		t.options = true
		if !t.tells(systemInitTime) {
			t.fields = nil
		}
		d.keep(templateKey{m.version, id, m.domain}, t)
	}
}

// learnOptionsV9 takes in an options template set of version 9, which counts
// in bytes and whose records are passed over.
func (d *Decoder) learnOptionsV9(m *message, b []byte) {
	for len(b) >= 6 {
		id := binary.BigEndian.Uint16(b)
		n := 6 + int(binary.BigEndian.Uint16(b[2:])) + int(binary.BigEndian.Uint16(b[4:]))
		if id < firstDataSet || n > len(b) {
			return
		}
		d.keep(templateKey{m.version, id, m.domain}, &template{options: true})
		b = b[n:]
	}
}

// layout reads the field specifiers of a template and gives their length in
// bytes, -1 when they are not whole. A template that is too long or has only
// empty fields is given as one whose records are passed over.
func layout(version uint16, b []byte, count int) (*template, int) {
	t := &template{fields: make([]field, 0, min(count, maxFields))}
	at := 0
	for range count {
		if len(b)-at < 4 {
			return nil, -1
		}
		id, length := binary.BigEndian.Uint16(b[at:]), binary.BigEndian.Uint16(b[at+2:])
		at += 4
		enterprise := uint32(0)
		if version == IPFIX && id&enterpriseBit != 0 {
			if len(b)-at < 4 {
				return nil, -1
			}
			enterprise = binary.BigEndian.Uint32(b[at:])
			at += 4
		}
		f := field{length, elementOf(id&^enterpriseBit, enterprise)}
		if version == V9 {
			f.what = elementOf(id, 0)
		}
		if version == IPFIX && length == variable {
			t.size++
		} else {
			t.size += int(length)
		}
		if len(t.fields) < maxFields {
			t.fields = append(t.fields, f)
		}
	}
	if count > maxFields || t.size == 0 {
		t.options, t.fields = true, nil
	}
	return t, at
}

// tells reports whether records of the template have an element.
func (t *template) tells(e element) bool {
	return slices.ContainsFunc(t.fields, func(f field) bool { return f.what == e })
}

// keep stores a template in place of the oldest when there are too many.
func (d *Decoder) keep(k templateKey, t *template) {
	d.Stats.Templates++
	if d.templates == nil {
		d.templates = map[templateKey]*template{}
	}
	if _, known := d.templates[k]; !known {
		if len(d.order) >= maxTemplates {
			d.Stats.Forgotten++
			d.forget(d.order[0])
		}
		d.order = append(d.order, k)
	}
	d.templates[k] = t
}

func (d *Decoder) forget(k templateKey) {
	delete(d.templates, k)
	if i := slices.Index(d.order, k); i >= 0 {
		d.order = slices.Delete(d.order, i, i+1)
	}
}

// data reads the records of a data set. What is shorter than a record at its
// end is padding.
func (d *Decoder) data(m *message, t *template, b []byte, each func(*Record)) {
	boot := d.boots[m.domain]
	if t.options {
		boot = 0
	}
	for len(b) >= t.size {
		r := d.begin(m.version, m.domain, m.now)
		v := values{message: m, boot: boot}
		for _, f := range t.fields {
			n := int(f.length)
			if m.version == IPFIX && f.length == variable {
				var ok bool
				if n, b, ok = variableLength(b); !ok {
					return
				}
			}
			if n > len(b) {
				return
			}
			v.set(r, f.what, b[:n])
			b = b[n:]
		}
		if t.options {
			d.boot(m.domain, v.boot)
			continue
		}
		v.finish(r)
		d.give(r, each)
	}
}

// boot remembers when an exporter started, as its options say.
func (d *Decoder) boot(domain uint32, at int64) {
	if at == 0 {
		return
	}
	if d.boots == nil || len(d.boots) >= maxTemplates {
		d.boots = map[uint32]int64{}
	}
	d.boots[domain] = at
}

// variableLength reads the length before a field of variable length (RFC 7011
// section 7).
func variableLength(b []byte) (int, []byte, bool) {
	if len(b) < 1 {
		return 0, b, false
	}
	n := int(b[0])
	if n < 255 {
		return n, b[1:], true
	}
	if len(b) < 3 {
		return 0, b, false
	}
	return int(binary.BigEndian.Uint16(b[1:])), b[3:], true
}
