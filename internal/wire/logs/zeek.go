package logs

import (
	"bytes"

	"edgeward/internal/event"
)

// zeekTable reads a table of Zeek: with tabs and a header of lines that begin
// with a number sign, or CSV under one line of names.
type zeekTable struct {
	lines
	csv       bool
	kind      kind
	separator byte
	empty     []byte
	unset     []byte
	columns   []column
	present   [columnCount]bool
	row       row
	started   bool
}

// next reads one line.
func (t *zeekTable) next(r *Reader) error {
	if !t.started {
		t.start()
	}
	line, err := t.read(r)
	if err != nil {
		return err
	}
	switch {
	case len(bytes.TrimSpace(line)) == 0:
		return nil
	case t.csv && t.columns == nil:
		t.csvHeader(line)
		t.recognise()
		return nil
	case line[0] == '#' && !t.csv:
		return t.directive(line)
	case t.columns == nil:
		return bad("a line of values comes before the names of the columns")
	}
	if t.kind == kindOther || t.kind == kindNone {
		return errSkip
	}
	t.row.clear()
	t.row.scratch = t.row.scratch[:0]
	if t.csv {
		err = t.csvValues(line)
	} else {
		err = t.values(line)
	}
	if err != nil {
		return err
	}
	return r.zeek(&t.row, t.kind)
}

func (t *zeekTable) start() {
	t.started = true
	t.separator, t.row.list = '\t', ','
	t.empty, t.unset = []byte("(empty)"), []byte("-")
}

// drain has nothing: each line is done with at once.
func (t *zeekTable) drain(*Reader, int) bool { return true }

// directive reads a line of the header.
func (t *zeekTable) directive(line []byte) error {
	name, value, _ := bytes.Cut(line, []byte{t.separator})
	if v, ok := bytes.CutPrefix(line, []byte("#separator ")); ok { // the one that is followed by a space
		w := t.row.unescape(bytes.TrimSpace(v))
		if len(w) != 1 {
			return bad("the separator %q is not one byte", clip(v))
		}
		t.separator = w[0]
		return nil
	}
	switch string(name) {
	case "#set_separator":
		if len(value) > 0 {
			t.row.list = value[0]
		}
	case "#empty_field":
		t.empty = bytes.Clone(value)
	case "#unset_field":
		t.unset = bytes.Clone(value)
	case "#path":
		t.kind = kindOfPath(bytes.TrimSpace(value))
	case "#fields":
		t.columns = t.columns[:0]
		clear(t.present[:])
		for len(value) > 0 {
			field, rest, _ := bytes.Cut(value, []byte{t.separator})
			t.add(field)
			value = rest
		}
		t.recognise()
	}
	return nil
}

// maxColumns bounds a table.
const maxColumns = 1024

func (t *zeekTable) add(name []byte) {
	if len(t.columns) >= maxColumns {
		return
	}
	c := columnNames[string(bytes.TrimSpace(name))]
	t.columns = append(t.columns, c)
	t.present[c] = true
}

// recognise finds out which log it is from the columns, when nothing said so.
func (t *zeekTable) recognise() {
	if k := kindOf(func(c column) bool { return t.present[c] }); k != kindNone && (t.kind == kindNone || t.csv) {
		t.kind = k
	}
}

// values takes a line apart.
func (t *zeekTable) values(line []byte) error {
	for i, c := range t.columns {
		v, rest, more := bytes.Cut(line, []byte{t.separator})
		t.value(c, v)
		if !more {
			if i+1 < len(t.columns) {
				return t.tooFew(i + 1)
			}
			return nil
		}
		line = rest
	}
	return nil
}

// tooFew complains about a line that ends early, unless what is missing at its
// end is not read anyway.
func (t *zeekTable) tooFew(n int) error {
	for _, c := range t.columns[n:] {
		if c != colNone {
			return bad("%d values for %d columns", n, len(t.columns))
		}
	}
	return nil
}

func (t *zeekTable) value(c column, v []byte) {
	switch {
	case c == colNone || bytes.Equal(v, t.unset):
	case bytes.Equal(v, t.empty):
		t.row.set(c, v[:0])
	default:
		t.row.set(c, v)
	}
}

// csvHeader reads the names of the columns.
func (t *zeekTable) csvHeader(line []byte) {
	if !t.started {
		t.start()
	}
	t.separator = ','
	for _, c := range []byte("\t;|") {
		if bytes.IndexByte(line, c) >= 0 && bytes.IndexByte(line, ',') < 0 {
			t.separator = c
			break
		}
	}
	t.columns = make([]column, 0, 32)
	for rest, more := line, true; more; {
		var field []byte
		var err error
		if field, rest, more, err = t.cell(rest); err != nil {
			return
		}
		t.add(field)
	}
}

