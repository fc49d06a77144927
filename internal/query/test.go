package query

import (
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"edgeward/internal/event"
	"edgeward/internal/ident"
)

// Test compares a field with values. Of its functions those are set that the
// field's types need; they are safe for concurrent use.
type Test struct {
	Field   *Field
	Columns []Column // any of these; empty for body fields
	Body    []BodyField

	Text func(string) bool
	Num  func(int64) bool
	Addr func(netip.Addr) bool
	// Absent says whether a number or truth value that is not stored, which
	// means zero or false, passes.
	Absent bool
	// Exact and Hosts, when not empty, list all addresses or host keys that can
	// pass, by which a store leaves out files.
	Exact []netip.Addr
	Hosts []ident.HostKey

	times *span
}

// span is the time that a test is bound to.
type span struct{ from, to int64 }

// HasKind reports whether the test can match facts of a kind at all.
func (t *Test) HasKind(k event.Kind) bool {
	if len(t.Columns) > 0 {
		return true
	}
	return slices.ContainsFunc(t.Body, func(b BodyField) bool { return b.Kind == k })
}

// MatchBody reports whether a body's field passes.
func (t *Test) MatchBody(body event.Body) bool {
	kind := body.Kind()
	for i := range t.Body {
		b := &t.Body[i]
		if b.Kind != kind {
			continue
		}
		seen, ok := false, false
		body.Visit(func(index int, v event.Value) bool {
			if index != b.Index {
				return true
			}
			seen = true
			ok = t.matchValue(v)
			return !ok
		})
		if ok || !seen && t.Absent && (b.Type == TypeInt || b.Type == TypeBool) {
			return true
		}
	}
	return false
}

func (t *Test) matchValue(v event.Value) bool {
	switch v.Type {
	case event.Number, event.Boolean, event.Moment:
		return t.Num != nil && t.Num(v.Num)
	case event.Address:
		return t.Addr != nil && t.Addr(v.Addr)
	}
	return t.Text != nil && t.Text(v.Text)
}

// compare makes the node of a comparison.
func (p *parser) compare(f *Field, op string, values []literal) *Node {
	if f.Name == deviceField || f.Name == siteField || f.Name == lastField {
		return p.special(f, op, values)
	}
	negate := op == "!="
	if negate {
		op = ":"
	}
	t := &Test{Field: f, Columns: f.Columns, Body: f.Body}
	types := map[Type]bool{}
	if len(f.Columns) > 0 {
		types[f.Type] = true
	}
	for _, b := range f.Body {
		types[b.Type] = true
	}
	var problem string
	made := false
	for typ := range types {
		if why := p.make(t, typ, op, values); why != "" {
			problem = why
		} else {
			made = true
		}
	}
	if !made {
		p.fail(values[0].from, values[len(values)-1].to, "%s", problem)
		return nil
	}
	if f.Name == sensorField && !p.named(t, values) {
		return nil
	}
	n := p.node(&Node{Op: Match, Test: t})
	if !negate {
		return n
	}
	n = p.node(&Node{Op: Not, Kids: []*Node{n}})
	if len(f.Body) > 0 { // not that value, of the kinds that have the field
		kinds := map[string]bool{}
		for _, b := range f.Body {
			kinds[b.Kind.String()] = true
		}
		has := &Test{Field: FieldByName("kind"), Columns: []Column{ColKind}, Text: func(s string) bool { return kinds[s] }}
		n = p.node(&Node{Op: And, Kids: []*Node{{Op: Match, Test: has}, n}})
	}
	return n
}

// named lets a test of sensors pass by their names too: facts have ids only.
func (p *parser) named(t *Test, values []literal) bool {
	if p.o.Resolver == nil {
		return true
	}
	names, err := p.o.Resolver.SensorNames(p.ctx, p.o.Tenant)
	if err != nil {
		p.fail(values[0].from, values[len(values)-1].to, "%v", err)
		return false
	}
	text, passes := t.Text, map[string]bool{}
	for id, name := range names {
		passes[id] = text(name)
	}
	t.Text = func(id string) bool { return passes[id] || text(id) }
	return true
}

