package segment

import (
	"math"
	"sort"

	"edgeward/internal/event"
	"edgeward/internal/query"
)

// texts is a column of text: value i is dict[idx[i]], or dict[i] when idx is nil.
type texts struct {
	dict []string
	idx  []int32
}

func (t *texts) at(i int32) string {
	if t.idx != nil {
		i = t.idx[i]
	}
	return t.dict[i]
}

// numbers is a column of numbers in the same form.
type numbers struct {
	dict []int64
	idx  []int32
}

func (n *numbers) at(i int32) int64 {
	if n.idx != nil {
		i = n.idx[i]
	}
	return n.dict[i]
}

// block is a run of rows in order of time: a row group of a file, or a part of
// the tail. One goroutine uses it.
type block interface {
	len() int
	texts(c query.Column) (*texts, error)
	numbers(c query.Column) (*numbers, error)
	// bodies calls fn with the bodies of the rows in sel, until it gives false.
	bodies(sel []int32, fn func(row int32, body string) bool) error
	// rows gives whole rows.
	rows(sel []int32) ([]row, error)
	// ids gives the numbers of the facts.
	ids() (*numbers, error)
}

// isText reports whether a column holds text (or bytes) and not numbers.
func isText(c query.Column) bool {
	switch c {
	case query.ColKind, query.ColSensor, query.ColProtocol, query.ColSrcMAC, query.ColDstMAC, query.ColSrc, query.ColDst,
		query.ColName, query.ColVerb, query.ColPath, query.ColUser, query.ColStatus, query.ColCapture:
		return true
	}
	return false
}

// textOf gives a row's value of a text column.
func (r *row) textOf(c query.Column) string {
	switch c {
	case query.ColKind:
		return r.Kind
	case query.ColSensor:
		return r.Sensor
	case query.ColProtocol:
		return r.Protocol
	case query.ColSrcMAC:
		return r.SrcMAC
	case query.ColDstMAC:
		return r.DstMAC
	case query.ColSrc:
		return r.Src
	case query.ColDst:
		return r.Dst
	case query.ColName:
		return r.Name
	case query.ColVerb:
		return r.Verb
	case query.ColPath:
		return r.Path
	case query.ColUser:
		return r.User
	case query.ColStatus:
		return r.Status
	case query.ColCapture:
		return r.Capture
	}
	return ""
}

// numberOf gives a row's value of a column of numbers.
func (r *row) numberOf(c query.Column) int64 {
	switch c {
	case query.ColTime:
		return r.Time
	case query.ColScope:
		return int64(r.Scope)
	case query.ColTransport:
		return int64(r.Transport)
	case query.ColVLAN:
		return int64(r.VLAN)
	case query.ColSrcPort:
		return int64(r.SrcPort)
	case query.ColDstPort:
		return int64(r.DstPort)
	case query.ColSrcHost:
		return r.SrcHost
	case query.ColDstHost:
		return r.DstHost
	case query.ColBytesOut:
		return r.BytesOut
	case query.ColBytesIn:
		return r.BytesIn
	case query.ColBytes:
		return r.BytesOut + r.BytesIn
	case query.ColPackets:
		return r.Packets
	case query.ColFlow:
		return int64(r.Flow)
	case query.ColPacket:
		return r.Packet
	case query.ColIngest:
		return r.Ingest
	}
	return 0
}

// tailBlock is a part of the tail: rows in memory, which never change.
type tailBlock struct{ list []*row }

func (b tailBlock) len() int { return len(b.list) }

func (b tailBlock) texts(c query.Column) (*texts, error) {
	t := &texts{dict: make([]string, len(b.list))}
	for i, r := range b.list {
		t.dict[i] = r.textOf(c)
	}
	return t, nil
}

func (b tailBlock) numbers(c query.Column) (*numbers, error) {
	n := &numbers{dict: make([]int64, len(b.list))}
	for i, r := range b.list {
		n.dict[i] = r.numberOf(c)
	}
	return n, nil
}

func (b tailBlock) ids() (*numbers, error) {
	n := &numbers{dict: make([]int64, len(b.list))}
	for i, r := range b.list {
		n.dict[i] = int64(r.ID)
	}
	return n, nil
}

func (b tailBlock) bodies(sel []int32, fn func(int32, string) bool) error {
	for _, i := range sel {
		if !fn(i, b.list[i].Body) {
			break
		}
	}
	return nil
}

func (b tailBlock) rows(sel []int32) ([]row, error) {
	out := make([]row, len(sel))
	for i, s := range sel {
		out[i] = *b.list[s]
	}
	return out, nil
}

// evaluator finds the rows of blocks that pass a query. It is used by one
// goroutine.
type evaluator struct {
	scratch bodies
	all     []int32
}

// between gives the rows of a block in [from, to); 0 is open.
func (e *evaluator) between(b block, from, to int64) ([]int32, error) {
	n := b.len()
	if len(e.all) < n {
		e.all = make([]int32, n)
		for i := range e.all {
			e.all[i] = int32(i)
		}
	}
	sel := e.all[:n]
	if from == 0 && to == 0 {
		return sel, nil
	}
	if from == 0 {
		from = math.MinInt64
	}
	if to == 0 {
		to = math.MaxInt64
	}
	t, err := b.numbers(query.ColTime)
	if err != nil {
		return nil, err
	}
	if _, unsorted := b.(tailBlock); !unsorted {
		lo := sort.Search(n, func(i int) bool { return t.at(int32(i)) >= from })
		hi := lo + sort.Search(n-lo, func(i int) bool { return t.at(int32(lo+i)) >= to })
		return sel[lo:hi], nil
	}
	var out []int32
	for _, i := range sel {
		if v := t.at(i); v >= from && v < to {
			out = append(out, i)
		}
	}
	return out, nil
}

