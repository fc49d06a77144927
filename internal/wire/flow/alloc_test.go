package flow_test

import (
	"encoding/binary"
	"strings"
	"testing"

	"edgeward/internal/event"
	"edgeward/internal/shared"
	"edgeward/internal/wire/capture"
	"edgeward/internal/wire/decode"
	"edgeward/internal/wire/flow"
	"edgeward/internal/wire/proto/all"
)

// wireTap feeds one flow table with the packets of one conversation.
type wireTap struct {
	table   *flow.Table
	decoder *decode.Decoder
	batch   event.Batch
	packet  decode.Packet
	frame   [2048]byte
	proto   byte
	port    uint16
	seq     [2]uint32
	number  uint64
}

func newWireTap(proto byte, port uint16) *wireTap {
	w := &wireTap{
		table:   flow.NewTable(flow.Config{Protocols: flow.NewRegistry(all.Protocols()), Endpoints: flow.NewEndpoints(), Memory: 8 << 20}),
		decoder: decode.New(decode.Options{}), proto: proto, port: port, seq: [2]uint32{1000, 9000},
	}
	w.table.SetOut(&w.batch)
	if proto == 6 {
		w.send(event.ToServer, decode.SYN, "")
		w.send(event.ToClient, decode.SYN|decode.ACK, "")
		w.send(event.ToServer, decode.ACK, "")
	}
	return w
}

// send makes one packet and gives it to the table.
func (w *wireTap) send(dir event.Dir, flags byte, payload string) {
	w.at(dir, w.seq[dir], flags, payload)
	w.seq[dir] += uint32(len(payload))
	if flags&decode.SYN != 0 {
		w.seq[dir]++
	}
}

func (w *wireTap) at(dir event.Dir, seq uint32, flags byte, payload string) {
	head := 8
	if w.proto == 6 {
		head = 20
	}
	f := w.frame[:34+head+len(payload)]
	clear(f[:34+head])
	f[5], f[11], f[12] = 1, 2, 8
	ip := f[14:]
	ip[0], ip[8], ip[9] = 0x45, 64, w.proto
	binary.BigEndian.PutUint16(ip[2:], uint16(len(ip)))
	w.number++
	binary.BigEndian.PutUint16(ip[4:], uint16(w.number))
	client, server := [4]byte{192, 168, 7, 20}, [4]byte{198, 51, 100, 9}
	sport, dport := uint16(40000), w.port
	if dir == event.ToClient {
		client, server, sport, dport = server, client, dport, sport
	}
	copy(ip[12:], client[:])
	copy(ip[16:], server[:])
	l4 := ip[20:]
	binary.BigEndian.PutUint16(l4[0:], sport)
	binary.BigEndian.PutUint16(l4[2:], dport)
	if w.proto == 6 {
		binary.BigEndian.PutUint32(l4[4:], seq)
		binary.BigEndian.PutUint32(l4[8:], w.seq[dir.Other()])
		l4[12], l4[13] = 5<<4, flags
	} else {
		binary.BigEndian.PutUint16(l4[4:], uint16(len(l4)))
	}
	copy(l4[head:], payload)
	w.packet.Time, w.packet.Number = 1e18+int64(w.number)*1e6, w.number
	if w.decoder.Decode(&w.packet, f, capture.LinkEthernet, uint32(len(f))) {
		w.table.Packet(&w.packet)
	}
}

func (w *wireTap) push(dir event.Dir, payload string) {
	w.send(dir, decode.PSH|decode.ACK, payload)
}

