//go:build !sensor

package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"edgeward/internal/event"
	"edgeward/internal/finding"
	"edgeward/internal/hub"
	"edgeward/internal/ident"
	"edgeward/internal/query"
)

// talk is an event log in which the camera of the site north asks DNS, serves
// a viewer at home, and on its last day asks somebody new.
type talk struct{ now time.Time }

var (
	camera = netip.MustParseAddr("10.0.1.2")
	viewer = netip.MustParseAddr("10.0.1.9")
)

func (l talk) Replay(ctx context.Context, r query.Request, fn func(*query.Record) error) error {
	from := l.now.Add(-14 * 24 * time.Hour).UnixNano()
	for h := range int64(14 * 24) {
		at := from + h*int64(time.Hour) + 1
		send := func(id string, src, dst netip.Addr, srcHost, dstHost ident.HostKey, port uint16, body event.Body) error {
			if at < r.From || at >= r.To {
				return ctx.Err()
			}
			f := &event.Fact{SrcHost: srcHost, DstHost: dstHost, Body: body}
			f.Time, f.Src, f.Dst, f.SrcPort, f.DstPort, f.Transport, f.Flow = at, src, dst, 40000, port, 6, uint64(h)*65536+uint64(port)
			return fn(&query.Record{ID: fmt.Sprintf("%s-%d", id, h), Time: at, Sensor: "sensor-north", Fact: f})
		}
		get := &event.HTTP{Method: "GET", URL: "/video", Status: 200}
		if err := send("video", viewer, camera, 77, 1001, 80, get); err != nil {
			return err
		}
		if h >= 13*24 {
			if err := send("new", camera, netip.MustParseAddr("203.0.113.66"), 1001, 0, 6667, &event.Flow{State: "closed", DataToServer: 10, DataToClient: 10, BytesToServer: 100, BytesToClient: 100}); err != nil {
				return err
			}
		}
	}
	return nil
}

func withTalk(c *Config) { c.Facts = talk{c.Clock()} }

