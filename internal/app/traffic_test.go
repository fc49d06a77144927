package app_test

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"testing"
)

// pcapWriter writes made-up Ethernet frames as a capture. Errors stay in the
// buffered writer until it is flushed.
type pcapWriter struct {
	w     *bufio.Writer
	now   int64 // packet time, microseconds
	step  int64 // between packets, microseconds
	frame [128]byte
}

func newPcapWriter(w io.Writer, step int64) *pcapWriter {
	p := &pcapWriter{w: bufio.NewWriterSize(w, 1<<16), now: 1_700_000_000_000_000, step: step}
	var h [24]byte
	binary.LittleEndian.PutUint32(h[0:], 0xa1b2c3d4)
	binary.LittleEndian.PutUint16(h[4:], 2)
	binary.LittleEndian.PutUint16(h[6:], 4)
	binary.LittleEndian.PutUint32(h[16:], 65535)
	binary.LittleEndian.PutUint32(h[20:], 1)
	p.w.Write(h[:])
	return p
}

// writeCapture makes a capture file.
func writeCapture(t testing.TB, path string, fill func(*pcapWriter)) string {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	p := newPcapWriter(f, 1000)
	fill(p)
	if err := errors.Join(p.w.Flush(), f.Close()); err != nil {
		t.Fatal(err)
	}
	return path
}

// The hosts of made-up traffic; addresses are IPv4.
const (
	routerAddr = 0xc0a80701 // 192.168.7.1
	victimAddr = 0xc0a8070a // 192.168.7.10
	clientAddr = 0xc0a80714 // 192.168.7.20
)

// macOf gives home hosts MACs of their own and all others the router's.
func macOf(addr uint32) (m [6]byte) {
	if addr>>16 != 0xc0a8 {
		addr = routerAddr
	}
	m = [6]byte{0x3c, 0x52}
	binary.BigEndian.PutUint32(m[2:], addr)
	return m
}

// ip writes one packet; fill fills in what follows the IP header.
func (p *pcapWriter) ip(src, dst uint32, proto byte, size int, fill func(b []byte)) {
	f := p.frame[:34+size]
	clear(f)
	d, s := macOf(dst), macOf(src)
	copy(f[0:], d[:])
	copy(f[6:], s[:])
	f[12], f[13] = 8, 0
	h := f[14:34]
	h[0], h[8], h[9] = 0x45, 64, proto
	binary.BigEndian.PutUint16(h[2:], uint16(20+size))
	binary.BigEndian.PutUint16(h[4:], uint16(p.now))
	binary.BigEndian.PutUint32(h[12:], src)
	binary.BigEndian.PutUint32(h[16:], dst)
	binary.BigEndian.PutUint16(h[10:], ^sum(h))
	fill(f[34:])
	var r [16]byte
	p.now += p.step
	binary.LittleEndian.PutUint32(r[0:], uint32(p.now/1e6))
	binary.LittleEndian.PutUint32(r[4:], uint32(p.now%1e6))
	binary.LittleEndian.PutUint32(r[8:], uint32(len(f)))
	binary.LittleEndian.PutUint32(r[12:], uint32(len(f)))
	p.w.Write(r[:])
	p.w.Write(f)
}

func sum(b []byte) uint16 {
	var s uint32
	for i := 0; i+1 < len(b); i += 2 {
		s += uint32(b[i])<<8 | uint32(b[i+1])
	}
	for s > 0xffff {
		s = s>>16 + s&0xffff
	}
	return uint16(s)
}

// tcp writes a segment without payload. Checksums are left out (0), as network
// cards with offloading do.
func (p *pcapWriter) tcp(src, dst uint32, sport, dport uint16, flags byte, seq, ack uint32) {
	p.ip(src, dst, 6, 24, func(b []byte) {
		binary.BigEndian.PutUint16(b[0:], sport)
		binary.BigEndian.PutUint16(b[2:], dport)
		binary.BigEndian.PutUint32(b[4:], seq)
		binary.BigEndian.PutUint32(b[8:], ack)
		b[12], b[13] = 6<<4, flags
		binary.BigEndian.PutUint16(b[14:], 64240)
		copy(b[20:], []byte{2, 4, 5, 0xb4})
	})
}

func (p *pcapWriter) udp(src, dst uint32, sport, dport uint16, payload []byte) {
	p.ip(src, dst, 17, 8+len(payload), func(b []byte) {
		binary.BigEndian.PutUint16(b[0:], sport)
		binary.BigEndian.PutUint16(b[2:], dport)
		binary.BigEndian.PutUint16(b[4:], uint16(8+len(payload)))
		copy(b[8:], payload)
	})
}

// dnsExchange asks for example.com and answers, in a flow of its own.
func (p *pcapWriter) dnsExchange(n uint16) {
	question := []byte("\x00\x00\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x07example\x03com\x00\x00\x01\x00\x01")
	binary.BigEndian.PutUint16(question, n)
	p.udp(clientAddr, routerAddr, 20000+n%40000, 53, question)
	answer := append(append([]byte(nil), question...), "\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\xc6\x33\x64\x07"...)
	answer[2], answer[3], answer[7] = 0x81, 0x80, 1
	p.udp(routerAddr, clientAddr, 53, 20000+n%40000, answer)
}
