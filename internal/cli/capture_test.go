package cli

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/binary"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// recording makes small captures, so that the scripts depend on no file.
type recording struct {
	b   bytes.Buffer
	now time.Time
	id  uint16
}

// The hosts of the recordings.
var (
	camera = host{netip.MustParseAddr("192.168.7.20"), [6]byte{0xc0, 0x56, 0xe3, 1, 2, 3}}
	laptop = host{netip.MustParseAddr("192.168.7.30"), [6]byte{0x3c, 0x52, 0x82, 1, 2, 3}}
	router = host{netip.MustParseAddr("192.168.7.1"), [6]byte{0xf4, 0x92, 0xbf, 1, 2, 3}}
	public = host{netip.MustParseAddr("198.51.100.9"), [6]byte{0x00, 0x09, 0xfb, 1, 2, 3}}
)

type host struct {
	addr netip.Addr
	mac  [6]byte
}

func record(start time.Time) *recording {
	r := &recording{now: start}
	for _, v := range []any{uint32(0xa1b2c3d4), uint16(2), uint16(4), uint32(0), uint32(0), uint32(65535), uint32(1)} {
		r.put(v)
	}
	return r
}

func (r *recording) put(v any) {
	if err := binary.Write(&r.b, binary.LittleEndian, v); err != nil {
		panic(err) // cannot happen: a buffer takes everything
	}
}

// ip records one IPv4 packet a millisecond after the one before.
func (r *recording) ip(src, dst host, proto byte, payload []byte) {
	r.now = r.now.Add(time.Millisecond)
	r.id++
	h := make([]byte, 20)
	h[0], h[8], h[9] = 0x45, 64, proto
	binary.BigEndian.PutUint16(h[2:], uint16(20+len(payload)))
	binary.BigEndian.PutUint16(h[4:], r.id)
	copy(h[12:], src.addr.AsSlice())
	copy(h[16:], dst.addr.AsSlice())
	binary.BigEndian.PutUint16(h[10:], checksum(h))
	frame := append(append(append(append(dst.mac[:], src.mac[:]...), 8, 0), h...), payload...)
	r.put(uint32(r.now.Unix()))
	r.put(uint32(r.now.Nanosecond() / 1000))
	r.put(uint32(len(frame)))
	r.put(uint32(len(frame)))
	r.b.Write(frame)
}

func checksum(b []byte) uint16 {
	var sum uint32
	for i := 0; i+1 < len(b); i += 2 {
		sum += uint32(binary.BigEndian.Uint16(b[i:]))
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}

func (r *recording) udp(src, dst host, sport, dport uint16, payload []byte) {
	h := make([]byte, 8, 8+len(payload))
	binary.BigEndian.PutUint16(h[0:], sport)
	binary.BigEndian.PutUint16(h[2:], dport)
	binary.BigEndian.PutUint16(h[4:], uint16(8+len(payload)))
	r.ip(src, dst, 17, append(h, payload...))
}

// name records a DNS query for a name of two labels and its answer.
func (r *recording) name(client, server host, first, second string) {
	question := append([]byte{byte(len(first))}, first...)
	question = append(append(question, byte(len(second))), second...)
	question = append(question, 0, 0, 1, 0, 1)
	r.udp(client, server, 40000, 53, append([]byte{0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0}, question...))
	answer := append([]byte{0x12, 0x34, 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0}, question...)
	r.udp(server, client, 53, 40000, append(answer, 0xc0, 12, 0, 1, 0, 1, 0, 0, 1, 0, 0, 4, 198, 51, 100, 9))
}

// login records an HTTP request with a user name and password, and the answer.
func (r *recording) login(client, server host, user, password string) {
	const syn, fin, psh, ack = 2, 1, 8, 16
	seq := [2]uint32{1000, 5000}
	send := func(from int, flags byte, payload string) {
		a, b, ap, bp := client, server, uint16(41000), uint16(80)
		if from == 1 {
			a, b, ap, bp = server, client, 80, 41000
		}
		h := make([]byte, 20)
		binary.BigEndian.PutUint16(h[0:], ap)
		binary.BigEndian.PutUint16(h[2:], bp)
		binary.BigEndian.PutUint32(h[4:], seq[from])
		if flags&ack != 0 {
			binary.BigEndian.PutUint32(h[8:], seq[1-from])
		}
		h[12], h[13] = 5<<4, flags
		binary.BigEndian.PutUint16(h[14:], 64000)
		r.ip(a, b, 6, append(h, payload...))
		seq[from] += uint32(len(payload))
		if flags&(syn|fin) != 0 {
			seq[from]++
		}
	}
	send(0, syn, "")
	send(1, syn|ack, "")
	send(0, ack, "")
	send(0, psh|ack, "GET /status HTTP/1.1\r\nHost: camera.local\r\nAuthorization: Basic "+
		base64.StdEncoding.EncodeToString([]byte(user+":"+password))+"\r\n\r\n")
	send(1, psh|ack, "HTTP/1.1 200 OK\r\nServer: webcam\r\nContent-Length: 2\r\n\r\nok")
	send(0, fin|ack, "")
	send(1, fin|ack, "")
	send(0, ack, "")
}

// captures writes the recordings that the scripts use into a folder:
//
//	quiet.pcap    a name is asked for and answered
//	login.pcap    a camera is logged in to without encryption, an hour later
//	login.pcap.gz the same, compressed
//	cut.pcap      the same, cut inside its last record
//	wifi.pcap     frames of a link type that is not supported
//	outside.pcap  a host with a public address answers a login
func captures(t testing.TB, dir string) {
	t.Helper()
	start := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	write := func(name string, b []byte) {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	quiet := record(start)
	quiet.name(laptop, router, "edgeward", "example")
	write("quiet.pcap", quiet.b.Bytes())

	login := record(start.Add(time.Hour))
	login.login(laptop, camera, "operator", "correct horse")
	write("login.pcap", login.b.Bytes())
	write("cut.pcap", login.b.Bytes()[:login.b.Len()-7])
	var z bytes.Buffer
	w := gzip.NewWriter(&z)
	if _, err := w.Write(login.b.Bytes()); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	write("login.pcap.gz", z.Bytes())

	wifi := bytes.Clone(quiet.b.Bytes())
	wifi[20] = 105 // LINKTYPE_IEEE802_11
	write("wifi.pcap", wifi)

	outside := record(start)
	outside.login(host{netip.MustParseAddr("203.0.113.5"), laptop.mac}, public, "operator", "correct horse")
	write("outside.pcap", outside.b.Bytes())
}
