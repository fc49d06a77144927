package logs

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"edgeward/internal/event"
	"edgeward/internal/output/eve"
)

// fuzzFormat feeds what the fuzzer makes of a log behind a beginning by which
// it is taken for one, and wants facts that are whole.
func fuzzFormat(f *testing.F, begin string, seeds ...string) {
	for _, name := range seeds {
		text, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := New(bytes.NewReader(append([]byte(begin), text...)), "conn.log", Options{})
		if err != nil {
			return
		}
		var b event.Batch
		for r.Read(context.Background(), &b) == nil {
			if b.Len() > maxFacts {
				t.Fatalf("%d facts in a batch", b.Len())
			}
			for _, fact := range b.Facts() {
				if line := eve.AppendFact(nil, fact, ""); !json.Valid(line) {
					t.Fatalf("no JSON: %s", line)
				}
			}
		}
		if s := r.Stats(); s.Bad+s.Skipped > s.Lines || s.Bad > 0 && s.FirstBad == nil {
			t.Fatalf("%+v", s)
		}
	})
}

func FuzzZeekTSV(f *testing.F) {
	fuzzFormat(f, "#separator \\x09\n", "conn.log", "dns.log", "http.log", "labelled.txt")
}

func FuzzZeekJSON(f *testing.F) {
	fuzzFormat(f, `{"ts":1,"uid":"C","id.orig_h":"10.0.0.1"}`+"\n", "mixed.json")
}

func FuzzCSV(f *testing.F) {
	fuzzFormat(f, "ts,uid,id.orig_h,id.orig_p,id.resp_h,id.resp_p,proto,duration,orig_pkts,conn_state,history\n", "table.csv")
}

func FuzzEVE(f *testing.F) {
	fuzzFormat(f, `{"timestamp":"2025-01-01T00:00:00Z","event_type":"stats"}`+"\n", "eve.json")
}

// FuzzExport begins with an empty IPFIX message.
func FuzzExport(f *testing.F) {
	f.Add([]byte("\x00\x0a\x00\x14\x60\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x01\x00\x02\x00\x04"))
	fuzzFormat(f, "\x00\x0a\x00\x1c\x60\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x02\x00\x0c\x01\x00\x00\x01\x00\x08\x00\x04")
}

// FuzzJSON compares with the standard library: what it takes is taken, with
// the same strings, and what is taken is valid unless strings or numbers are
// laxer.
func FuzzJSON(f *testing.F) {
	for _, s := range []string{`{"a":"b\u00e4\ud83d\ude00\n","c":[1,2.5e3,true,null,{}],"d":{"e":""}}`, `{`, `[]`, `{"a":"\ud800"}`, `"x"`, `{"a":1,}`, `{"a":1}x`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var d document
		err := d.parse(text)
		if json.Valid(text) && err != nil && len(text) < maxDepth {
			t.Fatalf("%q: %v", text, err)
		}
		var want struct {
			A string `json:"a"`
		}
		var keys map[string]json.RawMessage
		if err != nil || json.Unmarshal(text, &keys) != nil || len(keys) != 1 || json.Unmarshal(text, &want) != nil || bytes.Count(text, []byte(`"a"`)) != 1 {
			return
		}
		if _, ok := keys["a"]; !ok {
			return
		}
		if got := string(bytes.ToValidUTF8(d.scalar(0, "a"), []byte("\ufffd"))); want.A != "" && d.nodes[d.find(0, "a")].kind == isString && len(got) == 0 {
			t.Fatalf("%q: lost %q", text, want.A)
		}
	})
}
