package filter

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"

	"golang.org/x/net/bpf"
)

// maxDepth is how deep brackets and negations may be nested.
const maxDepth = 64

// parser reads an expression. As in pcap-filter, "and" and "or" bind alike,
// from left to right, "not" binds tighter, and a value without a word before
// it ("port 80 or 443") takes over the words of the primitive before.
type parser struct {
	tokens []string
	depth  int
	last   *qualifiers // of the primitive before, for values without any
}

// qualifiers are the words before a value.
type qualifiers struct {
	proto string
	dir   direction
	kind  string // host, net, port, portrange, proto; empty for an address alone
}

// parse gives the tree of an expression, nil for an empty one.
func parse(expression string) (node, error) {
	p := parser{tokens: tokens(expression)}
	if len(p.tokens) == 0 {
		return nil, nil
	}
	n, err := p.expression()
	if err != nil {
		return nil, err
	}
	if len(p.tokens) > 0 {
		return nil, fmt.Errorf("%q is not expected here", p.tokens[0])
	}
	return n, nil
}

// tokens splits an expression into words and signs.
func tokens(s string) []string {
	r := strings.NewReplacer("(", " ( ", ")", " ) ", "&&", " and ", "||", " or ", "!", " not ")
	return strings.Fields(r.Replace(s))
}

func (p *parser) peek() string {
	if len(p.tokens) == 0 {
		return ""
	}
	return p.tokens[0]
}

func (p *parser) take() string {
	t := p.peek()
	if t != "" {
		p.tokens = p.tokens[1:]
	}
	return t
}

// accept takes the next word if it is w.
func (p *parser) accept(w string) bool {
	if p.peek() != w {
		return false
	}
	p.take()
	return true
}

func (p *parser) expression() (node, error) {
	left, err := p.term()
	for err == nil {
		switch p.peek() {
		case "and":
			p.take()
			var right node
			if right, err = p.term(); err == nil {
				left = and{left, right}
			}
		case "or":
			p.take()
			var right node
			if right, err = p.term(); err == nil {
				left = or{left, right}
			}
		default:
			return left, nil
		}
	}
	return nil, err
}

func (p *parser) term() (node, error) {
	if p.depth++; p.depth > maxDepth {
		return nil, errors.New("expression is nested too deeply")
	}
	defer func() { p.depth-- }()
	switch {
	case p.accept("not"):
		n, err := p.term()
		return not{n}, err
	case p.accept("("):
		n, err := p.expression()
		if err == nil && !p.accept(")") {
			err = errors.New("a closing bracket is missing")
		}
		return n, err
	}
	return p.primitive()
}

// IP protocol numbers by the words that stand for them.
var ipProtos = map[string]uint32{
	"icmp": 1, "igmp": 2, "tcp": 6, "udp": 17, "esp": 50, "ah": 51, "icmp6": 58, "sctp": 132, "gre": 47, "ospf": 89, "pim": 103, "vrrp": 112,
}

func (p *parser) primitive() (node, error) {
	var q qualifiers
	words := 0
	switch t := p.peek(); t {
	case "":
		return nil, errors.New("expression ends where a condition is expected")
	case "vlan":
		p.take()
		if id, err := strconv.ParseUint(p.peek(), 0, 12); err == nil {
			p.take()
			return vlan{id: uint32(id)}, nil
		}
		return vlan{any: true}, nil
	case "less", "greater":
		p.take()
		n, err := p.number("a length", 1<<24)
		if t == "less" {
			return length{bpf.JumpLessOrEqual, n}, err
		}
		return length{bpf.JumpGreaterOrEqual, n}, err
	case "inbound":
		p.take()
		return not{outbound{}}, nil
	case "outbound":
		p.take()
		return outbound{}, nil
	case "broadcast", "multicast":
		q.proto = "ether"
	case "ether", "ip", "ip6", "arp", "rarp":
		q.proto = p.take()
		words++
	default:
		if _, ok := ipProtos[t]; ok {
			q.proto = p.take()
			words++
		}
	}
	switch p.peek() {
	case "src":
		p.take()
		words++
		q.dir = source
		if len(p.tokens) >= 2 && p.tokens[1] == "dst" {
			switch p.peek() {
			case "or":
				p.tokens, q.dir = p.tokens[2:], either
			case "and":
				p.tokens, q.dir = p.tokens[2:], both
			}
		}
	case "dst":
		p.take()
		words++
		q.dir = destination
	}
	switch p.peek() {
	case "host", "net", "port", "portrange", "proto":
		q.kind = p.take()
		words++
	case "broadcast", "multicast":
		if q.proto == "ether" && q.dir == either {
			if p.take() == "broadcast" {
				return mac{0, [6]byte{255, 255, 255, 255, 255, 255}}, nil
			}
			return group{}, nil
		}
	}
	if words == 0 && p.last != nil && isValue(p.peek()) {
		q = *p.last
	}
	if q.kind == "" && q.dir == either && q.proto != "" && !isValue(p.peek()) {
		return protocol(q.proto), nil
	}
	if p.peek() == "" {
		return nil, errors.New("expression ends where a value is expected")
	}
	p.last = &q
	switch q.kind {
	case "port", "portrange":
		return p.port(&q)
	case "proto":
		return p.protoNumber(&q)
	case "net":
		return p.net(&q)
	}
	return p.host(&q)
}

