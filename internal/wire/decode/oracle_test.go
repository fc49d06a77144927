package decode_test

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"edgeward/internal/shared"
	"edgeward/internal/wire/capture"
	"edgeward/internal/wire/decode"
)

// missing skips a test that lacks something, except in CI.
func missing(t *testing.T, format string, args ...any) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf(format, args...)
	}
	t.Skipf(format, args...)
}

// merged writes all frames of the captures into one pcapng file, with an
// interface for each capture, so that tshark has to start only once.
func merged(t *testing.T, dir string) string {
	files, _, err := capture.Files([]string{dir})
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "all.pcapng")
	out, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	w := bufio.NewWriter(out)
	block := func(kind uint32, body []byte) {
		body = append(body, make([]byte, -len(body)&3)...)
		n := uint32(12 + len(body))
		b := binary.LittleEndian.AppendUint32(nil, kind)
		b = binary.LittleEndian.AppendUint32(b, n)
		b = append(b, body...)
		w.Write(binary.LittleEndian.AppendUint32(b, n))
	}
	block(0x0a0d0d0a, []byte{0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255})
	ifaces := uint32(0)
	for _, file := range files {
		f, err := capture.Open(file)
		if err != nil {
			continue // a link type that is not supported
		}
		ids := map[capture.LinkType]uint32{}
		var b capture.Batch
		for f.Read(context.Background(), &b) == nil {
			for _, fr := range b.Frames {
				id, ok := ids[fr.Link]
				if !ok {
					id = ifaces
					ids[fr.Link] = id
					ifaces++
					idb := binary.LittleEndian.AppendUint16(nil, uint16(fr.Link))
					block(1, append(idb, 0, 0, 0, 0, 4, 0, 9, 0, 1, 0, 9, 0, 0, 0, 0, 0, 0, 0))
				}
				epb := binary.LittleEndian.AppendUint32(nil, id)
				epb = binary.LittleEndian.AppendUint32(epb, uint32(uint64(fr.Time)>>32))
				epb = binary.LittleEndian.AppendUint32(epb, uint32(fr.Time))
				epb = binary.LittleEndian.AppendUint32(epb, uint32(len(fr.Data)))
				epb = binary.LittleEndian.AppendUint32(epb, fr.WireLen)
				block(6, append(epb, fr.Data...))
			}
		}
		f.Close()
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	return name
}

// TestAgainstTshark compares the addresses, ports and lengths of every packet
// of the shared captures with what tshark says of its innermost layer.
func TestAgainstTshark(t *testing.T) {
	if testing.Short() {
		t.Skip("not in short mode")
	}
	dir := shared.Dir(t, "captures")
	tshark, err := exec.LookPath("tshark")
	if err != nil {
		missing(t, "no tshark: %v", err)
	}
	name := merged(t, dir)
	fields := []string{"frame.number", "frame.protocols", "ip.src", "ip.dst", "ipv6.src", "ipv6.dst",
		"tcp.srcport", "tcp.dstport", "tcp.seq_raw", "tcp.len", "udp.srcport", "udp.dstport", "udp.length", "vlan.id",
		"ip.ttl", "ipv6.hlim", "ip.id", "tcp.flags"}
	args := []string{"-r", name, "-n", "-o", "tcp.desegment_tcp_streams:FALSE", "-o", "tcp.relative_sequence_numbers:FALSE", "-T", "fields", "-E", "occurrence=l"}
	for _, f := range fields {
		args = append(args, "-e", f)
	}
	cmd := exec.Command(tshark, args...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)

	f, err := capture.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	d := decode.New(decode.Options{KeepDuplicates: true})
	var (
		b       capture.Batch
		p       decode.Packet
		packets int
		differ  = map[string]int{}
	)
	for f.Read(context.Background(), &b) == nil {
		for _, fr := range b.Frames {
			if !lines.Scan() {
				t.Fatalf("tshark stopped before packet %d", fr.Number)
			}
			row := strings.Split(lines.Text(), "\t")
			if row[0] != strconv.FormatUint(fr.Number, 10) {
				t.Fatalf("packet %d is number %s to tshark", fr.Number, row[0])
			}
			packets++
			p.Time, p.Number, p.Interface = fr.Time, fr.Number, fr.Interface
			ok := d.Decode(&p, fr.Data, fr.Link, fr.WireLen)
			if what := compare(&p, ok, row); what != "" {
				differ[what]++
				if differ[what] <= 5 {
					t.Logf("packet %d: %s; tshark %q; decoded %s", fr.Number, what, row[1:], summary(&p))
				}
			}
		}
	}
	total := 0
	for what, n := range differ {
		t.Logf("%d packets: %s", n, what)
		total += n
	}
	t.Logf("%d of %d packets differ", total, packets)
	if total*1000 > packets {
		t.Errorf("%d of %d packets differ from tshark, more than one in a thousand", total, packets)
	}
}

