package decode

import (
	"encoding/binary"
	"testing"

	"edgeward/internal/wire/capture"
)

// benchFrames is a mixture of small frames as on an IoT network: IPv4 and IPv6,
// TCP with and without options, UDP, a VLAN tag, ARP.
func benchFrames() [][]byte {
	var frames [][]byte
	for i := range 1024 {
		var f []byte
		id := uint16(i)
		payload := make([]byte, 20+i%7*60)
		binary.BigEndian.PutUint32(payload, uint32(i))
		src, dst := [4]byte{10, 0, byte(i >> 4), byte(i)}, [4]byte{192, 0, 2, byte(i % 13)}
		switch i % 8 {
		case 0, 1, 2:
			f = ether4(frame4{src: src, dst: dst, id: id, proto: 6, body: tcpSegment(uint16(1024+i), 443, ACK|PSH, nopTimestamp, payload)})
		case 3:
			f = ether4(frame4{src: src, dst: dst, id: id, proto: 6, body: tcpSegment(uint16(1024+i), 1883, ACK, nil, nil)})
		case 4, 5:
			f = ether4(frame4{src: src, dst: dst, id: id, proto: 17, body: udpDatagram(uint16(1024+i), 5683, payload)})
		case 6:
			f = ethernetFrame(0x86dd, ipv6Packet(17, udpDatagram(uint16(1024+i), 53, payload)))
		case 7:
			f = ethernetFrame(0x8100, append([]byte{0, 42, 8, 0}, ipv4Packet(frame4{src: src, dst: dst, id: id, proto: 17, body: udpDatagram(uint16(1024+i), 161, payload)})...))
		}
		frames = append(frames, f)
	}
	return frames
}

func benchmarkDecode(b *testing.B, opt Options, step int64) {
	frames := benchFrames()
	d := New(opt)
	var p Packet
	bytes := 0
	for _, f := range frames {
		bytes += len(f)
	}
	b.SetBytes(int64(bytes / len(frames)))
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		f := frames[n&1023]
		n++
		p.Time += step
		d.Decode(&p, f, capture.LinkEthernet, uint32(len(f)))
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds()/1e6, "Mpackets/s")
}

func BenchmarkDecode(b *testing.B) { benchmarkDecode(b, Options{}, 4000) }
func BenchmarkDecodeKeepDuplicates(b *testing.B) {
	benchmarkDecode(b, Options{KeepDuplicates: true}, 4000)
}