// isValue tells an address or number from a word.
func isValue(t string) bool {
	return t != "" && (t[0] >= '0' && t[0] <= '9' || strings.Contains(t, ":"))
}

// protocol is a protocol word alone.
func protocol(word string) node {
	switch word {
	case "ether":
		return not{never{}}
	case "ip":
		return etherType(etherIPv4)
	case "ip6":
		return etherType(etherIPv6)
	case "arp":
		return etherType(etherARP)
	case "rarp":
		return etherType(etherRARP)
	case "icmp", "igmp":
		return ipProto{number: ipProtos[word], no6: true}
	case "icmp6":
		return ipProto{number: ipProtos[word], no4: true}
	}
	return ipProto{number: ipProtos[word]}
}

func (p *parser) number(what string, limit uint64) (uint32, error) {
	t := p.take()
	n, err := strconv.ParseUint(t, 0, 32)
	if err != nil || n > limit {
		return 0, fmt.Errorf("%q is not %s", t, what)
	}
	return uint32(n), nil
}

func (p *parser) protoNumber(q *qualifiers) (node, error) {
	word := strings.TrimPrefix(p.peek(), "\\")
	number, known := ipProtos[word]
	if known {
		p.take()
	} else if q.proto == "ether" {
		n, err := p.number("an EtherType", 0xffff)
		return etherType(n), err
	} else {
		n, err := p.number("an IP protocol number", 255)
		if err != nil {
			return nil, err
		}
		number = n
	}
	switch q.proto {
	case "", "ip", "ip6":
		return ipProto{number: number, no4: q.proto == "ip6", no6: q.proto == "ip"}, nil
	}
	return nil, fmt.Errorf("%q does not go with proto", q.proto)
}

func (p *parser) port(q *qualifiers) (node, error) {
	n := port{dir: q.dir}
	switch q.proto {
	case "":
		n.protos = []uint32{6, 17, 132}
	case "tcp", "udp", "sctp":
		n.protos = []uint32{ipProtos[q.proto]}
	case "ip", "ip6":
		n.protos, n.no4, n.no6 = []uint32{6, 17, 132}, q.proto == "ip6", q.proto == "ip"
	default:
		return nil, fmt.Errorf("%s has no ports", q.proto)
	}
	t := p.take()
	lo, hi, isRange := strings.Cut(t, "-")
	if q.kind != "portrange" {
		lo, isRange = t, false // some service names have a dash
	}
	var err error
	if n.lo, err = portNumber(lo, q.proto); err != nil {
		return nil, err
	}
	n.hi = n.lo
	if isRange {
		if n.hi, err = portNumber(hi, q.proto); err != nil {
			return nil, err
		}
	}
	if n.lo > n.hi {
		return nil, fmt.Errorf("port range %q goes down", t)
	}
	return n, nil
}

// portNumber reads a port or a service name of this machine's list.
func portNumber(t, proto string) (uint32, error) {
	if n, err := strconv.ParseUint(t, 10, 16); err == nil {
		return uint32(n), nil
	}
	for _, network := range []string{"tcp", "udp"} {
		if proto == "tcp" && network != proto || proto == "udp" && network != proto || t == "" {
			continue
		}
		if n, err := net.LookupPort(network, t); err == nil {
			return uint32(n), nil
		}
	}
	return 0, fmt.Errorf("%q is not a port", t)
}
