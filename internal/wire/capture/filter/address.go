package filter

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

func (p *parser) host(q *qualifiers) (node, error) {
	t := p.take()
	if q.proto == "ether" {
		hw, err := net.ParseMAC(t)
		if err != nil || len(hw) != 6 {
			return nil, fmt.Errorf("%q is not a MAC address", t)
		}
		return ends(q.dir, mac{6, [6]byte(hw)}, mac{0, [6]byte(hw)}), nil
	}
	if strings.Contains(t, "/") && q.kind == "" {
		return p.prefix(q, t)
	}
	a, err := netip.ParseAddr(t)
	if err != nil {
		return nil, fmt.Errorf("%q is neither a condition nor an address; host names are not looked up", t)
	}
	return address(q, netip.PrefixFrom(a.Unmap(), a.Unmap().BitLen()))
}

// net reads "10.1.0.0/16", "10.1.0.0 mask 255.255.0.0" or "10.1".
func (p *parser) net(q *qualifiers) (node, error) {
	t := p.take()
	if p.accept("mask") {
		m, err := netip.ParseAddr(p.take())
		if err != nil || !m.Is4() {
			return nil, fmt.Errorf("the mask of net %s is not an IPv4 address", t)
		}
		b := m.As4()
		bits, size := net.IPv4Mask(b[0], b[1], b[2], b[3]).Size()
		if size == 0 {
			return nil, fmt.Errorf("mask %v has gaps", m)
		}
		t += "/" + strconv.Itoa(bits)
	}
	return p.prefix(q, t)
}

func (p *parser) prefix(q *qualifiers, t string) (node, error) {
	addr, bits, given := strings.Cut(t, "/")
	if !strings.Contains(addr, ":") {
		n := strings.Count(addr, ".") + 1
		if !given {
			bits = strconv.Itoa(8 * n)
		}
		for ; n < 4; n++ {
			addr += ".0"
		}
	} else if !given {
		bits = "128"
	}
	prefix, err := netip.ParsePrefix(addr + "/" + bits)
	if err != nil {
		return nil, fmt.Errorf("%q is not a network", t)
	}
	if prefix.Masked() != prefix {
		return nil, fmt.Errorf("network %v has host bits; %v is meant", prefix, prefix.Masked())
	}
	return address(q, prefix)
}

// address makes the tests for a network, or a single address as one.
func address(q *qualifiers, prefix netip.Prefix) (node, error) {
	b := prefix.Addr().AsSlice()
	value, mask := make([]uint32, len(b)/4), make([]uint32, len(b)/4)
	for i := range value {
		value[i] = binary.BigEndian.Uint32(b[4*i:])
		bits := min(max(prefix.Bits()-32*i, 0), 32)
		mask[i] = uint32(uint64(0xffffffff) << (32 - bits))
	}
	at := func(base etherType, src, dst uint32) node {
		return ends(q.dir, words{base, src, value, mask}, words{base, dst, value, mask})
	}
	if prefix.Addr().Is6() {
		switch q.proto {
		case "", "ip6":
			return at(etherIPv6, 8, 24), nil
		}
		if n, ok := ipProtos[q.proto]; ok {
			return and{ipProto{number: n, no4: true}, at(etherIPv6, 8, 24)}, nil
		}
		return nil, fmt.Errorf("%s has no IPv6 addresses", q.proto)
	}
	switch q.proto {
	case "":
		return or{at(etherIPv4, 12, 16), or{at(etherARP, 14, 24), at(etherRARP, 14, 24)}}, nil
	case "ip":
		return at(etherIPv4, 12, 16), nil
	case "arp":
		return at(etherARP, 14, 24), nil
	case "rarp":
		return at(etherRARP, 14, 24), nil
	}
	if n, ok := ipProtos[q.proto]; ok {
		return and{ipProto{number: n, no6: true}, at(etherIPv4, 12, 16)}, nil
	}
	return nil, fmt.Errorf("%s has no IPv4 addresses", q.proto)
}
