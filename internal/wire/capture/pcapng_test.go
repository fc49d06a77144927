package capture

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"testing"

	"edgeward/internal/ident"
)

func TestPcapngBlocks(t *testing.T) {
	l, g := binary.LittleEndian, binary.BigEndian
	file := bytes.Join([][]byte{
		ngSection(l),
		ngInterfaceBlock(l, LinkEthernet, 4),
		ngInterfaceBlock(l, LinkRaw, 0, append(ngOption(l, 2, []byte("eth0\x00\x00")...), ngOption(l, optTsResol, 9)...)...),
		ngInterfaceBlock(l, 127, 0),
		ngBlock(l, 4, make([]byte, 40)...),               // name resolution
		ngBlock(l, 0xbad, make([]byte, 3<<20)...),        // a custom block longer than any memory
		ngPacket(l, 0, 1_000_001, 90, []byte("micro")),   // 1 s and 1 us
		ngPacket(l, 1, 2_000_000_001, 4, []byte("nano")), // 2 s and 1 ns
		ngPacket(l, 2, 3_000_000, 4, []byte("wifi")),     // not supported
		ngPacket(l, 3, 3_000_000, 4, []byte("none")),     // no such interface
		ngSimple(l, 10, []byte("snap")),                  // cut to the snapshot length
		ngBlock(l, 5, make([]byte, 12)...),               // interface statistics
		ngSection(g),
		ngInterfaceBlock(g, LinkLinuxSLL, 0, append(ngOption(g, optTsResol, 0x80|10), ngOption(g, optTsOffset, 0, 0, 0, 0, 0, 0, 0, 100)...)...),
		ngPacket(g, 0, 2048+512, 3, []byte("2.5")),
		ngPacket(g, 0, 1<<62, 3, []byte("bad")), // after 2262
		ngSimple(g, 3, []byte("sim")),
	}, nil)
	frames, stats, err := readAll(t, bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	want := []struct {
		data  string
		time  int64
		wire  uint32
		link  LinkType
		iface uint16
	}{
		{"micro", 1_000_001_000, 90, LinkEthernet, 0},
		{"nano", 2_000_000_001, 4, LinkRaw, 1},
		{"snap", 2_000_000_001, 10, LinkEthernet, 0},
		{"2.5", 102_500_000_000, 3, LinkLinuxSLL, 3},
		{"bad", 102_500_000_000, 3, LinkLinuxSLL, 3},
		{"sim", 102_500_000_000, 3, LinkLinuxSLL, 3},
	}
	if len(frames) != len(want) || stats.Skipped != 2 || stats.BadTimes != 1 {
		t.Fatalf("%d frames, %+v", len(frames), stats)
	}
	for i, w := range want {
		f := frames[i]
		if string(f.Data) != w.data || f.Time != w.time || f.WireLen != w.wire || f.Link != w.link || f.Interface != w.iface || f.Number != uint64(i+1) {
			t.Errorf("frame %d is %q %+v, want %+v", i, f.Data, f, w)
		}
	}
}

func TestPcapngTimes(t *testing.T) {
	tests := []struct {
		resol  uint8
		offset int64
		ticks  uint64
		want   int64
	}{
		{0, 0, 5, 5e9},
		{3, 0, 5, 5e6},
		{6, 0, 1_700_000_000_123_456, 1_700_000_000_123_456_000},
		{9, 0, 1_700_000_000_123_456_789, 1_700_000_000_123_456_789},
		{12, 0, 1_700_000_000_123_456, 1_700_000_000_123},
		{19, 0, 1 << 63, 922_337_203},
		{127, 0, 1 << 63, 0},
		{0x80, 0, 7, 7e9},
		{0x80 | 32, 0, 3<<32 | 1<<31, 3_500_000_000},
		{0x80 | 64, 0, 1 << 63, 0},
		{0xff, 0, 1 << 63, 0},
		{6, -10, 15_000_000, 5e9},
		{6, -10, 5_000_000, badTime},
		{6, 1 << 62, 5_000_000, badTime},
		{6, 9_000_000_000, 9_000_000_000_000_000, badTime},
		{0, 0, 1 << 62, badTime},
		{6, 0, 1 << 63, badTime},
		{9, 0, 1 << 63, badTime},
	}
	for _, tt := range tests {
		i := ngInterface{offset: tt.offset}
		i.resolution(tt.resol)
		if got := i.time(tt.ticks); got != tt.want {
			t.Errorf("resolution %#x, offset %d, %d ticks: %d, want %d", tt.resol, tt.offset, tt.ticks, got, tt.want)
		}
	}
}

func TestDamagedPcapng(t *testing.T) {
	l := binary.LittleEndian
	head := append(ngSection(l), ngInterfaceBlock(l, LinkEthernet, 0)...)
	head = append(head, ngPacket(l, 0, 1, 4, []byte("good"))...)
	change := func(b []byte, at int, v uint32) []byte {
		b = bytes.Clone(b)
		l.PutUint32(b[at:], v)
		return b
	}
	packet := ngPacket(l, 0, 1, 4, []byte("four"))
	section := ngSection(l)
	version := bytes.Clone(section)
	version[12] = 9
	tests := []struct {
		name   string
		block  []byte
		reason string
	}{
		{"length 8", change(packet, 4, 8), "impossible length"},
		{"length 37", change(packet, 4, 37), "impossible length"},
		{"length 2 GiB", change(packet, 4, 1<<31), "more than any packet"},
		{"lengths differ", change(packet, len(packet)-4, 40), "two different lengths"},
		{"packet beyond block", change(packet, 20, 5), "longer than its block"},
		{"short packet", ngBlock(l, blockEnhanced, 0, 0, 0, 0), "too short"},
		{"short old packet", ngBlock(l, blockPacket, 0, 0, 0, 0), "too short"},
		{"empty simple packet", ngBlock(l, blockSimple), "too short"},
		{"short interface", ngBlock(l, blockInterface, 1, 0, 0, 0), "too short"},
		{"section without byte order", change(section, 8, 7), "byte order"},
		{"short section", ngBlock(l, magicNG, 0x4d, 0x3c, 0x2b, 0x1a), "too short"},
		{"section version", version, "version 9"},
		{"custom block of 4 GiB", change(ngBlock(l, 0xbad), 4, 0xfffffffc), "inside a record"},
	}
	for _, tt := range tests {
		file := append(bytes.Clone(head), tt.block...)
		file = append(file, ngPacket(l, 0, 2, 4, []byte("lost"))...)
		frames, stats, err := readAll(t, bytes.NewReader(file))
		cut := (*CutError)(nil)
		if !errors.As(err, &cut) || cut.Offset != int64(len(head)) || !strings.Contains(cut.Reason, tt.reason) || len(frames) != 1 || !stats.Truncated {
			t.Errorf("%s: %d frames, %v", tt.name, len(frames), err)
		}
	}
}

func TestPcapngWithoutSupportedInterface(t *testing.T) {
	l := binary.LittleEndian
	file := append(ngSection(l), ngInterfaceBlock(l, 127, 0)...)
	file = append(file, ngPacket(l, 0, 1, 4, []byte("wifi"))...)
	_, _, err := readAll(t, bytes.NewReader(file))
	if ident.CodeOf(err) != ident.Invalid || !strings.Contains(err.Error(), "link type") || ident.HintOf(err) == "" {
		t.Errorf("got %v", err)
	}
}

func TestPcapngManyInterfaces(t *testing.T) {
	l := binary.LittleEndian
	var file []byte
	for range 70 { // sections with a thousand interfaces each
		file = append(file, ngSection(l)...)
		file = append(file, bytes.Repeat(ngInterfaceBlock(l, LinkEthernet, 0), 1000)...)
	}
	f, err := NewReader(bytes.NewReader(file), "test")
	if err != nil {
		t.Fatal(err)
	}
	var b Batch
	if err := f.Read(context.Background(), &b); err == io.EOF || !strings.Contains(err.Error(), "too many interfaces") {
		t.Errorf("70000 interfaces: %v", err)
	}
}