func TestProtect(t *testing.T) {
	h := newHouse(t, withTalk)
	a := h.as("viewer0", get, "/devices/device-north/protect?days=14&learn=10", nil)
	h.status(a, http.StatusOK)
	var v Protect
	a.decode(t, &v)
	if v.Profile == nil || v.Profile.Lines == 0 || v.Facts != 14*24+24 || len(v.Curve) != 13 || v.Current != nil || v.Enforcing {
		t.Fatalf("%s", a.body)
	}
	if v.Proof.Exchanges != 4*24+24 || v.Proof.WouldBlock != 24 || v.Proof.Enough || !strings.Contains(v.Proof.Verdict, "not enough seen") {
		t.Errorf("proof: %+v", v.Proof)
	}
	if len(v.Blocked) != 1 || v.Blocked[0].Peer != "203.0.113.66" || v.Blocked[0].Count != 24 || v.Blocked[0].Samples[0].Fact != "new-312" {
		t.Errorf("blocked: %+v", v.Blocked)
	}
	stopped := 0
	for _, x := range v.Attacks {
		if x.Exchanges == 0 || x.Title == "" || x.Source == "" {
			t.Errorf("attack: %+v", x)
		}
		if x.Blocked > 0 {
			stopped++
		}
	}
	if stopped < len(v.Attacks)/2 || len(v.Attacks) == 0 {
		t.Errorf("attacks: %+v", v.Attacks)
	}
	if s := v.Curve[12]; s.Learn != 13 || s.WouldBlock != 24 || v.Curve[9].Exchanges != v.Proof.Exchanges {
		t.Errorf("curve: %+v", v.Curve)
	}
	if len(v.Lanes) != 2 || v.Lanes[0].Evidence.Count != 14*24 || v.Lanes[0].Refused != 0 || v.Lanes[1].Refused != 24 || v.Lanes[1].Strip[0] != 0 || v.Lanes[1].Strip[27] == 0 {
		t.Errorf("lanes: %+v", v.Lanes)
	}
	var hours Protect
	if h.as("viewer0", get, "/devices/device-north/protect?unit=hour&days=12&learn=6", nil).decode(t, &hours); hours.Proof.Exchanges != 12 || len(hours.Curve) != 11 {
		t.Errorf("hours: %+v %+v", hours.Proof, hours.Curve)
	}
	h.status(h.as("viewer0", get, "/devices/device-north/protect?days=5&learn=5", nil), http.StatusUnprocessableEntity)
	h.status(h.as("north-viewer", get, "/devices/device-south/protect", nil), http.StatusNotFound)

	// What was shown becomes the profile; nothing here can enforce it.
	accept := map[string]any{"document": v.Document, "mode": "enforce"}
	a = h.as("operator0", post, "/devices/device-north/protect/accept", accept)
	if h.status(a, http.StatusConflict); !strings.Contains(a.body, "no enforcing part is connected") {
		t.Errorf("%s", a.body)
	}
	accept["mode"] = "warn"
	h.status(h.as("analyst0", post, "/devices/device-north/protect/accept", accept), http.StatusForbidden)
	h.status(h.as("operator0", post, "/devices/device-south/protect/accept", accept), http.StatusUnprocessableEntity)
	h.status(h.as("north-operator", post, "/devices/device-north/protect/accept", accept), http.StatusOK)
	h.status(h.as("operator0", post, "/devices/device-north/protect/accept", accept), http.StatusConflict)
	a = h.as("viewer0", get, "/devices/device-north/protect", nil)
	if a.decode(t, &v); v.Current == nil || v.Current.Mode != "warn" || v.Current.Revision != 1 {
		t.Errorf("current: %+v", v.Current)
	}
	for who, want := range map[string]int{"viewer0": 1, "north-viewer": 1, "viewer1": 0} {
		var p Page[Profile]
		if h.as(who, get, "/profiles?device=device-north", nil).decode(t, &p); p.Total != want {
			t.Errorf("%s sees %d profiles, want %d", who, p.Total, want)
		}
	}

	// Drift: the new peer is accepted, and refused no more.
	f := &hub.Judged{}
	f.ID, f.Check, f.Kind, f.Severity, f.Status, f.Site, f.Device, f.Host = "drift", "behaviour.off-profile", finding.Detection, ident.Low, finding.Open, "north", "device-north", 1001
	now := h.clock.now().UnixNano()
	f.FirstSeen, f.LastSeen, f.Count, f.Peers, f.Sensors = now-24*int64(time.Hour), now, 24, []string{"203.0.113.66"}, []string{"sensor-north"}
	if err := h.state.Update(context.Background(), func(tx hub.Tx) error { return tx.SaveJudged([]*hub.Judged{f}) }); err != nil {
		t.Fatal(err)
	}
	drift := "/devices/device-north/protect/drift"
	h.status(h.as("analyst0", post, drift, map[string]any{"finding": "finding-north", "action": "accept"}), http.StatusUnprocessableEntity)
	h.status(h.as("analyst0", post, drift, map[string]any{"finding": "drift", "action": "ignore"}), http.StatusUnprocessableEntity)
	h.status(h.as("analyst0", post, drift, map[string]any{"finding": "drift", "action": "ignore", "until": h.clock.now().Add(time.Hour)}), http.StatusOK)
	h.status(h.as("analyst0", post, drift, map[string]any{"finding": "drift", "action": "case", "note": "look"}), http.StatusOK)
	a = h.as("analyst0", post, drift, map[string]any{"finding": "drift", "action": "accept"})
	h.status(a, http.StatusOK)
	var d Drift
	if a.decode(t, &d); d.Profile == nil || d.Profile.Revision != 2 || len(d.Added) != 1 || !strings.Contains(d.Added[0].Text, "203.0.113.66") {
		t.Errorf("accepted: %s", a.body)
	}
	h.status(h.as("analyst0", post, drift, map[string]any{"finding": "drift", "action": "accept"}), http.StatusConflict)
}

