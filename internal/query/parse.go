package query

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"edgeward/internal/ident"
)

// The bounds of a query.
const (
	maxText   = 4096
	maxDepth  = 32
	maxNodes  = 512
	maxValues = 256 // of one list
)

// Op joins the parts of a query.
type Op uint8

// The kinds of nodes.
const (
	All   Op = iota // matches everything
	And             // every one of Kids
	Or              // one of Kids
	Not             // not Kids[0]
	Match           // Test
)

// Node is a part of a query.
type Node struct {
	Op   Op
	Kids []*Node
	Test *Test
}

// Query is a question that was understood.
type Query struct {
	Root     *Node
	From, To int64 // the packet time to which it is bound, [From, To); 0 open
}

// Error says what is wrong with a query, and where.
type Error struct {
	Pos  int    // byte in the text
	End  int    // where the wrong part ends
	Text string // what is wrong
	Like string // what was probably meant; may be empty
}

func (e *Error) Error() string {
	s := fmt.Sprintf("query, character %d: %s", e.Pos+1, e.Text)
	if e.Like != "" {
		s += fmt.Sprintf("; did you mean %q?", e.Like)
	}
	return s
}

// Options are what a query is understood with.
type Options struct {
	Tenant   uint16
	Now      int64 // for relative times; 0 for the clock
	Resolver Resolver
}

// Parse understands a query. An error of its text is an *Error within an
// ident.Error with the code Invalid.
func Parse(ctx context.Context, text string, o Options) (*Query, error) {
	if o.Now == 0 {
		o.Now = time.Now().UnixNano()
	}
	p := &parser{ctx: ctx, s: text, o: o}
	if len(text) > maxText {
		p.fail(maxText, len(text), "it is longer than %d bytes", maxText)
	}
	var root *Node
	p.space()
	if p.err == nil && p.pos < len(p.s) {
		root = p.or(0)
		if p.err == nil && p.pos < len(p.s) {
			p.fail(p.pos, p.pos+1, "a parenthesis closes what none opened")
		}
	}
	if p.err != nil {
		return nil, p.err
	}
	if root == nil {
		root = &Node{}
	}
	q := &Query{Root: root}
	q.From, q.To = bounds(root)
	return q, nil
}

type parser struct {
	ctx   context.Context
	s     string
	pos   int
	nodes int
	o     Options
	err   error
}

func (p *parser) fail(from, to int, format string, args ...any) {
	p.failLike(from, to, "", format, args...)
}

func (p *parser) failLike(from, to int, like, format string, args ...any) {
	if p.err == nil {
		e := &Error{Pos: from, End: max(min(to, len(p.s)), from), Text: fmt.Sprintf(format, args...), Like: like}
		p.err = &ident.Error{Code: ident.Invalid, Err: e}
	}
}