// eval gives those rows of sel that pass. The result may share memory with
// sel, which it does not change.
func (e *evaluator) eval(b block, n *query.Node, sel []int32) ([]int32, error) {
	if len(sel) == 0 {
		return nil, nil
	}
	switch n.Op {
	case query.And:
		var err error
		for _, late := range []bool{false, true} { // what reads bodies comes last
			for _, k := range n.Kids {
				if readsBody(k) != late {
					continue
				}
				if sel, err = e.eval(b, k, sel); err != nil || len(sel) == 0 {
					return nil, err
				}
			}
		}
		return sel, nil
	case query.Or:
		var out []int32
		for _, k := range n.Kids {
			got, err := e.eval(b, k, sel)
			if err != nil {
				return nil, err
			}
			out = union(out, got)
		}
		return out, nil
	case query.Not:
		got, err := e.eval(b, n.Kids[0], sel)
		if err != nil {
			return nil, err
		}
		return minus(sel, got), nil
	case query.Match:
		return e.test(b, n.Test, sel)
	}
	return sel, nil
}

func readsBody(n *query.Node) bool {
	if n.Op == query.Match {
		return len(n.Test.Body) > 0
	}
	for _, k := range n.Kids {
		if readsBody(k) {
			return true
		}
	}
	return false
}

// union merges two ascending lists.
func union(a, b []int32) []int32 {
	if len(a) == 0 {
		return b
	}
	if len(b) == 0 {
		return a
	}
	out := make([]int32, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		switch {
		case a[0] < b[0]:
			out, a = append(out, a[0]), a[1:]
		case a[0] > b[0]:
			out, b = append(out, b[0]), b[1:]
		default:
			out, a, b = append(out, a[0]), a[1:], b[1:]
		}
	}
	return append(append(out, a...), b...)
}

// minus gives what is in a and not in b, which is a part of it.
func minus(a, b []int32) []int32 {
	if len(b) == 0 {
		return a
	}
	var out []int32
	for _, v := range a {
		if len(b) > 0 && b[0] == v {
			b = b[1:]
			continue
		}
		out = append(out, v)
	}
	return out
}

func (e *evaluator) test(b block, t *query.Test, sel []int32) ([]int32, error) {
	var out []int32
	for _, c := range t.Columns {
		got, err := e.column(b, t, c, sel)
		if err != nil {
			return nil, err
		}
		out = union(out, got)
	}
	if len(t.Body) > 0 {
		return e.body(b, t, sel)
	}
	return out, nil
}

// column tests a column: each value of a dictionary once.
func (e *evaluator) column(b block, t *query.Test, c query.Column, sel []int32) ([]int32, error) {
	if isText(c) {
		v, err := b.texts(c)
		if err != nil {
			return nil, err
		}
		pass := textTest(t, c)
		if pass == nil {
			return nil, nil
		}
		return filter(v.dict, v.idx, sel, pass), nil
	}
	v, err := b.numbers(c)
	if err != nil || t.Num == nil {
		return nil, err
	}
	return filter(v.dict, v.idx, sel, t.Num), nil
}

// textTest gives the test of a column's stored form.
func textTest(t *query.Test, c query.Column) func(string) bool {
	switch c {
	case query.ColSrc, query.ColDst:
		if t.Addr == nil {
			return nil
		}
		return func(s string) bool { return t.Addr(addrOf(s)) }
	case query.ColSrcMAC, query.ColDstMAC:
		if t.Text == nil {
			return nil
		}
		return func(s string) bool {
			if s == "" {
				return t.Text("")
			}
			return t.Text(macOf(s).String())
		}
	}
	return t.Text
}

func filter[T any](dict []T, idx []int32, sel []int32, pass func(T) bool) []int32 {
	var out []int32
	if idx == nil {
		for _, i := range sel {
			if pass(dict[i]) {
				out = append(out, i)
			}
		}
		return out
	}
	good := make([]bool, len(dict))
	some, every := false, true
	for i, v := range dict {
		good[i] = pass(v)
		some, every = some || good[i], every && good[i]
	}
	switch {
	case !some:
		return nil
	case every:
		return sel
	}
	for _, i := range sel {
		if good[idx[i]] {
			out = append(out, i)
		}
	}
	return out
}

// body tests fields of bodies, of those kinds only that have them.
func (e *evaluator) body(b block, t *query.Test, sel []int32) ([]int32, error) {
	kinds, err := b.texts(query.ColKind)
	if err != nil {
		return nil, err
	}
	sel = filter(kinds.dict, kinds.idx, sel, func(name string) bool {
		k, ok := event.KindByName(name)
		return ok && t.HasKind(k)
	})
	var out []int32
	err = b.bodies(sel, func(i int32, raw string) bool {
		k, _ := event.KindByName(kinds.at(i))
		body, err := e.scratch.decode(k, raw)
		if err == nil && t.MatchBody(body) {
			out = append(out, i)
		}
		return true
	})
	return out, err
}