// make adds to the test what values of a type need, or says why it cannot.
func (p *parser) make(t *Test, typ Type, op string, values []literal) string {
	exists := op == ":" && len(values) == 1 && !values[0].quoted && values[0].text == "*"
	switch typ {
	case TypeIP:
		if exists {
			t.Addr = netip.Addr.IsValid
			return ""
		}
		return t.addresses(op, values)
	case TypeInt, TypeBool:
		if exists {
			t.Num = func(v int64) bool { return v != 0 }
			return ""
		}
		list, why := ranges(t.Field, typ, op, values)
		if why != "" {
			return why
		}
		t.Num = inRanges(list)
		t.Absent = t.Num(0)
	case TypeTime:
		if exists {
			t.Num = func(v int64) bool { return v != 0 }
			return ""
		}
		list, why := p.times(op, values)
		if why != "" {
			return why
		}
		t.Num = inRanges(list)
		if slices.Equal(t.Columns, []Column{ColTime}) && len(list) == 1 {
			s := &span{}
			if list[0].lo != math.MinInt64 {
				s.from = list[0].lo
			}
			if list[0].hi != math.MaxInt64 {
				s.to = list[0].hi + 1
			}
			t.times = s
		}
	case TypeMAC:
		if exists {
			t.Text = func(s string) bool { return s != "" }
			return ""
		}
		for i := range values {
			if m, err := ident.ParseMAC(values[i].text); err == nil {
				values[i].text = m.String()
			}
		}
		return t.texts(op, values)
	default:
		return t.texts(op, values)
	}
	return ""
}

func (t *Test) texts(op string, values []literal) string {
	var tests []func(string) bool
	for _, v := range values {
		want := v.text
		switch op {
		case ":":
			tests = append(tests, like(want, v.quoted))
		case "=":
			tests = append(tests, func(s string) bool { return s == want })
		case "~":
			tests = append(tests, contains(want))
		case "<":
			tests = append(tests, func(s string) bool { return s != "" && s < want })
		case ">":
			tests = append(tests, func(s string) bool { return s > want })
		case "<=":
			tests = append(tests, func(s string) bool { return s != "" && s <= want })
		case ">=":
			tests = append(tests, func(s string) bool { return s != "" && s >= want })
		}
	}
	t.Text = anyOf(tests)
	return ""
}

func anyOf[T any](tests []func(T) bool) func(T) bool {
	if len(tests) == 1 {
		return tests[0]
	}
	return func(v T) bool {
		for _, f := range tests {
			if f(v) {
				return true
			}
		}
		return false
	}
}

// like matches without regard to case, with * for any text unless quoted.
func like(want string, quoted bool) func(string) bool {
	want = strings.ToLower(want)
	if quoted || !strings.Contains(want, "*") {
		return func(s string) bool {
			return len(s) == len(want) && strings.EqualFold(s, want) || strings.ToLower(s) == want
		}
	}
	if strings.Trim(want, "*") == "" {
		return func(s string) bool { return s != "" }
	}
	parts := strings.Split(want, "*")
	return func(s string) bool {
		s = strings.ToLower(s)
		if !strings.HasPrefix(s, parts[0]) {
			return false
		}
		s = s[len(parts[0]):]
		last := parts[len(parts)-1]
		for _, part := range parts[1 : len(parts)-1] {
			i := strings.Index(s, part)
			if i < 0 {
				return false
			}
			s = s[i+len(part):]
		}
		return strings.HasSuffix(s, last)
	}
}

// contains matches a part of the text without regard to case.
func contains(want string) func(string) bool {
	want = strings.ToLower(want)
	return func(s string) bool { return len(s) >= len(want) && strings.Contains(strings.ToLower(s), want) }
}

func (t *Test) addresses(op string, values []literal) string {
	var tests []func(netip.Addr) bool
	var exact []netip.Addr
	for _, v := range values {
		if op == "~" || op == ":" && strings.Contains(v.text, "*") {
			match := like(v.text, false)
			if op == "~" {
				match = contains(v.text)
			}
			tests = append(tests, func(a netip.Addr) bool { return a.IsValid() && match(a.String()) })
			continue
		}
		if prefix, err := netip.ParsePrefix(v.text); err == nil && (op == ":" || op == "=") {
			prefix = prefix.Masked()
			tests = append(tests, func(a netip.Addr) bool { return prefix.Contains(a.Unmap().WithZone("")) })
			continue
		}
		want, err := netip.ParseAddr(v.text)
		if err != nil {
			return strconv.Quote(v.text) + " is no address; a network is written as 192.168.1.0/24, a part as 192.168.*, a name as name:" + v.text
		}
		want = want.Unmap()
		order := func(ok func(c int) bool) func(netip.Addr) bool {
			return func(a netip.Addr) bool { return a.IsValid() && ok(a.Unmap().Compare(want)) }
		}
		switch op {
		case ":", "=":
			exact = append(exact, want)
			tests = append(tests, func(a netip.Addr) bool { return a.Unmap() == want })
		case "<":
			tests = append(tests, order(func(c int) bool { return c < 0 }))
		case "<=":
			tests = append(tests, order(func(c int) bool { return c <= 0 }))
		case ">":
			tests = append(tests, order(func(c int) bool { return c > 0 }))
		case ">=":
			tests = append(tests, order(func(c int) bool { return c >= 0 }))
		}
	}
	t.Addr = anyOf(tests)
	if len(exact) == len(tests) && len(t.Columns) > 0 {
		t.Exact = exact
	}
	return ""
}

