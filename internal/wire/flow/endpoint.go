package flow

import (
	"edgeward/internal/event"
	"edgeward/internal/ident"
	"edgeward/internal/wire/proto"
)

// endpoint is a server's address and port: the unit of recognition.
type endpoint struct {
	place     ident.Place
	addr      [16]byte
	port      uint16
	transport uint8
}

func endpointOf(p ident.Place, addr [16]byte, port uint16, transport uint8) endpoint {
	return endpoint{p, addr, port, transport}
}

// Learned is an endpoint that was recognised by content, or a conversation that
// another one announced.
type Learned struct {
	endpoint endpoint
	proto    event.Proto
	expected *expected // nil for an endpoint
}

// Endpoints says which protocol an endpoint speaks. It is read by all workers
// while they work and written only between two runs of packets, so reading
// takes no lock and what is found does not depend on the number of workers.
type Endpoints struct {
	protos map[endpoint]event.Proto
	order  []endpoint
	next   int

	expected     map[pair]expectation
	announced    []pair
	nextExpected int
}

// maxEndpoints bounds the table; the entry learned first goes first.
const maxEndpoints = 16384

// NewEndpoints makes an empty table.
func NewEndpoints() *Endpoints {
	return &Endpoints{protos: make(map[endpoint]event.Proto), expected: make(map[pair]expectation)}
}

// Learn adds what a table learned. The caller does so between two runs of
// packets, table by table in a fixed order.
func (e *Endpoints) Learn(learned []Learned) {
	for _, l := range learned {
		if l.expected != nil {
			e.expect(l.expected)
			continue
		}
		if _, ok := e.protos[l.endpoint]; !ok {
			if len(e.order) < maxEndpoints {
				e.order = append(e.order, l.endpoint)
			} else {
				delete(e.protos, e.order[e.next])
				e.order[e.next] = l.endpoint
				e.next = (e.next + 1) % maxEndpoints
			}
		}
		e.protos[l.endpoint] = l.proto
	}
}

func (e *Endpoints) get(x endpoint) event.Proto { return e.protos[x] }

func (e *Endpoints) known(x endpoint) bool { return e.protos[x] != event.ProtoUnknown }

// Registry holds the protocols in a form that is quick to look up.
type Registry struct {
	all       []proto.Protocol
	byID      [event.ProtoCount]*proto.Protocol
	tcp, udp  []uint8 // indexes into all
	tcpPorts  map[uint16][]uint8
	udpPorts  map[uint16][]uint8
	tcpPort   [1 << 16 / 64]uint64
	udpPort   [1 << 16 / 64]uint64
	etherType map[uint16]*proto.Protocol
	ipProto   map[uint8]*proto.Protocol
	announces []func([]byte) bool
}

// maxProtocols is what the sets of refused protocols have bits for.
const maxProtocols = 64

// NewRegistry takes the list of protocols; an earlier one is asked first.
func NewRegistry(list []proto.Protocol) *Registry {
	r := &Registry{all: list, tcpPorts: map[uint16][]uint8{}, udpPorts: map[uint16][]uint8{}, etherType: map[uint16]*proto.Protocol{}, ipProto: map[uint8]*proto.Protocol{}}
	for i := range list {
		p := &list[i]
		r.byID[p.ID] = p
		for _, e := range p.EtherTypes {
			r.etherType[e] = p
		}
		for _, n := range p.IPProtocols {
			r.ipProto[n] = p
		}
		if p.Announces != nil {
			r.announces = append(r.announces, p.Announces)
		}
		if p.Probe == nil {
			continue
		}
		if p.TCP {
			r.tcp = append(r.tcp, uint8(i))
		}
		if p.UDP {
			r.udp = append(r.udp, uint8(i))
		}
		for _, port := range p.Ports {
			if p.TCP {
				r.tcpPorts[port] = append(r.tcpPorts[port], uint8(i))
				r.tcpPort[port/64] |= 1 << (port % 64)
			}
			if p.UDP {
				r.udpPorts[port] = append(r.udpPorts[port], uint8(i))
				r.udpPort[port/64] |= 1 << (port % 64)
			}
		}
	}
	return r
}

// registered reports whether any protocol is at home on the port.
func (r *Registry) registered(tcp bool, port uint16) bool {
	if tcp {
		return r.tcpPort[port/64]&(1<<(port%64)) != 0
	}
	return r.udpPort[port/64]&(1<<(port%64)) != 0
}

// onPort gives the protocols that are at home on the port.
func (r *Registry) onPort(tcp bool, port uint16) []uint8 {
	if !r.registered(tcp, port) {
		return nil
	}
	if tcp {
		return r.tcpPorts[port]
	}
	return r.udpPorts[port]
}
