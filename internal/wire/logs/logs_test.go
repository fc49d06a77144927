package logs

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"edgeward/internal/event"
	"edgeward/internal/ident"
	"edgeward/internal/output/eve"
	"edgeward/internal/shared"
)

var update = flag.Bool("update", false, "write the golden files anew")

// readAll gives all facts of a log as EVE lines, and the reader.
func readAll(t testing.TB, in io.Reader, name string) (string, *Reader, error) {
	t.Helper()
	r, err := New(in, name, Options{})
	if err != nil {
		return "", nil, err
	}
	var out []byte
	var b event.Batch
	for {
		if err = r.Read(context.Background(), &b); err != nil {
			break
		}
		if b.Len() > maxFacts {
			t.Fatalf("a batch of %d facts", b.Len())
		}
		for _, f := range b.Facts() {
			out = append(eve.AppendFact(out, f, ""), '\n')
		}
	}
	if b.Len() > 0 {
		t.Error("facts in the batch that came with the end")
	}
	if err == io.EOF {
		err = nil
	}
	return string(out), r, err
}

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	g, w := strings.Split(got, "\n"), strings.Split(string(want), "\n")
	for i := range max(len(g), len(w)) {
		if i >= len(g) || i >= len(w) || g[i] != w[i] {
			t.Fatalf("%s, fact %d:\n got %s\nwant %s", path, i+1, at(g, i), at(w, i))
		}
	}
}

func at(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return "nothing"
}

func TestFacts(t *testing.T) {
	for _, c := range []struct {
		name         string
		format       Format
		bad, skipped uint64
		firstBad     string
	}{
		{"conn.log", ZeekTSV, 0, 0, ""},
		{"labelled.txt", ZeekTSV, 2, 0, `line 12: the time "yesterday" is none`},
		{"dns.log", ZeekTSV, 0, 0, ""},
		{"http.log", ZeekTSV, 0, 0, ""},
		{"mixed.json", ZeekJSON, 0, 1, ""},
		{"table.csv", CSV, 2, 0, `line 5: the port "70000" is none`},
		{"eve.json", EVE, 1, 3, "line 20: the JSON value ends early at byte 79"},
	} {
		t.Run(c.name, func(t *testing.T) {
			text, err := os.ReadFile(filepath.Join("testdata", c.name))
			if err != nil {
				t.Fatal(err)
			}
			if f := Sniff(text[:min(len(text), sniffSize)]); f != c.format {
				t.Errorf("sniffed as %q", f)
			}
			got, r, err := readAll(t, bytes.NewReader(text), c.name)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, filepath.Join("testdata", c.name+".jsonl"), got)
			s := r.Stats()
			if s.Bad != c.bad || s.Skipped != c.skipped || s.Lines != uint64(bytes.Count(text, []byte("\n"))) {
				t.Errorf("%d lines, %d bad, %d skipped", s.Lines, s.Bad, s.Skipped)
			}
			if c.firstBad != "" && (s.FirstBad == nil || s.FirstBad.Error() != c.firstBad) {
				t.Errorf("first bad line: %v", s.FirstBad)
			}
			if s.Facts != uint64(strings.Count(got, "\n")) {
				t.Errorf("counted %d facts", s.Facts)
			}
			packed := pack(t, text)
			again, _, err := readAll(t, bytes.NewReader(packed), c.name+".gz")
			if err != nil || again != got {
				t.Errorf("compressed, it is read differently: %v", err)
			}
			_, _, err = readAll(t, bytes.NewReader(packed[:len(packed)-10]), c.name+".gz")
			if cut := (*CutError)(nil); !errors.As(err, &cut) {
				t.Errorf("cut compressed data gives %v", err)
			}
			f, rest, err := Recognise(bytes.NewReader(packed))
			if back, _ := io.ReadAll(rest); f != c.format || err != nil || !bytes.Equal(back, packed) {
				t.Errorf("recognised in a stream as %q, %v", f, err)
			}
		})
	}
}