// csvValues takes a line apart (RFC 4180; a value does not go beyond its line).
func (t *zeekTable) csvValues(line []byte) error {
	rest, more := line, true
	for i, c := range t.columns {
		if !more {
			return t.tooFew(i)
		}
		var v []byte
		var err error
		if v, rest, more, err = t.cell(rest); err != nil {
			return err
		}
		if len(v) > 0 {
			t.value(c, v)
		}
	}
	return nil
}

// cell gives the first value of a line, the rest, and whether there is one.
func (t *zeekTable) cell(b []byte) (v, rest []byte, more bool, err error) {
	if len(b) == 0 || b[0] != '"' {
		v, rest, more = bytes.Cut(b, []byte{t.separator})
		return v, rest, more, nil
	}
	from := len(t.row.scratch)
	for b = b[1:]; ; {
		i := bytes.IndexByte(b, '"')
		if i < 0 {
			return nil, nil, false, bad("a quotation mark is missing")
		}
		t.row.scratch = append(t.row.scratch, b[:i]...)
		if b = b[i+1:]; len(b) == 0 || b[0] != '"' {
			break
		}
		t.row.scratch = append(t.row.scratch, '"')
		b = b[1:]
	}
	v = t.row.scratch[from:len(t.row.scratch):len(t.row.scratch)]
	if len(b) == 0 {
		return v, nil, false, nil
	}
	if b[0] != t.separator {
		return nil, nil, false, bad("something follows a quoted value")
	}
	return v, b[1:], true, nil
}

// zeekJSON reads Zeek's logs as JSON lines; each line may be of another log.
type zeekJSON struct {
	lines
	kind kind // of lines that do not tell themselves
	row  row
}

// next reads one line.
func (z *zeekJSON) next(r *Reader) error {
	line, err := z.read(r)
	if err != nil {
		return err
	}
	if len(bytes.TrimSpace(line)) == 0 {
		return nil
	}
	if err := r.doc.parse(line); err != nil {
		return err
	}
	r.joined = z.row.json(&r.doc, r.joined[:0])
	k := z.row.kind()
	if k == kindNone {
		k = z.kind
	}
	if k == kindNone || k == kindOther {
		return errSkip
	}
	return r.zeek(&z.row, k)
}

// drain has nothing: each line is done with at once.
func (z *zeekJSON) drain(*Reader, int) bool { return true }

// zeek makes the facts of one line.
func (r *Reader) zeek(w *row, k kind) error {
	h := r.header()
	if err := zeekHeader(w, k, &h); err != nil {
		return err
	}
	switch k {
	case kindConn:
		return r.zeekConn(w, &h)
	case kindDNS:
		r.zeekDNS(w, &h)
	case kindHTTP:
		r.zeekHTTP(w, &h)
	case kindSSL:
		r.zeekSSL(w, &h)
	case kindMQTTConnect, kindMQTTPublish, kindMQTTSubscribe:
		r.zeekMQTT(w, k, &h)
	case kindDHCP:
		r.zeekDHCP(w, &h)
	case kindSSH:
		r.zeekSSH(w, &h)
	case kindSoftware:
		r.zeekSoftware(w, &h)
	}
	return nil
}

// zeekHeader reads what all logs have in common.
func zeekHeader(w *row, k kind, h *event.Header) error {
	var ok bool
	if h.Time, ok = parseTime(w.get(colTS)); !ok {
		return bad("the time %q is none", clip(w.get(colTS)))
	}
	h.Flow = flowID(w.get(colUID))
	if k == kindDHCP || k == kindSoftware {
		return nil // they name no conversation
	}
	if h.Src, ok = parseAddr(w.get(colOrigH)); !ok {
		return bad("the address %q is none", clip(w.get(colOrigH)))
	}
	if h.Dst, ok = parseAddr(w.get(colRespH)); !ok {
		return bad("the address %q is none", clip(w.get(colRespH)))
	}
	for _, p := range []struct {
		to   *uint16
		from column
	}{{&h.SrcPort, colOrigP}, {&h.DstPort, colRespP}} {
		v, ok := parseUint(w.get(p.from))
		if w.has(p.from) && (!ok || v > 65535) {
			return bad("the port %q is none", clip(w.get(p.from)))
		}
		*p.to = uint16(v)
	}
	switch {
	case w.has(colProto):
		h.Transport = transport(w.get(colProto), h.Src.Is6())
	case k == kindDNS:
		h.Transport = protoUDP
	default:
		h.Transport = protoTCP
	}
	h.SrcMAC, h.DstMAC, h.VLAN = mac(w.get(colOrigMAC)), mac(w.get(colRespMAC)), count16(w.get(colVLAN))&0xfff
	return nil
}

// clip shortens what goes into a message.
func clip(b []byte) string {
	if len(b) > 40 {
		return string(b[:40]) + "..."
	}
	return string(b)
}
