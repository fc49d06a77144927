package pipeline_test

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"

	"edgeward/internal/event"
	"edgeward/internal/output/eve"
	"edgeward/internal/wire/capture"
	"edgeward/internal/wire/decode"
	"edgeward/internal/wire/pipeline"
	"edgeward/internal/wire/proto/all"
)

// talk writes TCP connections between 192.0.2.1, the client, and 192.0.2.2.
type talk struct{ inMemory }

// wire is one connection.
type wire struct {
	t          *talk
	client     byte // last byte of the address of who opens it
	port, serv uint16
	seq        [2]uint32
}

func (t *talk) open(client byte, port, serv uint16) *wire {
	w := &wire{t, client, port, serv, [2]uint32{1000, 2000}}
	w.send(event.ToServer, decode.SYN, "")
	w.send(event.ToClient, decode.SYN|decode.ACK, "")
	w.send(event.ToServer, decode.ACK, "")
	return w
}

func (w *wire) send(dir event.Dir, flags uint8, data string) {
	b := make([]byte, 54, 54+len(data))
	b[0], b[6], b[12] = 2, 2, 8
	b[14], b[22], b[23] = 0x45, 64, 6
	binary.BigEndian.PutUint16(b[16:], uint16(40+len(data)))
	src, dst, sport, dport := w.client, 3-w.client, w.port, w.serv
	if dir == event.ToClient {
		src, dst, sport, dport = dst, src, dport, sport
	}
	b[5], b[11] = dst, src
	copy(b[26:], []byte{192, 0, 2, src, 192, 0, 2, dst})
	binary.BigEndian.PutUint16(b[34:], sport)
	binary.BigEndian.PutUint16(b[36:], dport)
	binary.BigEndian.PutUint32(b[38:], w.seq[dir])
	binary.BigEndian.PutUint32(b[42:], w.seq[dir.Other()])
	b[46], b[47], b[48] = 5<<4, flags, 0x20
	b = append(b, data...)
	w.seq[dir] += uint32(len(data))
	if flags&(decode.SYN|decode.FIN) != 0 {
		w.seq[dir]++
	}
	t := w.t
	t.span += 1e6
	t.frames = append(t.frames, capture.Frame{Time: 1e18 + t.span, Data: b, WireLen: uint32(len(b)), Link: 1})
}

func (w *wire) ask(s string)   { w.send(event.ToServer, decode.ACK|decode.PSH, s+"\r\n") }
func (w *wire) reply(s string) { w.send(event.ToClient, decode.ACK|decode.PSH, s+"\r\n") }
func (w *wire) close() {
	w.send(event.ToServer, decode.FIN|decode.ACK, "")
	w.send(event.ToClient, decode.FIN|decode.ACK, "")
}

// ftpTalk is a session with a listing, a file each way, a file whose data
// connection is not seen, and one over a port that was used before.
func ftpTalk() *talk {
	t := &talk{}
	c := t.open(1, 40000, 21)
	c.reply("220 FTP ready")
	c.ask("USER anonymous")
	c.reply("230 in")

	c.ask("PASV")
	c.reply("227 Entering Passive Mode (10,9,9,9,195,80)")
	d := t.open(1, 40001, 50000)
	c.ask("LIST")
	c.reply("150 here it comes")
	d.send(event.ToClient, decode.ACK, "GET / HTTP/1.0\r\n\r\n")
	d.close()
	c.reply("226 done")

	c.ask("EPSV")
	c.reply("229 Extended (|||50001|)")
	d = t.open(1, 40002, 50001)
	c.ask("RETR bin/a.elf")
	c.reply("150 (9999 bytes)")
	d.send(event.ToClient, decode.ACK, "\x7fELF\x01\x01\x01"+strings.Repeat("\x00", 9)+"\x02\x00\x28\x00"+strings.Repeat("x", 480))
	d.send(event.ToClient, decode.ACK, strings.Repeat("y", 700))
	d.close()
	c.reply("226 done")

	c.ask("PORT 192,0,2,1,156,70")
	c.reply("200 ok")
	c.ask("STOR up.gz")
	c.reply("150 ok")
	d = t.open(2, 20, 40006)
	d.send(event.ToClient, decode.ACK, "\x1f\x8b\x08"+strings.Repeat("z", 97))
	d.close()
	c.reply("226 done")

	c.ask("STOR again.gz")
	c.reply("150 ok")
	d = t.open(2, 20, 40006)
	d.send(event.ToClient, decode.ACK, "\x1f\x8b\x08"+strings.Repeat("z", 57))
	d.close()
	c.reply("226 done")

	c.ask("PASV")
	c.reply("227 ok (192,0,2,2,195,90)")
	c.ask("RETR elsewhere.txt")
	c.reply("150 (77 bytes)")
	c.reply("226 done")

	// Nobody announced this one, although it has the port of one that was.
	d = t.open(1, 40003, 50000)
	d.send(event.ToClient, decode.ACK, "some bytes")
	d.close()
	c.close()
	return t
}

// TestFTPDataConnections wants data connections to be recognised by what the
// control connection announced, whichever partitions both are in, and the
// output not to depend on the number of workers.
func TestFTPDataConnections(t *testing.T) {
	want := []string{
		"file bin/a.elf elf-arm 1200 to_client from 192.0.2.1",
		"file up.gz gzip 100 to_server from 192.0.2.1",
		"file again.gz gzip 60 to_server from 192.0.2.1",
		"file elsewhere.txt  77 to_client from 192.0.2.1",
		"flow 50000 ftp-data", "flow 50001 ftp-data", "flow 40006 ftp-data", "flow 40006 ftp-data", "flow 50000 ", "flow 21 ftp",
	}
	slices.Sort(want)
	var first [32]byte
	for _, workers := range []int{1, 4} {
		var got []string
		var line []byte
		h := sha256.New()
		p := pipeline.New(pipeline.Config{Workers: workers, Memory: 32 << 20, Protocols: all.Protocols(), Sink: func(u *pipeline.Unit) error {
			for _, f := range u.Facts {
				line = eve.AppendFact(line[:0], f, "")
				h.Write(line)
				switch b := f.Body.(type) {
				case *event.FileInfo:
					got = append(got, fmt.Sprintf("file %s %s %d %s from %s", b.Filename, b.Magic, b.Size, b.Dir, f.Src))
				case *event.Flow:
					got = append(got, fmt.Sprintf("flow %d %s", f.DstPort, b.AppProto))
				}
			}
			return nil
		}})
		src := ftpTalk()
		src.rounds = 1
		if err := p.Run(context.Background(), src, 0); err != nil {
			t.Fatal(err)
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%d workers: got\n%s\nwant\n%s", workers, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		if sum := [32]byte(h.Sum(nil)); workers == 1 {
			first = sum
		} else if sum != first {
			t.Error("output with 1 worker differs from output with 4")
		}
	}
}