func pack(t testing.TB, text []byte) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestOwnEvents wants what this program writes to be read back: the flows of a
// log of Zeek go through EVE and come out as the same conversations.
func TestOwnEvents(t *testing.T) {
	collect := func(in io.Reader, name string) (list []string, lines []byte) {
		r, err := New(in, name, Options{})
		if err != nil {
			t.Fatal(err)
		}
		var b event.Batch
		for r.Read(context.Background(), &b) == nil {
			for _, f := range b.Facts() {
				x := f.Body.(*event.Flow)
				list = append(list, fmt.Sprint(f.Src, f.Dst, f.SrcPort, f.DstPort, f.Transport, f.SrcMAC, f.DstMAC, f.Time, f.Flow, x.AppProto, x.Start, x.End, x.Age,
					x.PktsToServer, x.PktsToClient, x.BytesToServer, x.BytesToClient, x.DataToServer, x.DataToClient, x.TCPFlagsTS, x.TCPFlagsTC))
				lines = append(eve.AppendFact(lines, f, ""), '\n')
			}
		}
		return list, lines
	}
	h, err := os.Open("testdata/conn.log")
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	want, lines := collect(h, "conn.log")
	got, _ := collect(bytes.NewReader(lines), "eve.json")
	if len(want) != len(got) {
		t.Fatalf("%d flows, want %d", len(got), len(want))
	}
	for i := range want {
		if want[i] != got[i] {
			t.Errorf("flow %d\n got %s\nwant %s", i+1, got[i], want[i])
		}
	}
}

func TestSniff(t *testing.T) {
	for text, want := range map[string]Format{
		"":                               None,
		"\n":                             None,
		"hello, world, and, all":         None,
		"ts,uid,a,b\n1,2,3,4\n":          None,
		"# a comment\n":                  None,
		"#separator \\x09\n":             ZeekTSV,
		"#fields\tts\tuid\n":             ZeekTSV,
		`{"a":1}`:                        None,
		`{"ts":1,"id.orig_h":"10.0.0.1"`: ZeekJSON,
		`{"timestamp":"2025-01-01T00:00:00Z","event_type":"stats","st`: EVE,
		"ts;uid;id.orig_h;id.resp_h;proto\n":                           CSV,
		"ts,id_orig_h,id_orig_p,id_resp_h,id_resp_p\n":                 CSV,
		"{": None, "[]": None, "\"": None, "\x0a\x0d\x0d\x0a\x00\x00\x00\x00": None,
		"\xd4\xc3\xb2\xa1\x02\x00\x04\x00": None,
	} {
		if got := Sniff([]byte(text)); got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
		if got, _, err := Recognise(strings.NewReader(text)); got != want || err != nil {
			t.Errorf("the stream %q is %q, %v, want %q", text, got, err, want)
		}
	}
}

// slowCapture gives the header of a capture and then wants nobody to ask for more.
type slowCapture struct {
	t    *testing.T
	head []byte
}

func (s *slowCapture) Read(b []byte) (int, error) {
	if len(s.head) == 0 {
		s.t.Fatal("a capture that is still being written is read ahead")
	}
	n := copy(b, s.head)
	s.head = s.head[n:]
	return n, nil
}

func TestRecogniseKeepsNoCaptureWaiting(t *testing.T) {
	for _, head := range []string{
		"\xd4\xc3\xb2\xa1\x02\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x04\x00\x01\x00\x00\x00",
		"\x4d\x3c\xb2\xa1\x02\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x04\x00\x01\x00\x00\x00",
	} {
		if f, _, err := Recognise(&slowCapture{t, []byte(head)}); f != None || err != nil {
			t.Errorf("recognised as %q, %v", f, err)
		}
	}
}

func TestTooLongLine(t *testing.T) {
	text := "#fields\tts\tuid\tid.orig_h\tid.resp_h\tconn_state\n" +
		"1\tC" + strings.Repeat("x", 100<<10) + "\t10.0.0.1\t10.0.0.2\tS0\n" +
		strings.Repeat("y", 3<<20) + "\n" +
		"2\tC\t10.0.0.1\t10.0.0.2\tS0\n"
	got, r, err := readAll(t, strings.NewReader(text), "conn.log")
	if err != nil {
		t.Fatal(err)
	}
	if s := r.Stats(); s.Facts != 2 || s.Bad != 1 || s.Lines != 4 || s.Bytes != int64(len(text)) {
		t.Errorf("%+v\n%s", s, got)
	}
}

func TestManyFacts(t *testing.T) {
	var text strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&text, `{"timestamp":"2025-01-01T00:00:00Z","event_type":"dns","src_ip":"10.0.0.1","dest_ip":"10.0.0.2","dns":{"type":"query","id":%d,"rrname":"a%d.example","rrtype":"A"}}`+"\n", i, i)
	}
	got, r, err := readAll(t, strings.NewReader(text.String()), "eve.json")
	if err != nil || strings.Count(got, "\n") != 5000 || r.Stats().Bad != 0 {
		t.Fatalf("%d facts, %v", strings.Count(got, "\n"), err)
	}
}

