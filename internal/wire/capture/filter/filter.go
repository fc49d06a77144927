// Package filter compiles pcap-filter expressions ("udp port 5683 and not net
// 10.0.0.0/8") to classic BPF for a packet socket, so that the kernel keeps
// from the sensor what it shall not see.
//
// It knows the primitives about protocols, addresses, ports, VLANs and lengths
// and joins them with and, or, not and brackets. It does not know expressions
// over packet bytes ("tcp[13] & 2 != 0"), looks no host names up, and, as
// pcap-filter, does not look behind IPv6 extension headers or into tunnels.
//
// Package capture uses it; nothing else needs to.
package filter

import (
	"fmt"

	"golang.org/x/net/bpf"
)

// Link says what a packet begins with.
type Link uint8

// The links that filters are compiled for.
const (
	Ethernet Link = iota // an Ethernet header
	Raw                  // an IP header
)

// maxInstructions is BPF_MAXINSNS of the kernel.
const maxInstructions = 4096

// Compile turns an expression into a program that gives the number of bytes to
// be captured: snapLen for packets that fit, 0 for others. An empty expression
// fits every packet.
func Compile(expression string, link Link, snapLen uint32) ([]bpf.RawInstruction, error) {
	root, err := parse(expression)
	if err != nil {
		return nil, err
	}
	g := generator{link: link}
	pass, fail := g.label(), g.label()
	if root != nil {
		root.generate(&g, pass, fail)
	}
	g.mark(pass)
	g.emit(bpf.RetConstant{Val: snapLen})
	g.mark(fail)
	g.emit(bpf.RetConstant{})
	program, err := g.assemble()
	if err != nil {
		return nil, err
	}
	if len(program) > maxInstructions {
		return nil, fmt.Errorf("expression is too long: it needs %d of %d instructions", len(program), maxInstructions)
	}
	return bpf.Assemble(program)
}
