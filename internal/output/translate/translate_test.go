package translate_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"edgeward/internal/ident"
	"edgeward/internal/judge/profile"
	"edgeward/internal/output/translate"
	"edgeward/internal/policy"
)

func TestWrite(t *testing.T) {
	made := func(id string) *policy.Policy {
		p := &policy.Policy{ID: id, Kind: policy.ForProfile, Mode: policy.Warn}
		x := &policy.Profile{Name: id, Members: []policy.Member{{MACs: []string{"02:00:00:00:00:01"}}}, Lines: []policy.Line{{
			Direction: policy.Out, Peer: policy.Peer{Kind: policy.PeerName, Names: []string{"api.example.com"}}, Transport: "tcp", Ports: []policy.Range{{First: 443, Last: 443}}, Protocol: "tls",
		}}}
		x.Lines[0].ID = x.Lines[0].Identify()
		if err := profile.Envelope(p, x); err != nil {
			t.Fatal(err)
		}
		return p
	}
	mute := &policy.Policy{ID: "m", Kind: policy.Mute}
	for _, to := range translate.Formats() {
		var b bytes.Buffer
		_, err := translate.Write(&b, to, []*policy.Policy{mute, made("a")}, translate.Options{URL: "https://example.org/a.json", Now: time.Unix(1_800_000_000, 0).UTC()})
		if err != nil || b.Len() == 0 {
			t.Errorf("%s: %d bytes, %v", to, b.Len(), err)
		}
		if _, extension, err := translate.Kind(to); err != nil || !strings.HasPrefix(extension, ".") {
			t.Errorf("%s: %q, %v", to, extension, err)
		}
	}
	for _, c := range []struct {
		to   string
		list []*policy.Policy
		want string
		hint string
	}{
		{"nftable", []*policy.Policy{made("a")}, `unknown format "nftable"`, "did you mean nftables?"},
		{"mud", []*policy.Policy{made("a"), made("b")}, "of one profile, and there are 2", "choose one: a, b"},
		{"nftables", []*policy.Policy{mute}, "there is no profile", ""},
	} {
		if _, err := translate.Write(&bytes.Buffer{}, c.to, c.list, translate.Options{}); err == nil || !strings.Contains(err.Error(), c.want) || ident.HintOf(err) != c.hint {
			t.Errorf("%s: %v (%s)", c.to, err, ident.HintOf(err))
		}
	}
}