func (p *parser) space() {
	for p.pos < len(p.s) && isSpace(p.s[p.pos]) {
		p.pos++
	}
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

// keyword reads a word if it is next.
func (p *parser) keyword(word string) bool {
	end := p.pos + len(word)
	if end > len(p.s) || !strings.EqualFold(p.s[p.pos:end], word) || end < len(p.s) && !isSpace(p.s[end]) && p.s[end] != '(' && p.s[end] != ')' {
		return false
	}
	p.pos = end
	p.space()
	return true
}

// node counts a node, so that a query cannot grow without end.
func (p *parser) node(n *Node) *Node {
	if p.nodes++; p.nodes > maxNodes {
		p.fail(p.pos, p.pos, "it has more than %d parts", maxNodes)
	}
	return n
}

func (p *parser) or(depth int) *Node {
	if depth > maxDepth {
		p.fail(p.pos, p.pos+1, "parentheses are nested more than %d deep", maxDepth)
		return nil
	}
	kids := []*Node{p.and(depth)}
	for p.err == nil && p.keyword("or") {
		kids = append(kids, p.and(depth))
	}
	if len(kids) == 1 {
		return kids[0]
	}
	return p.node(&Node{Op: Or, Kids: kids})
}

func (p *parser) and(depth int) *Node {
	kids := []*Node{p.not(depth)}
	for p.err == nil && p.pos < len(p.s) && p.s[p.pos] != ')' {
		at := p.pos
		if p.keyword("or") {
			p.pos = at
			break
		}
		p.keyword("and")
		kids = append(kids, p.not(depth))
	}
	if len(kids) == 1 {
		return kids[0]
	}
	return p.node(&Node{Op: And, Kids: kids})
}

func (p *parser) not(depth int) *Node {
	negate := false
	for p.err == nil {
		switch {
		case p.keyword("not"):
			negate = !negate
		case p.pos+1 < len(p.s) && (p.s[p.pos] == '-' || p.s[p.pos] == '!') && !isSpace(p.s[p.pos+1]):
			p.pos++
			negate = !negate
		default:
			n := p.primary(depth)
			if negate {
				n = p.node(&Node{Op: Not, Kids: []*Node{n}})
			}
			return n
		}
	}
	return nil
}

func (p *parser) primary(depth int) *Node {
	switch {
	case p.pos >= len(p.s):
		p.fail(p.pos, p.pos, "something is missing at the end")
		return nil
	case p.s[p.pos] == ')':
		p.fail(p.pos, p.pos+1, "something is missing before the parenthesis")
		return nil
	case p.s[p.pos] == '(':
		open := p.pos
		p.pos++
		p.space()
		n := p.or(depth + 1)
		if p.err == nil && (p.pos >= len(p.s) || p.s[p.pos] != ')') {
			p.fail(open, open+1, "the parenthesis is never closed")
			return nil
		}
		p.pos++
		p.space()
		return n
	}
	return p.term()
}

// operators, longest first.
var operators = []string{"!=", "<=", ">=", ":", "=", "<", ">", "~"}

func (p *parser) operator() string {
	for _, o := range operators {
		if strings.HasPrefix(p.s[p.pos:], o) {
			p.pos += len(o)
			return o
		}
	}
	return ""
}

// fieldName gives the end of a name that begins at pos.
func (p *parser) fieldName() int {
	end := p.pos
	for end < len(p.s) {
		c := p.s[end]
		letter := 'a' <= c|0x20 && c|0x20 <= 'z' || c == '_'
		if !letter && (end == p.pos || c != '.' && (c < '0' || c > '9')) {
			break
		}
		end++
	}
	return end
}

// term reads a comparison, or a word that any of the texts may hold.
func (p *parser) term() *Node {
	start := p.pos
	end := p.wordEnd(false)
	if word := p.s[start:end]; p.s[start] != '"' && isAddress(word) {
		p.pos = end
		p.space()
		return p.bare(word, start)
	}
	nameEnd := p.fieldName()
	name := p.s[start:nameEnd]
	if p.pos = nameEnd; nameEnd > start {
		if op := p.operator(); op != "" {
			return p.comparison(name, start, op)
		}
	}
	p.pos = start
	word, _ := p.value(false)
	p.space()
	if p.err != nil {
		return nil
	}
	return p.bare(word, start)
}

func isAddress(s string) bool {
	if _, err := netip.ParseAddr(s); err == nil {
		return true
	}
	if _, err := netip.ParsePrefix(s); err == nil {
		return true
	}
	_, err := ident.ParseMAC(s)
	return err == nil && strings.ContainsAny(s, ":-")
}

// wordEnd gives where an unquoted word ends.
func (p *parser) wordEnd(list bool) int {
	end := p.pos
	for end < len(p.s) && !isSpace(p.s[end]) && p.s[end] != '(' && p.s[end] != ')' && (!list || p.s[end] != ',') {
		end++
	}
	return end
}

// value reads a word or a quoted text; quoted tells which. In quotes, a
// backslash takes away the meaning of what follows.
func (p *parser) value(list bool) (text string, quoted bool) {
	if p.pos >= len(p.s) || p.s[p.pos] != '"' {
		end := p.wordEnd(list)
		if end == p.pos {
			p.fail(p.pos, p.pos, "a value is missing")
		}
		text = p.s[p.pos:end]
		p.pos = end
		return text, false
	}
	open := p.pos
	var b strings.Builder
	for p.pos++; p.pos < len(p.s); p.pos++ {
		switch c := p.s[p.pos]; {
		case c == '"':
			p.pos++
			return b.String(), true
		case c == '\\' && p.pos+1 < len(p.s):
			p.pos++
			b.WriteByte(p.s[p.pos])
		default:
			b.WriteByte(c)
		}
	}
	p.fail(open, open+1, "the quotation mark is never closed")
	return "", true
}

// literal is one value of a comparison.
type literal struct {
	text     string
	quoted   bool
	from, to int
}

// comparison reads what follows a field and an operator.
func (p *parser) comparison(name string, at int, op string) *Node {
	f := FieldByName(name)
	if f == nil {
		p.failLike(at, at+len(name), nearest(name), "there is no field %q", name)
		return nil
	}
	var values []literal
	if p.pos < len(p.s) && p.s[p.pos] == '(' {
		open := p.pos
		p.pos++
		for {
			p.space()
			if p.pos < len(p.s) && p.s[p.pos] == ')' && len(values) > 0 {
				p.pos++
				break
			}
			if p.pos < len(p.s) && p.s[p.pos] == ',' && len(values) > 0 {
				p.pos++
				p.space()
			}
			if p.pos >= len(p.s) {
				p.fail(open, open+1, "the list is never closed")
			}
			values = append(values, p.literal(true))
			if len(values) > maxValues {
				p.fail(open, p.pos, "the list has more than %d values", maxValues)
			}
			if p.err != nil {
				return nil
			}
		}
		if op != ":" && op != "=" && op != "!=" && op != "~" {
			p.fail(open, p.pos, "%s wants one value, not a list", op)
		}
	} else {
		values = []literal{p.literal(false)}
	}
	if p.err != nil {
		return nil
	}
	p.space()
	return p.compare(f, op, values)
}

func (p *parser) literal(list bool) literal {
	from := p.pos
	text, quoted := p.value(list)
	return literal{text: text, quoted: quoted, from: from, to: p.pos}
}

// bounds gives the packet time outside which nothing can match.
func bounds(n *Node) (from, to int64) {
	switch {
	case n.Op == Match && n.Test.times != nil:
		return n.Test.times.from, n.Test.times.to
	case n.Op == And:
		for _, k := range n.Kids {
			f, t := bounds(k)
			from = max(from, f)
			if t != 0 && (to == 0 || t < to) {
				to = t
			}
		}
	}
	return from, to
}
