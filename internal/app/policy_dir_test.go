//go:build !sensor

package app

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"edgeward/internal/policy"
	"edgeward/internal/store/state"
)

func TestPoliciesOfAFolder(t *testing.T) {
	ctx, dir := context.Background(), t.TempDir()
	s, err := state.Open(ctx, "sqlite:"+filepath.Join(t.TempDir(), "state.db"), state.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	d := &policyDir{h: &Hub{o: RunOptions{Log: slog.New(slog.DiscardHandler)}, State: s}, dir: dir}
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	file := func(id, mac, port string) string {
		return fmt.Sprintf("edgeward: 1\npolicies:\n  - {id: %s, profile: {name: x, members: [{macs: [%q]}], lines: [{direction: out, peer: {kind: any}, transport: tcp, ports: [%q]}]}}\n", id, mac, port)
	}
	state := func() string {
		t.Helper()
		list, err := s.Policies(ctx, policy.Filter{})
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, p := range list {
			_, port, _ := strings.Cut(string(p.Body), `"first":`)
			port, _, _ = strings.Cut(port, ",")
			out = append(out, fmt.Sprintf("%s/%d/%s/%s", p.ID, p.Revision, p.Origin, port))
		}
		return strings.Join(out, " ")
	}
	step := func(want string, problems ...string) {
		t.Helper()
		err := d.load(ctx)
		for _, p := range problems {
			if err == nil || !strings.Contains(err.Error(), p) {
				t.Errorf("error %v, want %q", err, p)
			}
		}
		if len(problems) == 0 && err != nil {
			t.Error(err)
		}
		if got := state(); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	if err := s.PutPolicy(ctx, &policy.Policy{ID: "own", Kind: policy.Mute, Origin: policy.FromConsole}); err != nil {
		t.Fatal(err)
	}
	write("a.yaml", file("a", "02:00:00:00:00:01", "80"))
	write("b.yaml", file("b", "02:00:00:00:00:02", "81"))
	write("notes.txt", "nothing of ours")
	step("own/1/console/ a/1/file/80 b/1/file/81")
	step("own/1/console/ a/1/file/80 b/1/file/81") // again: nothing changed

	// A broken file leaves what it said; the others go on.
	write("a.yaml", file("a", "02:00:00:00:00:01", "90-80"))
	write("b.yaml", file("b", "02:00:00:00:00:02", "443"))
	step("own/1/console/ a/1/file/80 b/2/file/443", filepath.Join(dir, "a.yaml")+":3:", "wrong way round")
	write("a.yaml", "edgeward: 1\npolicies: [")
	step("own/1/console/ a/1/file/80 b/2/file/443", filepath.Join(dir, "a.yaml")+":")

	// An id that is taken, by the console or by a file before.
	write("a.yaml", file("a", "02:00:00:00:00:01", "22"))
	write("c.yaml", file("own", "02:00:00:00:00:03", "1"))
	write("d.yaml", file("e", "02:00:00:00:00:01", "1"))
	step("own/1/console/ a/2/file/22 b/2/file/443", "c.yaml:3: the id \"own\" is that of a policy of the console", "d.yaml:3:")

	for _, name := range []string{"a.yaml", "c.yaml", "d.yaml"} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	step("own/1/console/ b/2/file/443")
}