func TestVaultSealsPasswords(t *testing.T) {
	var sealed []string
	vault := event.VaultFunc(func(_ *event.Batch, service, user string, value []byte) event.Secret {
		sealed = append(sealed, service+" "+user+" "+string(value))
		return event.Secret{Seen: true, Len: uint16(len(value))}
	})
	for _, name := range []string{"http.log", "eve.json"} {
		r, err := Open(filepath.Join("testdata", name), Options{Vault: vault, Capture: 3, Place: ident.Place{Scope: 9}})
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		var b event.Batch
		for r.Read(context.Background(), &b) == nil {
			for _, f := range b.Facts() {
				if f.Capture != 3 || f.Place.Scope != 9 {
					t.Error("the envelope lacks what the options say")
				}
				if line := string(eve.AppendFact(nil, f, "")); strings.Contains(line, "geheim") || strings.Contains(line, `"gut"`) {
					t.Errorf("a password is in %s", line)
				}
			}
		}
	}
	if fmt.Sprint(sealed) != "[http admin geheim mqtt op gut]" {
		t.Errorf("sealed %q", sealed)
	}
}

func TestOpenErrors(t *testing.T) {
	_, err := Open(filepath.Join(t.TempDir(), "none.log"), Options{})
	if ident.CodeOf(err) != ident.NotFound || ident.HintOf(err) == "" {
		t.Errorf("missing file: %v", err)
	}
	if _, err = New(strings.NewReader("notes"), "notes.txt", Options{}); ident.CodeOf(err) != ident.Invalid {
		t.Errorf("no log: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	r, err := Open("testdata/conn.log", Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if err := r.Read(ctx, new(event.Batch)); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %v", err)
	}
	if ns, err := FirstTime("testdata/conn.log"); ns != 1741064767250001000 || err != nil {
		t.Errorf("first time %d, %v", ns, err)
	}
}

// TestSharedFlows reads real logs: every line must be understood.
func TestSharedFlows(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(shared.Dir(t, "data", "flows"), "*", "*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no files, %v", err)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		header := uint64(bytes.Count(text, []byte("\n#")))
		if text[0] == '#' || bytes.HasPrefix(text, []byte("ts,")) {
			header++
		}
		_, r, err := readAll(t, bytes.NewReader(text), name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if s := r.Stats(); s.Bad > 0 || s.Skipped > 0 || s.Facts != s.Lines-header || s.Flows != s.Facts {
			t.Errorf("%s: %+v", filepath.Base(name), s)
		}
	}
}

func TestParseTime(t *testing.T) {
	for text, want := range map[string]int64{
		"0": 0, "1.5": 1500000000, "-1.25": -1250000000, "1741064767.250001": 1741064767250001000, "1741064767.1234567891": 1741064767123456789,
		"1741064767250": 1741064767250000000, "1.741064767e9": 1741064767000000000,
		"2025-03-04T05:06:07Z": 1741064767000000000, "2025-03-04T06:06:07.5+0100": 1741064767500000000, "2025-03-04 00:06:07.000001-05:00": 1741064767000001000,
	} {
		if got, ok := parseTime([]byte(text)); !ok || got != want {
			t.Errorf("%s is %d, %v, want %d", text, got, ok, want)
		}
	}
	for _, text := range []string{"", "-", "x", "1.x", "99999999999999999999", "NaN", "inf", "2025-13-04T05:06:07Z", "2025-03-04T05:06:07+1", "2025-03-04X05:06:07"} {
		if got, ok := parseTime([]byte(text)); ok {
			t.Errorf("%s is %d", text, got)
		}
	}
}

func TestZeekFlags(t *testing.T) {
	for _, c := range []struct {
		history, state string
		ts, tc         uint8
	}{
		{"S", "S0", 0x02, 0}, {"Sr", "REJ", 0x02, 0x04}, {"ShADadFf", "SF", 0x13, 0x13}, {"ShR", "RSTO", 0x06, 0x12},
		{"", "S0", 0x02, 0}, {"", "SF", 0x13, 0x13}, {"^d", "SHR", 0, 0x10}, {"", "OTH", 0, 0},
	} {
		if ts, tc := zeekFlags([]byte(c.history), c.state); ts != c.ts || tc != c.tc {
			t.Errorf("%s %s: %02x %02x", c.history, c.state, ts, tc)
		}
	}
}