// TestNoAllocation wants packets of established flows to allocate nothing at
// all, whatever they carry.
func TestNoAllocation(t *testing.T) {
	if shared.Race {
		t.Skip("the race detector allocates")
	}
	noise := strings.Repeat("\x93\x01\xfe\x55", 200)
	record := "\x17\x03\x03\x00\x40" + noise[:64] // TLS
	coap := "\x40\x01\x12\x34\xb4temp"            // GET /temp
	for _, c := range []struct {
		name  string
		proto byte
		port  uint16
		begin func(w *wireTap)
		next  func(w *wireTap)
		want  event.Proto
	}{
		{"unrecognised TCP", 6, 4444, func(w *wireTap) {
			for range 10 {
				w.push(event.ToServer, noise)
				w.push(event.ToClient, noise)
			}
		}, func(w *wireTap) {
			w.push(event.ToServer, noise)
			w.push(event.ToClient, noise)
		}, event.ProtoUnknown},
		{"bare acknowledgements", 6, 4444, func(*wireTap) {}, func(w *wireTap) {
			w.send(event.ToServer, decode.ACK, "")
			w.send(event.ToClient, decode.ACK, "")
		}, event.ProtoUnknown},
		{"HTTP body", 6, 80, func(w *wireTap) {
			w.push(event.ToServer, "GET /firmware.bin HTTP/1.1\r\nHost: example.com\r\n\r\n")
			w.push(event.ToClient, "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: 900000000\r\n\r\n")
			for range 200 { // the beginning is looked at
				w.push(event.ToClient, noise)
			}
		}, func(w *wireTap) { w.push(event.ToClient, noise) }, event.ProtoHTTP},
		{"HTTP requests", 6, 80, func(*wireTap) {}, func(w *wireTap) {
			w.push(event.ToServer, "GET /state HTTP/1.1\r\nHost: example.com\r\nUser-Agent: thing/1.0\r\n\r\n")
			w.push(event.ToClient, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok")
		}, event.ProtoHTTP},
		{"MQTT publish", 6, 1883, func(w *wireTap) {
			w.push(event.ToServer, "\x10\x10\x00\x04MQTT\x04\x02\x00\x3c\x00\x04node")
			w.push(event.ToClient, "\x20\x02\x00\x00")
		}, func(w *wireTap) {
			w.push(event.ToServer, "\x30\x0d\x00\x06t/tempx21.5C")
			w.push(event.ToClient, "\x30\x0d\x00\x06t/heatxonoff")
		}, event.ProtoMQTT},
		{"TLS application data", 6, 443, func(w *wireTap) {
			w.push(event.ToServer, record)
			w.push(event.ToClient, record)
			w.push(event.ToServer, record)
		}, func(w *wireTap) {
			w.push(event.ToServer, record)
			w.push(event.ToClient, record)
		}, event.ProtoUnknown},
		{"Modbus polling", 6, 502, func(*wireTap) {}, func(w *wireTap) {
			w.push(event.ToServer, "\x00\x01\x00\x00\x00\x06\x01\x03\x00\x10\x00\x02")
			w.push(event.ToClient, "\x00\x01\x00\x00\x00\x07\x01\x03\x04\x00\x01\x00\x02")
		}, event.ProtoModbus},
		{"out of order", 6, 4444, func(w *wireTap) {
			for range 10 {
				w.push(event.ToServer, noise)
				w.push(event.ToClient, noise)
			}
		}, func(w *wireTap) {
			w.at(event.ToServer, w.seq[0]+100, decode.ACK, noise[:100])
			w.push(event.ToServer, noise[:100])
			w.seq[0] += 100
		}, event.ProtoUnknown},
		{"MQTT out of order", 6, 1883, func(w *wireTap) {
			w.push(event.ToServer, "\x10\x10\x00\x04MQTT\x04\x02\x00\x3c\x00\x04node")
			w.push(event.ToClient, "\x20\x02\x00\x00")
		}, func(w *wireTap) {
			const publish = "\x30\x0d\x00\x06t/tempx21.5C"
			w.at(event.ToServer, w.seq[0]+uint32(len(publish)), decode.ACK, publish)
			w.push(event.ToServer, publish)
			w.seq[0] += uint32(len(publish))
		}, event.ProtoMQTT},
		{"unrecognised UDP", 17, 4444, func(w *wireTap) {
			for range 10 {
				w.push(event.ToServer, noise)
				w.push(event.ToClient, noise)
			}
		}, func(w *wireTap) {
			w.push(event.ToServer, noise)
			w.push(event.ToClient, noise)
		}, event.ProtoUnknown},
		{"CoAP", 17, 5683, func(*wireTap) {}, func(w *wireTap) {
			w.push(event.ToServer, coap)
			w.push(event.ToClient, "\x60\x45\x12\x34\xff21.5")
		}, event.ProtoCoAP},
		{"DNS", 17, 53, func(*wireTap) {}, func(w *wireTap) {
			w.push(event.ToServer, "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x07example\x03com\x00\x00\x01\x00\x01")
			w.push(event.ToClient, "\x12\x34\x81\x80\x00\x01\x00\x01\x00\x00\x00\x00\x07example\x03com\x00\x00\x01\x00\x01\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\xc6\x33\x64\x07")
		}, event.ProtoDNS},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWireTap(c.proto, c.port)
			c.begin(w)
			round := func() {
				for range 8 {
					c.next(w)
				}
				w.batch.Reset()
			}
			for range 300 { // batches and parsers have the memory they need
				round()
			}
			if n := shared.AllocsPerRun(200, round); n != 0 {
				t.Errorf("%v allocations in 8 rounds, want none", n)
			}
			if s := w.table.Stats(); c.want != event.ProtoUnknown && s.Protocols[c.want].ToServer == 0 && s.Protocols[c.want].ToClient == 0 {
				t.Errorf("the flow was not recognised as %s", c.want)
			}
		})
	}
}
