package review_test

import (
	"bytes"
	"strings"
	"testing"

	"edgeward/internal/judge/profile"
	"edgeward/internal/output/review"
	"edgeward/internal/policy"
)

// hostile is what a device may say of itself.
const hostile = "<script>alert(1)</script>\x1b[31m\u202e\nedgeward: all is well"

func TestProof(t *testing.T) {
	r := &profile.Result{
		Summary: profile.Summary{Exchanges: 10, WouldBlock: 2, DeviceDays: 0.5, Needed: 30, Verdict: "not enough seen: 0.50 of 30 device-days", Unjudged: 3},
		Devices: []*profile.DeviceResult{{Policy: "p", Name: hostile, Address: "192.0.2.5", Exchanges: 10, WouldBlock: 2}},
		Blocked: []*profile.Block{{
			Policy: "p", Device: "192.0.2.5", Direction: policy.Out, Peer: "203.0.113.9", PeerName: hostile, Transport: "tcp", Port: 23, Protocol: "telnet", Target: hostile,
			Why: hostile, Line: "abc", Count: 2, Samples: []policy.Sample{{Capture: hostile, Packet: 7}},
		}},
		Unlisted: 5,
	}
	var text, page bytes.Buffer
	if err := review.Proof(&text, r); err != nil {
		t.Fatal(err)
	}
	if err := review.ProofHTML(&page, r); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"not enough seen", "tcp port 23 telnet", "nearest line abc", "packet 7", "2 of 10 exchanges", "5 blocked exchanges are not listed"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("no %q in\n%s", want, &text)
		}
	}
	for _, never := range []string{"\x1b", "\u202e", "\nedgeward: all is well"} {
		if strings.Contains(text.String(), never) || strings.Contains(page.String(), never) {
			t.Errorf("%q came through", never)
		}
	}
	if strings.Contains(page.String(), "<script") || !strings.Contains(page.String(), "packet 7") || !strings.Contains(page.String(), "&lt;script&gt;") {
		t.Error("the page is not escaped, or lacks its packets")
	}
}

func TestLeftOut(t *testing.T) {
	x := &policy.Profile{Learned: &policy.Learned{LeftOut: []policy.LeftOut{
		{Exchanges: 2, Reason: "a scan", Check: "recon.x", Peer: "192.0.2.1"}, {Exchanges: 3, Reason: "a scan", Check: "recon.x", Peer: "192.0.2.2"},
		{Exchanges: 1, Reason: "too much"},
	}}}
	got := review.LeftOut("p", x)
	if len(got) != 2 || got[0] != "left out of p: 5 exchanges with 192.0.2.1, 192.0.2.2: a scan (recon.x)" || got[1] != "left out of p: 1 exchanges: too much" {
		t.Errorf("%q", got)
	}
}
