//go:build !sensor

package state

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"edgeward/internal/asset"
	"edgeward/internal/event"
	"edgeward/internal/finding"
	"edgeward/internal/hub"
	"edgeward/internal/ident"
	"edgeward/internal/policy"
)

func TestFindings(t *testing.T) {
	onEngines(t, func(t *testing.T, fresh func() *Store) {
		for name, f := range map[string]func(*testing.T, *scene){
			"counts are summed over sensors and runs":   counts,
			"what people decide survives":               decisions,
			"one claim of two sensors is one finding":   claims,
			"a mute hides and lets go":                  mutes,
			"a window is for what happens in it":        windows,
			"groups":                                    groups,
			"search":                                    search,
			"behaviour is silent while a site is young": silence,
		} {
			t.Run(name, func(t *testing.T) { f(t, newScene(t, fresh())) })
		}
	})
}

func one(f ...*finding.Finding) []*finding.Finding { return f }

func counts(t *testing.T, c *scene) {
	f := func(n uint64) *finding.Finding { return found("f1", "exposure.x", macKey(mac(1)), n) }
	m := c.message("a", 1, nil, one(f(3)))
	c.apply(m)
	c.apply(c.message("a", 1, nil, one(f(5))), c.message("b", 1, nil, one(f(10))), c.message("a", 1, nil, one(f(4))))
	c.apply(m) // again
	c.apply(c.message("a", 2, nil, one(f(1))))
	r := c.findings(finding.Filter{})[0]
	if r.Count != 16 || !slices.Equal(r.Sensors, []string{"a", "b"}) || len(r.Evidence) != 1 {
		t.Errorf("finding: %+v", r)
	}
}