func summary(p *decode.Packet) string {
	return fmt.Sprintf("layer %d %04x %v:%d > %v:%d proto %d len %d fragment %v tunnel %v anomalies %v", p.Layer, p.EtherType,
		decode.Addr(p.Src), p.SrcPort, decode.Addr(p.Dst), p.DstPort, p.Proto, p.PayloadLen, p.Fragment, p.Tunnel, p.Anomalies.Names(nil))
}

// compare says what differs between a packet and tshark's row, empty when
// nothing does or when tshark shows something else by design.
func compare(p *decode.Packet, ok bool, row []string) string {
	stack := strings.Split(row[1], ":")
	if slices.Contains(stack, "icmp") || slices.Contains(stack, "icmpv6") {
		return "" // the last layer is that of the packet quoted in the error
	}
	src, dst, ttl := row[2], row[3], 14
	if i, j := slices.Index(stack, "ip"), slices.Index(stack, "ipv6"); j >= 0 && (i < 0 || lastIndex(stack, "ipv6") > lastIndex(stack, "ip")) {
		src, dst, ttl = row[4], row[5], 15
	}
	if p.Layer < decode.LayerNetwork {
		if src != "" && p.Anomalies == 0 {
			return "no IP"
		}
		return ""
	}
	if src == "" {
		return "IP where tshark has none"
	}
	if s := decode.Addr(p.Src).String(); s != src || decode.Addr(p.Dst).String() != dst {
		return "addresses"
	}
	number := func(i int) uint64 { n, _ := strconv.ParseUint(row[i], 0, 64); return n }
	if uint64(p.TTL) != number(ttl) {
		return "TTL"
	}
	if !p.V6 && uint64(p.IPID) != number(16) {
		return "IP id"
	}
	if !ok || p.Fragment {
		return ""
	}
	switch {
	case p.Layer < decode.LayerTransport:
		if (slices.Contains(stack, "tcp") || slices.Contains(stack, "udp")) && p.Anomalies == 0 {
			return "no ports"
		}
	case p.Proto == 6:
		if uint64(p.SrcPort) != number(6) || uint64(p.DstPort) != number(7) {
			return "TCP ports"
		}
		if uint64(p.Seq) != number(8) {
			return "TCP sequence number"
		}
		if uint64(p.Flags) != number(17)&0xff {
			return "TCP flags"
		}
		if uint64(p.PayloadLen) != number(9) {
			return "TCP payload length"
		}
	case p.Proto == 17:
		if uint64(p.SrcPort) != number(10) || uint64(p.DstPort) != number(11) {
			return "UDP ports"
		}
		if uint64(p.PayloadLen)+8 != number(12) && p.Anomalies == 0 {
			return "UDP length"
		}
	}
	if vlan := number(13); uint64(p.VLAN) != vlan && p.Depth == 0 {
		return "VLAN"
	}
	return ""
}

func lastIndex(s []string, v string) int {
	for i := len(s) - 1; i >= 0; i-- {
		if s[i] == v {
			return i
		}
	}
	return -1
}