// interval is a run of numbers, both ends inclusive.
type interval struct{ lo, hi int64 }

func inRanges(list []interval) func(int64) bool {
	if len(list) == 1 {
		r := list[0]
		return func(v int64) bool { return v >= r.lo && v <= r.hi }
	}
	return func(v int64) bool {
		for _, r := range list {
			if v >= r.lo && v <= r.hi {
				return true
			}
		}
		return false
	}
}

// bound turns an operator and the ends of what its value covers into an interval.
func bound(op string, lo, hi int64) interval {
	switch op {
	case "<":
		return interval{math.MinInt64, max(lo, math.MinInt64+1) - 1}
	case "<=":
		return interval{math.MinInt64, hi}
	case ">":
		return interval{min(hi, math.MaxInt64-1) + 1, math.MaxInt64}
	case ">=":
		return interval{lo, math.MaxInt64}
	}
	return interval{lo, hi}
}

func ranges(f *Field, typ Type, op string, values []literal) ([]interval, string) {
	if op == "~" {
		return nil, "~ looks into text; compare numbers with =, <, > or 8000..9000"
	}
	var list []interval
	for _, v := range values {
		if typ == TypeBool {
			switch strings.ToLower(v.text) {
			case "true", "yes", "1":
				list = append(list, bound(op, 1, 1))
			case "false", "no", "0":
				list = append(list, bound(op, 0, 0))
			default:
				return nil, strconv.Quote(v.text) + " is neither true nor false"
			}
			continue
		}
		a, b, two := strings.Cut(v.text, "..")
		lo, ok := number(f, a)
		hi, ok2 := lo, true
		if two {
			hi, ok2 = number(f, b)
		}
		if !ok || !ok2 {
			return nil, strconv.Quote(v.text) + " is no number"
		}
		list = append(list, bound(op, lo, hi))
	}
	return list, ""
}

// number reads a number, with a unit of a thousand, a million or more.
func number(f *Field, s string) (int64, bool) {
	if f.Name == "transport" {
		if n, ok := transports[strings.ToLower(s)]; ok {
			return n, true
		}
	}
	unit := int64(1)
	if n := len(s); n > 1 {
		switch s[n-1] {
		case 'k', 'K':
			unit = 1e3
		case 'm', 'M':
			unit = 1e6
		case 'g', 'G':
			unit = 1e9
		case 't', 'T':
			unit = 1e12
		}
		if unit > 1 {
			s = s[:n-1]
		}
	}
	if u, err := strconv.ParseUint(s, 0, 64); err == nil && u > math.MaxInt64 {
		return int64(u), f.Name == "flow" // flow ids use all bits
	}
	v, err := strconv.ParseInt(s, 0, 64)
	if err != nil || v > math.MaxInt64/unit || v < math.MinInt64/unit {
		return 0, false
	}
	return v * unit, true
}

func (p *parser) times(op string, values []literal) ([]interval, string) {
	if op == "~" {
		return nil, "~ looks into text; compare times with <, > or 2026-11-22..2026-11-23"
	}
	var list []interval
	for _, v := range values {
		a, b, two := strings.Cut(v.text, "..")
		lo, hi, ok := p.moment(a)
		if two && ok {
			_, hi, ok = p.moment(b)
		}
		if !ok {
			return nil, strconv.Quote(v.text) + " is no time; write 2026-11-22, 2026-11-22T10:15:00Z, or -1h for an hour ago"
		}
		list = append(list, bound(op, lo, hi))
	}
	return list, ""
}

// layouts are the ways to write a time, with how long what they name lasts.
var layouts = []struct {
	layout string
	lasts  time.Duration
}{
	{time.RFC3339Nano, time.Second},
	{"2006-01-02T15:04:05.999999999", time.Second},
	{"2006-01-02T15:04Z07:00", time.Minute},
	{"2006-01-02T15:04", time.Minute},
	{"2006-01-02T15", time.Hour},
	{"2006-01-02", 24 * time.Hour},
}

