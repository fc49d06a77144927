package decode

import (
	"testing"
	"unsafe"

	"edgeward/internal/wire/capture"
)

var linkTypes = []capture.LinkType{
	capture.LinkEthernet, capture.LinkNull, capture.LinkRaw, capture.LinkRawBSD, capture.LinkRawOpen, capture.LinkLoop,
	capture.LinkLinuxSLL, capture.LinkIPv4, capture.LinkIPv6, capture.LinkLinuxSLL2, 147,
}

// FuzzDecode feeds a frame twice, whole and as if cut, on every link type, and
// checks what the packet promises.
func FuzzDecode(f *testing.F) {
	for i := range linkTypes {
		f.Add(uint8(i), uint16(0), inner)
	}
	for _, seed := range benchFrames()[:8] {
		f.Add(uint8(0), uint16(0), seed)
	}
	f.Add(uint8(0), uint16(9), vxlan(1, innerEth))
	f.Add(uint8(0), uint16(0), gre(0xb000, 0x0800, []byte{0, 0, 0, 0, 0, 0, 0, 77, 0, 0, 0, 1}, inner))
	f.Add(uint8(0), uint16(0), gre(0x1000, 0x88be, []byte{0, 0, 0, 1, 0x10, 0x2a, 0, 7, 0, 0, 0, 0}, innerEth6))
	f.Add(uint8(2), uint16(0), ipv6Packet(0, join([]byte{44, 0, 1, 4, 0, 0, 0, 0}, fragmentHeader(17, 77, 8, true), make([]byte, 16))))
	f.Add(uint8(2), uint16(0), ipv4Packet(frame4{proto: 17, offset: 16, more: true, options: []byte{148, 4, 0, 0}, body: make([]byte, 16)}))
	f.Add(uint8(0), uint16(0), ethernetFrame(0x8847, join([]byte{0, 1, 0, 64, 0, 2, 0x31, 64}, inner)))
	f.Add(uint8(0), uint16(0), ethernetFrame(0x8864, join([]byte{0x11, 0, 0x12, 0x34, 0, 37, 0, 0x21}, inner)))
	f.Fuzz(func(t *testing.T, link uint8, more uint16, data []byte) {
		d := New(Options{Datagrams: 4, FragmentBytes: 1 << 16, Overlap: Overlap(more % 5)})
		l := linkTypes[int(link)%len(linkTypes)]
		p := Packet{Time: 5, Number: 6, Offset: 7, Capture: 8, Interface: 9}
		for i := range 3 {
			d.Decode(&p, data[:len(data)-i*len(data)/4], l, uint32(len(data)+int(more)))
			check(t, &p)
		}
	})
}

// check says what every packet promises.
func check(t *testing.T, p *Packet) {
	if p.Time != 5 || p.Number != 6 || p.Offset != 7 || p.Capture != 8 || p.Interface != 9 {
		t.Fatalf("the caller's fields changed: %+v", p)
	}
	if p.Depth > maxDepth || p.Layer > LayerTransport || (p.Depth == 0) != (p.Tunnel == TunnelNone) || p.Frames == 0 {
		t.Fatalf("depth %d, layer %d, tunnel %v", p.Depth, p.Layer, p.Tunnel)
	}
	if p.Anomalies>>AnomalyCount != 0 {
		t.Fatalf("anomaly without a name: %x", p.Anomalies)
	}
	if p.Layer >= LayerNetwork && len(p.L3) < 20 || p.Layer < LayerNetwork && (p.L3 != nil || p.SrcPort != 0) {
		t.Fatalf("layer %d with %d bytes from the IP header on", p.Layer, len(p.L3))
	}
	if len(p.Payload) > int(p.PayloadLen) || p.Layer == LayerTransport && p.PayloadLen > 1<<20 {
		t.Fatalf("payload of %d bytes, %d on the wire", len(p.Payload), p.PayloadLen)
	}
	within(t, p.L3, p.L4)
	within(t, p.L4, p.Payload)
	within(t, p.L4, p.Options)
	if p.Frames == 1 {
		within(t, p.Frame, p.L3)
		within(t, p.Frame, p.L2)
	}
}

// within checks that one slice lies in another.
func within(t *testing.T, outer, inner []byte) {
	t.Helper()
	if len(inner) == 0 {
		return
	}
	o, i := uintptr(unsafe.Pointer(unsafe.SliceData(outer))), uintptr(unsafe.Pointer(unsafe.SliceData(inner)))
	if i < o || i+uintptr(len(inner)) > o+uintptr(len(outer)) {
		t.Fatal("slice points outside of the frame")
	}
}
