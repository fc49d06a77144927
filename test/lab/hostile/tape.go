package main

import (
	"encoding/binary"
	"time"
)

// tape is the capture as it grows.
type tape struct {
	now    time.Time
	frames []byte
}

// file is the tape with the header of a pcap file: microseconds, Ethernet.
func (t *tape) file() []byte {
	h := make([]byte, 24)
	for i, v := range []uint32{0xa1b2c3d4, 4<<16 | 2, 0, 0, 65535, 1} {
		binary.LittleEndian.PutUint32(h[4*i:], v)
	}
	return append(h, t.frames...)
}

// put records an IPv4 packet, 20 ms after the one before.
func (t *tape) put(from, to host, protocol byte, payload []byte) {
	t.now = t.now.Add(20 * time.Millisecond)
	ip := append([]byte{0x45, 0}, be16(20+len(payload))...)
	ip = append(ip, 0, 0, 0x40, 0, 64, protocol, 0, 0)
	src, dst := from.ip(), to.ip()
	ip = append(append(ip, src[:]...), dst[:]...)
	binary.BigEndian.PutUint16(ip[10:], checksum(ip))
	frame := append(append(to.ether(), from.ether()...), 0x08, 0)
	frame = append(append(frame, ip...), payload...)
	h := make([]byte, 16)
	binary.LittleEndian.PutUint32(h, uint32(t.now.Unix()))
	binary.LittleEndian.PutUint32(h[4:], uint32(t.now.Nanosecond()/1000))
	binary.LittleEndian.PutUint32(h[8:], uint32(len(frame)))
	binary.LittleEndian.PutUint32(h[12:], uint32(len(frame)))
	t.frames = append(append(t.frames, h...), frame...)
}

func (t *tape) udp(from, to host, sport, dport int, payload []byte) {
	b := append(be16(sport), be16(dport)...)
	b = append(append(b, be16(8+len(payload))...), 0, 0)
	b = append(b, payload...)
	binary.BigEndian.PutUint16(b[6:], transportSum(from, to, 17, b))
	t.put(from, to, 17, b)
}

// conversation is a TCP connection; side 0 is the one who dialled.
type conversation struct {
	t    *tape
	host [2]host
	port [2]int
	seq  [2]uint32
}

const (
	fin = 1
	syn = 2
	psh = 8
	ack = 16
)

func (t *tape) dial(from, to host, sport, dport int) *conversation {
	c := &conversation{t: t, host: [2]host{from, to}, port: [2]int{sport, dport}, seq: [2]uint32{1000, 9000}}
	c.segment(0, syn, nil)
	c.segment(1, syn|ack, nil)
	c.segment(0, ack, nil)
	return c
}

func (c *conversation) send(b []byte)   { c.segment(0, psh|ack, b); c.segment(1, ack, nil) }
func (c *conversation) answer(b []byte) { c.segment(1, psh|ack, b); c.segment(0, ack, nil) }

func (c *conversation) close() {
	c.segment(0, fin|ack, nil)
	c.segment(1, fin|ack, nil)
	c.segment(0, ack, nil)
}

func (c *conversation) segment(side int, flags byte, payload []byte) {
	other := 1 - side
	b := append(be16(c.port[side]), be16(c.port[other])...)
	b = binary.BigEndian.AppendUint32(b, c.seq[side])
	if flags&ack != 0 {
		b = binary.BigEndian.AppendUint32(b, c.seq[other])
	} else {
		b = append(b, 0, 0, 0, 0)
	}
	b = append(b, 0x50, flags, 0xff, 0xff, 0, 0, 0, 0)
	b = append(b, payload...)
	binary.BigEndian.PutUint16(b[16:], transportSum(c.host[side], c.host[other], 6, b))
	c.t.put(c.host[side], c.host[other], 6, b)
	c.seq[side] += uint32(len(payload))
	if flags&(syn|fin) != 0 {
		c.seq[side]++
	}
}

// transportSum is the checksum of UDP or TCP with its pseudo header.
func transportSum(from, to host, protocol byte, segment []byte) uint16 {
	src, dst := from.ip(), to.ip()
	b := append(append([]byte{}, src[:]...), dst[:]...)
	b = append(append(b, 0, protocol), be16(len(segment))...)
	return checksum(append(b, segment...))
}

// checksum is the internet checksum (RFC 1071).
func checksum(b []byte) uint16 {
	var sum uint32
	for i := 0; i+1 < len(b); i += 2 {
		sum += uint32(binary.BigEndian.Uint16(b[i:]))
	}
	if len(b)%2 == 1 {
		sum += uint32(b[len(b)-1]) << 8
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}
