//go:build !sensor

package app

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"edgeward/content"
	"edgeward/internal/event"
	"edgeward/internal/finding"
	"edgeward/internal/ident"
	"edgeward/internal/query"
)

// yesterday replays made-up facts.
type yesterday []*event.Fact

func (y yesterday) Replay(_ context.Context, _ query.Request, fn func(*query.Record) error) error {
	for _, f := range y {
		if err := fn(&query.Record{Time: f.Time, Fact: f}); err != nil {
			return err
		}
	}
	return nil
}

// signedContent signs the embedded catalogue with a change.
func signedContent(t *testing.T, key, version string, change func(checks string) string) []byte {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "checks.yaml"), []byte(change(string(content.Checks()))), 0o600); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "bundle")
	if err := SignContent(dir, key, version, out, time.Now()); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func same(s string) string { return s }

func TestContentIsVerifiedTriedAndGoneBackFrom(t *testing.T) {
	keys := filepath.Join(t.TempDir(), "ours")
	if err := MakeKeys(keys, "the operator"); err != nil {
		t.Fatal(err)
	}
	if err := MakeKeys(keys, ""); ident.CodeOf(err) != ident.Usage {
		t.Errorf("a key was written over: %v", err)
	}
	k := NewKnowledge(t.TempDir())
	now := time.Now()
	first := signedContent(t, keys+".key", "2030.1", same)
	if _, err := k.Verify(bytes.NewReader(first)); ident.CodeOf(err) != ident.Denied {
		t.Errorf("nobody is trusted: %v", err)
	}
	if err := k.Trust(keys + ".pub"); err != nil {
		t.Fatal(err)
	}
	install := func(b []byte, force bool) error {
		t.Helper()
		c, err := k.Verify(bytes.NewReader(b))
		if err != nil {
			return err
		}
		defer c.Discard()
		trial, err := k.Try(t.Context(), c, yesterday(nil), JudgeOptions{}, now)
		if err != nil || trial.Added() != 0 || c.Signer != "the operator" {
			t.Errorf("trial: %+v by %q, %v", trial, c.Signer, err)
		}
		return k.Install(c, force, now)
	}
	if err := install(first, false); err != nil {
		t.Fatal(err)
	}
	if err := install(signedContent(t, keys+".key", "2030.2", same), false); err != nil {
		t.Fatal(err)
	}
	if err := install(first, false); ident.CodeOf(err) != ident.Invalid || !strings.Contains(err.Error(), "not newer") {
		t.Errorf("an older version: %v", err)
	}
	if err := install(signedContent(t, keys+".key", "2000.1", same), false); ident.CodeOf(err) != ident.Invalid {
		t.Errorf("older than what is built in: %v", err)
	}
	first[len(first)-1] ^= 1
	if err := install(first, true); ident.CodeOf(err) != ident.Invalid {
		t.Errorf("changed on the way: %v", err)
	}
	dir := k.Folder()
	if _, err := knowledgeIn(dir); err != nil || !strings.Contains(dir, "2030.2") {
		t.Fatalf("in use is %q: %v", dir, err)
	}
	for _, want := range []string{"2030.1", "2030.2"} {
		if u, err := k.Rollback("", now); err != nil || u.Version != want {
			t.Fatalf("back: %+v, %v", u, err)
		}
	}
	if u, err := k.Rollback("built-in", now); err != nil || u.Version != "" || k.Folder() != "" {
		t.Errorf("back to what is embedded: %+v, %v", u, err)
	}
	if _, err := k.Rollback("1.2.3", now); ident.CodeOf(err) != ident.NotFound {
		t.Errorf("back to what was never there: %v", err)
	}
	left, _ := filepath.Glob(filepath.Join(k.dir, ".new-*"))
	if len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
	if err := os.WriteFile(filepath.Join(t.TempDir(), "x"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	broken := t.TempDir()
	if err := os.WriteFile(filepath.Join(broken, "checks.yaml"), []byte("- id: [nonsense"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := SignContent(broken, keys+".key", "2031", filepath.Join(broken, "out"), now); ident.CodeOf(err) != ident.Invalid {
		t.Errorf("content that does not load was signed: %v", err)
	}
}

// TestNewContentIsComparedWithTheOld gives a trial facts that raise findings
// and content that lacks their check.
func TestNewContentIsComparedWithTheOld(t *testing.T) {
	keys := filepath.Join(t.TempDir(), "ours")
	if err := MakeKeys(keys, ""); err != nil {
		t.Fatal(err)
	}
	var facts yesterday
	_, err := Analyze(t.Context(), AnalyzeOptions{Paths: []string{"../../test/lab/lab.pcap"}, Observer: &gatherer{&facts}})
	if err != nil {
		t.Fatal(err)
	}
	k := NewKnowledge(t.TempDir())
	if err := k.Trust(keys + ".pub"); err != nil {
		t.Fatal(err)
	}
	try := func(change func(string) string) *Trial {
		t.Helper()
		c, err := k.Verify(bytes.NewReader(signedContent(t, keys+".key", "2030.1", change)))
		if err != nil {
			t.Fatal(err)
		}
		defer c.Discard()
		trial, err := k.Try(t.Context(), c, facts, JudgeOptions{}, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		return trial
	}
	trial := try(same)
	more, fewer := trial.Diff()
	if trial.Facts != uint64(len(facts)) || len(trial.Before) == 0 || len(more)+len(fewer) != 0 || trial.Added() != 0 {
		t.Fatalf("the same content: %+v, more %v, fewer %v", trial, more, fewer)
	}
	var gone string
	for check := range trial.Before {
		gone = max(gone, check)
	}
	trial = try(func(checks string) string {
		items := strings.Split(checks, "\n- id: ")
		kept := items[:0]
		for _, item := range items {
			if !strings.HasPrefix(item, gone+"\n") {
				kept = append(kept, item)
			}
		}
		return strings.Join(kept, "\n- id: ")
	})
	if more, fewer = trial.Diff(); trial.After[gone] != 0 || len(fewer) == 0 || !strings.HasPrefix(fewer[len(fewer)-1], gone+": ") {
		t.Errorf("without %s: more %v, fewer %v", gone, more, fewer)
	}
}

// gatherer keeps copies of facts, through the form in which they travel.
type gatherer struct{ facts *yesterday }

func (g *gatherer) Alert(*finding.Finding) {}
func (g *gatherer) Flush() error           { return nil }

func (g *gatherer) Fact(f *event.Fact) {
	c := *f
	body := string(f.Body.AppendCBOR(nil))
	var err error
	if c.Body, err = event.DecodeBody(f.Body.Kind(), body); err != nil {
		panic(fmt.Sprint("a body that was encoded cannot be decoded: ", err))
	}
	*g.facts = append(*g.facts, &c)
}
