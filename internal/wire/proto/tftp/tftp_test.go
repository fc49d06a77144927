package tftp

import (
	"bytes"
	"net/netip"
	"slices"
	"testing"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/prototest"
)

func read(file string) []byte {
	return Append(nil, &Msg{Op: Read, File: []byte(file), Mode: []byte("octet")})
}

func block(n uint16, data string) []byte {
	return Append(nil, &Msg{Op: Data, Block: n, Data: []byte(data)})
}

func ack(n uint16) []byte { return Append(nil, &Msg{Op: Ack, Block: n}) }

var oack = Append(nil, &Msg{Op: Oack, Options: []byte("blksize\x0016\x00")})

func TestRequest(t *testing.T) {
	c := prototest.NewConn(17, Port)
	var learned netip.AddrPort
	c.Env.Learn = func(a netip.Addr, port uint16, _ uint8, p event.Proto) {
		if p == event.ProtoTFTP {
			learned = netip.AddrPortFrom(a, port)
		}
	}
	p := Protocol.New()
	if _, err := p.Data(c, event.ToServer, read("boot/fw.bin")); err != nil {
		t.Fatal(err)
	}
	p.End(c)
	facts := c.Env.Out.Facts()
	want := event.TFTP{Packet: "read", File: "boot/fw.bin", Mode: "octet"}
	if len(facts) != 1 || *facts[0].Body.(*event.TFTP) != want {
		t.Errorf("%d facts, %+v", len(facts), facts[0].Body)
	}
	if learned != netip.AddrPortFrom(c.Client, c.ClientPort) {
		t.Errorf("learned %v, want the asking port", learned)
	}
}

func TestTransfer(t *testing.T) {
	const script = "#!/bin/sh\nwget" // 14 bytes and fill
	full := script + "\n\n"
	for _, tt := range []struct {
		name string
		// The flow's client is the TFTP server, which sends first.
		steps [][]byte
		dirs  string // s to the flow's server, which is who asked; c back
		size  uint64
		dir   event.Dir
	}{
		{"read", [][]byte{block(1, full), ack(1), block(1, full), block(2, full), ack(2), block(3, "end"), ack(3), block(3, "end")}, "scsscscs", 35, event.ToClient},
		{"read with options", [][]byte{oack, ack(0), block(1, full), ack(1), block(2, ""), ack(2)}, "scscsc", 16, event.ToClient},
		{"write", [][]byte{ack(0), block(1, full), ack(1), block(2, "end"), ack(2)}, "scscs", 19, event.ToServer},
		{"cut short", [][]byte{block(1, full), ack(1), block(2, full)}, "scs", 32, event.ToClient},
	} {
		c, p := prototest.NewConn(17, 50000), Protocol.New()
		for i, b := range tt.steps {
			dir := event.ToServer
			if tt.dirs[i] == 'c' {
				dir = event.ToClient
			}
			if _, err := p.Data(c, dir, b); err != nil {
				t.Fatal(err)
			}
		}
		p.End(c)
		facts := c.Env.Out.Facts()
		if len(facts) != 1 {
			t.Errorf("%s: %d facts, want one", tt.name, len(facts))
			continue
		}
		f := facts[0].Body.(*event.FileInfo)
		if f.Size != tt.size || f.Magic != "script" || f.Dir != tt.dir || facts[0].Src != c.Server {
			t.Errorf("%s: %+v from %v", tt.name, f, facts[0].Src)
		}
	}
}

func TestMalformed(t *testing.T) {
	for _, tt := range []struct {
		name, want string
		b          []byte
	}{
		{"no file name", "malformed_request", []byte("\x00\x01\x00octet\x00")},
		{"unknown mode", "malformed_request", []byte("\x00\x01f\x00binary\x00")},
		{"control characters", "malformed_request", []byte("\x00\x01f\x01\x00octet\x00")},
		{"endless name", "malformed_request", append([]byte("\x00\x01"+string(bytes.Repeat([]byte("a"), 2000))), "\x00octet\x00"...)},
		{"no end", "malformed_packet", []byte("\x00\x01file\x00octet")},
		{"odd options", "malformed_packet", []byte("\x00\x01f\x00octet\x00blksize\x00")},
		{"opcode", "malformed_packet", []byte("\x00\x09")},
		{"long acknowledgement", "malformed_packet", []byte("\x00\x04\x00\x01x")},
		{"empty", "malformed_packet", nil},
	} {
		c := prototest.NewConn(17, Port)
		Protocol.New().Data(c, event.ToServer, tt.b)
		if a, ok := c.Env.Out.Facts()[0].Body.(*event.Anomaly); !ok || a.Event != tt.want {
			t.Errorf("%s: %+v, want %s", tt.name, c.Env.Out.Facts()[0].Body, tt.want)
		}
	}
}

func TestProbe(t *testing.T) {
	for _, tt := range []struct {
		name          string
		newest, other []byte
		port          bool
		want          proto.Match
	}{
		{"request", read("f"), nil, true, proto.Yes},
		{"request elsewhere", read("f"), nil, false, proto.Weak},
		{"first block", block(1, "data"), nil, false, proto.Weak},
		{"first block and its acknowledgement", ack(1), block(1, "data"), false, proto.Weak},
		{"upload", block(1, "data"), ack(0), false, proto.Weak},
		{"options", ack(0), oack, false, proto.Weak},
		{"later block", block(7, "data"), nil, false, proto.No},
		{"two blocks", block(1, "data"), block(1, "data"), false, proto.No},
		{"answer of another kind", ack(1), []byte("hello"), false, proto.No},
		{"zeros", make([]byte, 30), nil, true, proto.No},
	} {
		s := &proto.Sample{Port: tt.port, Dir: event.ToClient, Conn: prototest.NewConn(17, Port)}
		s.Data[1], s.Data[0] = tt.newest, tt.other
		if got := probe(s); got != tt.want {
			t.Errorf("%s: probe = %d, want %d", tt.name, got, tt.want)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, b := range [][]byte{read("file"), block(1, "data"), ack(1), oack, []byte("\x00\x05\x00\x01no\x00")} {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var m Msg
		if n, err := Decode(&m, b); err == nil && m.Op != Error && !slices.Equal(Append(nil, &m), b[:n]) {
			t.Errorf("encoding again gives %x, want %x", Append(nil, &m), b)
		}
		c, p := prototest.NewConn(17, Port), Protocol.New()
		p.Data(c, event.ToServer, b)
		p.Data(c, event.ToClient, b)
		p.End(c)
	})
}
