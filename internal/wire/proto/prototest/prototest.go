// Package prototest helps the tests and fuzz targets of the protocol folders.
// Only test files import it.
package prototest

import (
	"net/netip"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
)

// NewConn gives a connection for tests and fuzz targets of the protocol
// folders: loopback-like addresses, its own batch, a vault that only counts.
func NewConn(transport uint8, serverPort uint16) *proto.Conn {
	return &proto.Conn{
		Transport: transport, Flow: 1,
		Client: netip.AddrFrom4([4]byte{192, 0, 2, 1}), ClientPort: 40000,
		Server: netip.AddrFrom4([4]byte{192, 0, 2, 2}), ServerPort: serverPort,
		Time: 1e18, Start: 1e18, Packet: 1, Registered: true,
		Env: &proto.Env{Out: new(event.Batch)},
	}
}

// Feed gives a whole stream direction to a parser in pieces of step bytes, as
// the packet path would, and reports how far it got and its error.
func Feed(p proto.Parser, c *proto.Conn, dir event.Dir, b []byte, step int) (done int, err error) {
	if step <= 0 {
		step = len(b)
	}
	end := 0
	for end < len(b) {
		end = min(end+step, len(b))
		for done < end {
			n, err := p.Data(c, dir, b[done:end])
			if err != nil {
				return done, err
			}
			if n <= 0 {
				break
			}
			done += n
		}
	}
	return done, nil
}