// status wants a status of an answer.
func (h *house) status(a answer, want int) {
	h.t.Helper()
	if a.status != want {
		h.t.Fatalf("%d, want %d: %.600s", a.status, want, a.body)
	}
}

const twoPolicies = `edgeward: 1
policies:
  - id: one
    profile: {name: one, members: [{macs: ["02:00:00:00:01:01"]}], lines: [{direction: out, peer: {kind: any}, transport: tcp, ports: [%s]}]}
  - id: two
    profile: {name: two, members: [{macs: ["02:00:00:00:01:02"]}], lines: [{direction: out, peer: {kind: any}}]}
`

func TestProfilesAreAppliedWholeAndRolledBack(t *testing.T) {
	h := newHouse(t)
	doc := func(port string) map[string]any { return map[string]any{"document": fmt.Sprintf(twoPolicies, port)} }
	var diff ProfileDiff
	h.as("viewer0", post, "/profiles/diff", doc("80")).decode(t, &diff)
	if len(diff.Changes) != 2 || diff.Changes[0].What != "added" {
		t.Fatalf("%+v", diff)
	}
	body := doc("80")
	body["base"] = diff.Base
	h.status(h.as("operator0", post, "/profiles/apply", body), http.StatusOK)
	h.status(h.as("operator0", post, "/profiles/apply", body), http.StatusConflict) // the base is another now

	// A file with one bad policy changes nothing.
	bad := doc("443")
	bad["document"] = strings.Replace(bad["document"].(string), "kind: any}}]", "kind: nobody}}]", 1)
	a := h.as("operator0", post, "/profiles/apply", bad)
	if h.status(a, http.StatusUnprocessableEntity); !strings.Contains(a.body, `document:6:`) || !strings.Contains(a.body, `unknown kind of peer \"nobody\"`) {
		t.Errorf("%s", a.body)
	}
	// Neither does one whose device has a profile under another id.
	taken := map[string]any{"document": strings.Replace(fmt.Sprintf(twoPolicies, "80"), "id: one", "id: other", 1)}
	if a := h.as("operator0", post, "/profiles/apply", taken); a.status != http.StatusConflict || !strings.Contains(a.body, "has the profile one already") {
		t.Errorf("%d %s", a.status, a.body)
	}
	// Nor one of a caller whose sites it is not about.
	h.status(h.as("north-operator", post, "/profiles/apply", doc("1")), http.StatusForbidden)
	var p ProfileDetail
	if h.as("viewer0", get, "/profiles/one", nil).decode(t, &p); p.Revision != 1 || p.Rules[0].Ports[0] != "80" {
		t.Errorf("%+v", p)
	}

	h.status(h.as("operator0", post, "/profiles/apply", doc("443")), http.StatusOK)
	a = h.as("viewer0", get, "/profiles/export?to=nftables&id=one", nil)
	if h.status(a, http.StatusOK); !strings.Contains(a.body, "443") || !strings.Contains(a.header.Get("Content-Disposition"), ".nft") {
		t.Errorf("%v %.400s", a.header, a.body)
	}
	h.status(h.as("viewer0", get, "/profiles/export?to=nothing", nil), http.StatusUnprocessableEntity)
	h.status(h.as("viewer1", get, "/profiles/export?to=nftables&id=one", nil), http.StatusNotFound)
	usage := h.as("viewer0", get, "/profiles/export?to=mud&id=two&mud_url=https://example.org/two.json", nil)
	h.status(usage, http.StatusOK)
	var limits Translation
	if h.as("viewer0", get, "/profiles/export/limits?to=mosquitto", nil).decode(t, &limits); len(limits.Limits) == 0 {
		t.Errorf("a broker's file says all: %+v", limits)
	}
	var imported MUDImport
	a = h.as("viewer0", post, "/profiles/import", map[string]any{"file": json.RawMessage(usage.body), "devices": []string{"device-north"}})
	if a.decode(t, &imported); imported.Profile == nil || imported.Profile.Devices[0].ID != "device-north" {
		t.Errorf("%d %s", a.status, a.body)
	}
	h.status(h.as("north-viewer", post, "/profiles/import", map[string]any{"file": json.RawMessage(usage.body), "devices": []string{"device-south"}}), http.StatusNotFound)
	h.status(h.as("viewer0", post, "/profiles/import", map[string]any{"file": map[string]any{}}), http.StatusUnprocessableEntity)
	h.status(h.as("operator0", patch, "/profiles/one", map[string]any{"revision": 1, "mode": "warn"}), http.StatusConflict)
	h.status(h.as("operator0", patch, "/profiles/one", map[string]any{"revision": 2, "mode": "warn", "remove": []string{"nothing"}}), http.StatusUnprocessableEntity)
	h.status(h.as("operator0", patch, "/profiles/one", map[string]any{"revision": 2, "mode": "warn"}), http.StatusOK)
	var revisions Page[ProfileRevision]
	if h.as("viewer0", get, "/profiles/one/revisions", nil).decode(t, &revisions); revisions.Total != 3 || revisions.Items[0].Revision != 3 || revisions.Items[0].Author != "operator0/test" || len(revisions.Items[1].Changes) == 0 || len(revisions.Items[2].Changes) != 0 {
		t.Errorf("%+v", revisions)
	}
	h.status(h.as("operator0", post, "/profiles/one/rollback", map[string]any{"revision": 9}), http.StatusNotFound)
	h.status(h.as("operator0", post, "/profiles/one/rollback", map[string]any{"revision": 1}), http.StatusOK)
	if h.as("viewer0", get, "/profiles/one", nil).decode(t, &p); p.Revision != 4 || p.Rules[0].Ports[0] != "80" || p.Mode != "observe" {
		t.Errorf("%+v", p)
	}
	a = h.as("viewer0", get, "/profiles/document", nil)
	if h.status(a, http.StatusOK); !strings.Contains(a.body, "edgeward: 1") || strings.Count(a.body, "- id: ") < 2 {
		t.Errorf("%s", a.body)
	}
	put := request{http.MethodPut, prefix + "/profiles/one", map[string]any{"document": strings.Split(fmt.Sprintf(twoPolicies, "22"), "  - id: two")[0]}, map[string]string{"Authorization": "Bearer " + h.tokens["operator0"], "If-Match": `"3"`}}
	h.status(h.send(put), http.StatusConflict)
	put.header["If-Match"] = `"4"`
	h.status(h.send(put), http.StatusOK)
	h.status(h.as("operator0", remove, "/profiles/one", nil), http.StatusNoContent)
	h.status(h.as("viewer0", get, "/profiles/one", nil), http.StatusNotFound)
	log := h.as("admin0", get, "/audit", nil).body
	for _, action := range []string{"profile.apply", "profile.rollback", "profile.delete"} {
		if !strings.Contains(log, action) {
			t.Errorf("the audit log has no %s", action)
		}
	}
}

func TestProposeAndProveOfStoredFacts(t *testing.T) {
	h := newHouse(t, withTalk)
	a := h.as("viewer0", post, "/profiles/propose", map[string]any{"days": 14, "devices": []string{"device-north"}})
	h.status(a, http.StatusOK)
	r := h.as("viewer0", post, "/profiles/prove", map[string]any{"days": 14, "document": a.body})
	if h.status(r, http.StatusOK); !strings.Contains(r.body, `"would_block":0`) || !strings.Contains(r.body, `"exchanges":360`) {
		t.Errorf("%.500s", r.body)
	}
	h.status(h.as("viewer0", post, "/profiles/propose", map[string]any{"devices": []string{"nobody"}}), http.StatusUnprocessableEntity)
	var problems ProfileProblems
	h.as("viewer0", post, "/profiles/check", map[string]any{"document": "edgeward: 1\npolicies: [{idd: x}]"}).decode(t, &problems)
	if problems.Usable || len(problems.Problems) != 1 || !strings.Contains(problems.Problems[0].Text, "document:2:13") {
		t.Errorf("%+v", problems)
	}
}
