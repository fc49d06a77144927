// Command mkpcap builds one large mixed capture out of many small ones, for
// benchmarks: every Ethernet capture below the given folders, each moved in
// time behind the one before with gaps of at most two seconds, repeated with
// other IPv4 addresses until the wanted size is reached.
//
//	mkpcap -o mix.pcap -size 1000 ../shared/captures
package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"log"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"edgeward/internal/wire/capture"
)

type packet struct {
	at   int64 // nanoseconds since the beginning of its file
	data []byte
}

const maxGap = 2e9

func main() {
	log.SetFlags(0)
	log.SetPrefix("mkpcap: ")
	out := flag.String("o", "mix.pcap", "file to write")
	size := flag.Int64("size", 1000, "size to reach, in millions of bytes")
	skip := flag.String("skip", "malformed", "leave out paths that contain one of these, parted by commas")
	flag.Parse()
	var files [][]packet
	for _, dir := range flag.Args() {
		more, err := load(dir, strings.Split(*skip, ","))
		if err != nil {
			log.Fatal(err)
		}
		files = append(files, more...)
	}
	if len(files) == 0 {
		log.Fatal("no Ethernet captures found")
	}
	n, bytes, err := write(*out, files, *size*1e6)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s: %d packets, %d bytes, from %d captures\n", *out, n, bytes, len(files))
}

// load reads all captures below dir.
func load(dir string, skip []string) ([][]packet, error) {
	var files [][]packet
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if ext := filepath.Ext(path); err != nil || e.IsDir() || ext != ".pcap" && ext != ".pcapng" || slices.ContainsFunc(skip, func(s string) bool { return s != "" && strings.Contains(path, s) }) {
			return err
		}
		if f := read(path); len(f) > 0 {
			files = append(files, f)
		}
		return nil
	})
	return files, err
}

// read gives the Ethernet frames of one capture, none when it has others.
func read(path string) []packet {
	src, err := capture.Open(path)
	if err != nil {
		return nil
	}
	defer src.Close()
	var list []packet
	var b capture.Batch
	var last, at int64
	for {
		err := src.Read(context.Background(), &b)
		for i := range b.Frames {
			f := &b.Frames[i]
			if f.Link != capture.LinkEthernet {
				return nil
			}
			if len(list) > 0 {
				at += min(max(f.Time-last, 0), maxGap)
			}
			last = f.Time
			list = append(list, packet{at, append([]byte(nil), f.Data...)})
		}
		if err != nil {
			return list
		}
	}
}

func write(path string, files [][]packet, size int64) (n int, written int64, err error) {
	f, err := os.Create(path)
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	w := bufio.NewWriterSize(f, 1<<20)
	var head [24]byte
	binary.LittleEndian.PutUint32(head[:], 0xa1b2c3d4)
	binary.LittleEndian.PutUint16(head[4:], 2)
	binary.LittleEndian.PutUint16(head[6:], 4)
	binary.LittleEndian.PutUint32(head[16:], 262144)
	binary.LittleEndian.PutUint32(head[20:], 1)
	if _, err := w.Write(head[:]); err != nil {
		return 0, 0, err
	}
	now := int64(1_700_000_000) * 1e9
	for rep := 0; written < size; rep++ {
		for _, file := range files {
			for _, p := range file {
				if rep > 0 {
					readdress(p.data, uint16(rep)^uint16(rep-1))
				}
				if err := record(w, now+p.at, p.data); err != nil {
					return n, written, err
				}
				n++
				written += int64(16 + len(p.data))
			}
			now += file[len(file)-1].at + 1e6
		}
	}
	return n, written, w.Flush()
}

func record(w io.Writer, t int64, data []byte) error {
	var h [16]byte
	binary.LittleEndian.PutUint32(h[:], uint32(t/1e9))
	binary.LittleEndian.PutUint32(h[4:], uint32(t%1e9/1e3))
	binary.LittleEndian.PutUint32(h[8:], uint32(len(data)))
	binary.LittleEndian.PutUint32(h[12:], uint32(len(data)))
	if _, err := w.Write(h[:]); err != nil {
		return err
	}
	_, err := w.Write(data)
	return err
}

// readdress changes the second octet of the unicast IPv4 addresses of an
// Ethernet frame by exclusive or, and the checksums with it (RFC 1624).
func readdress(d []byte, k uint16) {
	o := 12
	for len(d) > o+6 && (binary.BigEndian.Uint16(d[o:]) == 0x8100 || binary.BigEndian.Uint16(d[o:]) == 0x88a8) {
		o += 4
	}
	if len(d) < o+22 || binary.BigEndian.Uint16(d[o:]) != 0x0800 {
		return
	}
	ip := d[o+2:]
	header := int(ip[0]&15) * 4
	fragment := binary.BigEndian.Uint16(ip[6:]) & 0x1fff
	for _, a := range []int{12, 16} {
		if ip[a] >= 224 || ip[a] == 0 || ip[a] == 127 {
			continue
		}
		old := binary.BigEndian.Uint16(ip[a:])
		changed := old ^ k&0xff
		binary.BigEndian.PutUint16(ip[a:], changed)
		mend(ip[10:], old, changed)
		if fragment != 0 || header < 20 {
			continue
		}
		switch {
		case ip[9] == 6 && len(ip) >= header+18:
			mend(ip[header+16:], old, changed)
		case ip[9] == 17 && len(ip) >= header+8 && binary.BigEndian.Uint16(ip[header+6:]) != 0:
			mend(ip[header+6:], old, changed)
		}
	}
}

func mend(sum []byte, old, changed uint16) {
	s := uint32(^binary.BigEndian.Uint16(sum)) + uint32(^old) + uint32(changed)
	s = s&0xffff + s>>16
	s = s&0xffff + s>>16
	binary.BigEndian.PutUint16(sum, ^uint16(s))
}