func decisions(t *testing.T, c *scene) {
	ctx := hub.WithActor(context.Background(), "anna")
	f := func(n uint64, last int64) *finding.Finding {
		return found("f1", "exposure.x", macKey(mac(1)), n, func(f *finding.Finding) { f.LastSeen = last })
	}
	c.devices(device("l1", mac(1), "10.0.0.5"))
	o := c.apply(c.message("a", 1, nil, one(f(3, t0))))
	if len(o.Opened) != 1 {
		t.Errorf("opened: %+v", o.Opened)
	}
	set := func(s finding.Status) {
		_, err := c.s.EditFinding(ctx, 1, "f1", func(r *finding.Record) error {
			r.Status = s
			r.Comments = append(r.Comments, finding.Comment{User: "anna", Status: s, Text: "because"})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	set(finding.Acknowledged)
	if d := c.list(asset.Filter{})[0]; d.Findings[ident.Medium] != 0 {
		t.Errorf("the device has %v open findings", d.Findings)
	}
	c.apply(c.message("a", 1, nil, one(f(4, t0+minute))))
	if r := c.findings(finding.Filter{})[0]; r.Status != finding.Acknowledged || r.Count != 4 {
		t.Errorf("finding: %+v", r)
	}
	set(finding.Resolved)
	c.apply(c.message("b", 1, nil, one(f(4, t0)))) // what another sensor saw before
	if r := c.findings(finding.Filter{})[0]; r.Status != finding.Resolved {
		t.Errorf("finding: %+v", r)
	}
	o = c.apply(c.message("a", 1, nil, one(f(9, t0+2*minute))))
	r := c.findings(finding.Filter{})[0]
	if r.Status != finding.Open || r.Reopened != 1 || len(o.Again) != 1 || len(r.Comments) != 3 {
		t.Errorf("finding: %+v", r)
	}
	if d := c.list(asset.Filter{})[0]; d.Findings[ident.Medium] != 1 || d.Risk == 0 {
		t.Errorf("device: %v, risk %d", d.Findings, d.Risk)
	}
	n, err := c.s.CountMoments(ctx, hub.MomentFilter{Tenant: 1, Device: r.Device})
	if err != nil || n[hub.StatusSet] != 2 || n[hub.FindingReopened] != 1 || n[hub.FindingOpened] != 1 || n[hub.CommentAdded] != 2 {
		t.Errorf("moments: %v, %v", n, err)
	}
	if _, err := c.s.EditFinding(ctx, 1, "f1", func(r *finding.Record) error { r.Status = "gone"; return nil }); ident.CodeOf(err) != ident.Invalid {
		t.Errorf("an unknown status: %v", err)
	}
}

func claims(t *testing.T, c *scene) {
	f := func(id string, first int64) *finding.Finding {
		return found(id, "exposure.x", macKey(mac(1)), 5, func(f *finding.Finding) {
			f.Claim, f.FirstSeen, f.LastSeen, f.Episode = 77, first, first+minute, first
		})
	}
	c.apply(c.message("a", 1, nil, one(f("f1", t0))), c.message("b", 1, nil, one(f("f2", t0+second))))
	c.apply(c.message("a", 2, nil, one(f("f3", t0+3600*second)))) // after a restart
	c.apply(c.message("a", 2, nil, one(f("f4", t0+100*3600*second))))
	list := c.findings(finding.Filter{Sort: "first_seen"})
	if len(list) != 2 || list[0].Count != 15 || list[1].ID != "f4" {
		t.Fatalf("findings: %+v", list)
	}
	r, err := c.s.Finding(context.Background(), 1, "f3")
	if err != nil || r.ID != "f1" {
		t.Errorf("by another id: %+v, %v", r, err)
	}
	c.apply(c.message("a", 2, nil, one(f("f3", t0+3600*second), found("m", "recon.x", macKey(mac(1)), 1, func(f *finding.Finding) { f.Incident = "f2" }))))
	if list := c.findings(finding.Filter{Incident: "f1"}); len(list) != 1 {
		t.Errorf("members: %+v", list)
	}
}

func mutes(t *testing.T, c *scene) {
	ctx := context.Background()
	c.devices(device("l1", mac(1), "10.0.0.5", func(d *asset.Device) { d.Type = asset.Belief{Value: "camera", Confidence: 0.9} }), device("l2", mac(2), "10.0.0.6"))
	report := func(n uint64) {
		c.apply(c.message("a", 1, nil, one(found("f1", "exposure.x", macKey(mac(1)), n), found("f2", "exposure.x", macKey(mac(2)), n), found("f3", "recon.x", macKey(mac(1)), n))))
	}
	report(1)
	cameras := policy.Selector{Checks: []string{"exposure.*"}, Types: []string{"camera"}}
	n, sample, err := c.s.PreviewMute(ctx, 1, cameras, 5)
	if err != nil || n != 1 || len(sample) != 1 || sample[0].ID != "f1" {
		t.Errorf("preview: %d, %+v, %v", n, sample, err)
	}
	p := &policy.Policy{Tenant: 1, Kind: policy.Mute, Selector: cameras, Expires: testNow.Add(time.Hour).UnixNano(), Origin: policy.FromConsole, Author: "anna"}
	if err := c.s.PutPolicy(ctx, p); err != nil || p.Revision != 1 {
		t.Fatal(p, err)
	}
	yes, no := true, false
	hidden := func(want int) {
		t.Helper()
		if n, m := len(c.findings(finding.Filter{Muted: &yes})), len(c.findings(finding.Filter{Muted: &no})); n != want || m != 3-want {
			t.Errorf("%d hidden, %d shown; want %d hidden", n, m, want)
		}
	}
	hidden(1)
	report(2)
	hidden(1)
	if d := c.list(asset.Filter{Types: []string{"camera"}})[0]; d.Findings[ident.Medium] != 1 {
		t.Errorf("the camera has %v", d.Findings)
	}
	// A person says that the other is a camera too.
	id := c.list(asset.Filter{Host: macKey(mac(2))})[0].ID
	if _, err := c.s.EditDevice(ctx, 1, id, func(a *asset.Attributes) error { a.Type = "camera"; return nil }); err != nil {
		t.Fatal(err)
	}
	hidden(2)
	if n, err := c.s.ApplyPolicies(ctx, 1, testNow.Add(time.Minute).UnixNano()); err != nil || n != 0 {
		t.Errorf("nothing began or ended: %d, %v", n, err)
	}
	if n, err := c.s.ApplyPolicies(ctx, 1, testNow.Add(2*time.Hour).UnixNano()); err != nil || n != 2 {
		t.Errorf("after the mute expired: %d, %v", n, err)
	}
	hidden(0)
	stale := *p
	p.Expires = 0
	if err := c.s.PutPolicy(ctx, p); err != nil || p.Revision != 2 {
		t.Fatal(p, err)
	}
	hidden(2)
	if err := c.s.PutPolicy(ctx, &stale); ident.CodeOf(err) != ident.Invalid {
		t.Errorf("an old revision: %v", err)
	}
	if err := c.s.DeletePolicy(ctx, 1, p.ID); err != nil {
		t.Fatal(err)
	}
	hidden(0)
}

func windows(t *testing.T, c *scene) {
	p := &policy.Policy{Tenant: 1, Kind: policy.Maintenance, From: t0, Expires: t0 + 10*minute, Origin: policy.FromConsole}
	if err := c.s.PutPolicy(context.Background(), p); err != nil {
		t.Fatal(err)
	}
	f := func(last int64) *finding.Finding {
		return found("f1", "recon.x", macKey(mac(1)), uint64(last), func(f *finding.Finding) { f.LastSeen = last })
	}
	c.apply(c.message("a", 1, nil, one(f(t0+minute))))
	if r := c.findings(finding.Filter{})[0]; r.Expected != p.ID {
		t.Errorf("in the window: %+v", r)
	}
	c.apply(c.message("a", 1, nil, one(f(t0+11*minute)))) // it goes on
	if r := c.findings(finding.Filter{})[0]; r.Expected != "" {
		t.Errorf("after the window: %+v", r)
	}
}

func groups(t *testing.T, c *scene) {
	ctx := context.Background()
	var devices []*asset.Device
	var list []*finding.Finding
	for i := range byte(20) {
		devices = append(devices, device(fmt.Sprint("l", i), mac(i), fmt.Sprintf("10.0.0.%d", i+1)))
		list = append(list, found(fmt.Sprint("f", i), "exposure.x", macKey(mac(i)), 2))
	}
	list = append(list,
		found("m1", "recon.x", macKey(mac(1)), 1, func(f *finding.Finding) { f.Incident = "i" }),
		found("i", "infection.x", macKey(mac(1)), 1, func(f *finding.Finding) { f.Members, f.Severity = []string{"m1"}, ident.Critical }))
	c.apply(c.message("a", 1, devices, list))
	got, n, err := c.s.FindingGroups(ctx, finding.Filter{Tenant: 1, Sort: "-severity"})
	if err != nil || n != 2 || len(got) != 2 {
		t.Fatalf("%d groups: %+v, %v", n, got, err)
	}
	if got[0].Key != "i" || got[0].Severity != ident.Critical || got[1].Devices != 20 || got[1].Findings != 20 || got[1].Count != 40 || len(got[1].Sample) != 5 || len(got[1].Labels) != 5 || got[1].Statuses[finding.Open] != 20 {
		t.Errorf("groups: %+v", got)
	}
	// What a person calls a device is shown as it was written.
	camera := c.findings(finding.Filter{Incident: "i"})[0].Device
	if _, err := c.s.EditDevice(ctx, 1, camera, func(a *asset.Attributes) error { a.Label = "Gate Camera"; return nil }); err != nil {
		t.Fatal(err)
	}
	if got, _, err := c.s.FindingGroups(ctx, finding.Filter{Tenant: 1, Sort: "-severity"}); err != nil || fmt.Sprint(got[0].Labels) != "[Gate Camera]" {
		t.Errorf("groups: %+v, %v", got, err)
	}
	if list := c.findings(finding.Filter{Incident: "i"}); list[0].Label != "Gate Camera" {
		t.Errorf("label %q", list[0].Label)
	}
	if members := c.findings(finding.Filter{Incident: "i"}); len(members) != 1 || members[0].ID != "m1" {
		t.Errorf("members: %+v", members)
	}
	for by, want := range map[string]map[string]int{"severity": {"medium": 21, "critical": 1}, "kind": {"exposure": 22}, "status": {"open": 22}} {
		if n, err := c.s.CountFindings(ctx, finding.Filter{Tenant: 1}, by); err != nil || fmt.Sprint(n) != fmt.Sprint(want) {
			t.Errorf("by %s: %v, %v", by, n, err)
		}
	}
	if _, err := c.s.CountFindings(ctx, finding.Filter{Tenant: 1}, "id; DROP TABLE findings"); ident.CodeOf(err) != ident.Usage {
		t.Errorf("by something else: %v", err)
	}
}

func search(t *testing.T, c *scene) {
	c.apply(c.message("a", 1, nil, one(
		found("f1", "exposure.telnet-service", macKey(mac(1)), 1, func(f *finding.Finding) { f.Title, f.Peers = "Telnet service in use", []string{"192.0.2.17"} }),
		found("f2", "recon.port-scan", macKey(mac(2)), 1, func(f *finding.Finding) {
			f.Title, f.Explanation = "Ports were tried", "It asked für Café.example.com."
		}))))
	for text, want := range map[string]string{
		"telnet": "f1", "TELNET use": "f1", "192.0.2.17": "f1", "192.0.2": "f1", "tel": "f1", "port-scan": "f2", "cafe": "", "café.exam": "f2", "telnet ports": "", "2.0.192": "",
		`"`: "", "* OR 1": "", "'); DROP TABLE findings; --": "", "NEAR(": "", ":*": "", "\x00": "", "zz & | !": "",
	} {
		got := ""
		for _, r := range c.findings(finding.Filter{Text: text}) {
			got += r.ID
		}
		if got != want {
			t.Errorf("%q finds %q, want %q", text, got, want)
		}
	}
	for want, f := range map[int]finding.Filter{
		1: {Checks: []string{"exposure.*"}}, 2: {Checks: []string{"exposure.*", "recon.port-scan"}}, 0: {Checks: []string{"expo*"}},
	} {
		if n := len(c.findings(f)); n != want {
			t.Errorf("%v finds %d, want %d", f.Checks, n, want)
		}
	}
	if n := len(c.findings(finding.Filter{Peer: "192.0.2.17"})); n != 1 {
		t.Errorf("%d with the peer", n)
	}
}

func silence(t *testing.T, c *scene) {
	const day = 24 * 3600 * second
	news := func(id string, at int64) hub.Message {
		f := found(id, "behaviour.new-peer", macKey(mac(1)), 1, func(f *finding.Finding) { f.FirstSeen, f.LastSeen = at, at })
		return c.message("a", 1, []*asset.Device{device("l1", mac(1), "10.0.0.5", func(d *asset.Device) { d.LastSeen = at })}, one(f), flowFact(at, mac(1), mac(9), "10.0.0.5", "10.0.0.9", 80, event.ProtoHTTP, 1, 1))
	}
	for i := range int64(7) {
		c.apply(news(fmt.Sprint("b", i), t0+i*day))
	}
	if n := len(c.findings(finding.Filter{})); n != 0 {
		t.Errorf("%d findings while learning", n)
	}
	c.apply(news("b7", t0+7*day))
	if n := len(c.findings(finding.Filter{})); n != 1 {
		t.Errorf("%d findings when it is known", n)
	}
}