// moment reads a time and gives its first and last nanosecond, which are more
// than one when only a day, an hour or a second is named.
func (p *parser) moment(s string) (lo, hi int64, ok bool) {
	if s == "now" {
		return p.o.Now, p.o.Now, true
	}
	rel := strings.TrimPrefix(s, "now")
	if strings.HasPrefix(rel, "-") || strings.HasPrefix(rel, "+") {
		d, ok := Duration(rel[1:])
		if rel[0] == '-' {
			d = -d
		}
		at := p.o.Now + int64(d)
		return at, at, ok
	}
	for _, l := range layouts {
		at, err := time.Parse(l.layout, strings.ToUpper(s))
		if err != nil || at.Year() < 1700 || at.Year() > 2200 {
			continue
		}
		lo = at.UnixNano()
		if strings.Contains(s, ".") {
			return lo, lo, true
		}
		return lo, lo + int64(l.lasts) - 1, true
	}
	return 0, 0, false
}

// Duration reads a duration as Go does, with d for days and w for weeks.
func Duration(s string) (time.Duration, bool) {
	if n := len(s); n > 1 && (s[n-1] == 'd' || s[n-1] == 'w') {
		v, err := strconv.ParseFloat(s[:n-1], 64)
		day := 24 * float64(time.Hour)
		if s[n-1] == 'w' {
			day *= 7
		}
		if err != nil || v < 0 || v*day > math.MaxInt64/2 {
			return 0, false
		}
		return time.Duration(v * day), true
	}
	d, err := time.ParseDuration(s)
	return d, err == nil && d >= 0
}

// special makes the tests of device:, site: and last:.
func (p *parser) special(f *Field, op string, values []literal) *Node {
	from, to := values[0].from, values[len(values)-1].to
	if op != ":" && op != "=" && op != "!=" {
		p.fail(from, to, "%s is asked for with %s:", f.Name, f.Name)
		return nil
	}
	t := &Test{Field: f, Columns: f.Columns}
	switch f.Name {
	case lastField:
		d, ok := Duration(strings.TrimPrefix(values[0].text, "-"))
		if !ok || len(values) != 1 {
			p.fail(from, to, "%q is no duration; write last:15m, last:24h or last:7d", values[0].text)
			return nil
		}
		at := p.o.Now - int64(d)
		t.Num = func(v int64) bool { return v >= at }
		if op != "!=" {
			t.times = &span{from: at}
		}
	case deviceField, siteField:
		if p.o.Resolver == nil {
			p.fail(from, to, "%s: is known to the hub only", f.Name)
			return nil
		}
		if !p.resolve(t, f, values) {
			return nil
		}
	}
	n := p.node(&Node{Op: Match, Test: t})
	if op == "!=" {
		n = p.node(&Node{Op: Not, Kids: []*Node{n}})
	}
	return n
}

func (p *parser) resolve(t *Test, f *Field, values []literal) bool {
	hosts, sensors := map[int64]bool{}, map[string]bool{}
	for _, v := range values {
		if f.Name == siteField {
			list, err := p.o.Resolver.SiteSensors(p.ctx, p.o.Tenant, v.text)
			if err != nil {
				p.fail(v.from, v.to, "%v", err)
				return false
			}
			for _, s := range list {
				sensors[s] = true
			}
			continue
		}
		list, err := p.o.Resolver.DeviceHosts(p.ctx, p.o.Tenant, v.text)
		if err == nil && len(list) == 0 {
			p.fail(v.from, v.to, "there is no device %q", v.text)
			return false
		}
		if err != nil {
			p.fail(v.from, v.to, "%v", err)
			return false
		}
		for _, h := range list {
			hosts[int64(h)] = true
			t.Hosts = append(t.Hosts, h)
		}
	}
	t.Num = func(v int64) bool { return hosts[v] }
	t.Text = func(s string) bool { return sensors[s] }
	return true
}

// bareColumns are the texts in which a word alone is looked for.
var bareColumns = []Column{ColName, ColPath, ColUser, ColVerb, ColStatus, ColProtocol, ColKind}

// bare makes the test of a word without a field: an address of either side, or
// a part of one of the texts.
func (p *parser) bare(word string, at int) *Node {
	if word == "" {
		p.fail(at, at+2, "an empty text matches nothing")
		return nil
	}
	lit := []literal{{text: word, from: at, to: at + len(word)}}
	if isAddress(word) {
		if _, err := ident.ParseMAC(word); err == nil {
			return p.compare(FieldByName("mac"), ":", lit)
		}
		return p.compare(FieldByName("host"), ":", lit)
	}
	t := &Test{Columns: bareColumns}
	if strings.Contains(word, "*") {
		t.Text = like("*"+word+"*", false)
	} else {
		t.Text = contains(word)
	}
	return p.node(&Node{Op: Match, Test: t})
}
