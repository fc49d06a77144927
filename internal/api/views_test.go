//go:build !sensor

package api

import (
	"bufio"
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"edgeward/internal/hub"
)

// stream opens the live view and gives its lines.
func (h *house) stream(name, query string, header map[string]string) (lines <-chan string, stop func()) {
	h.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	req, err := http.NewRequestWithContext(ctx, get, h.web.URL+prefix+"/stream"+query, nil)
	if err != nil {
		h.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+h.tokens[name])
	for k, v := range header {
		req.Header.Set(k, v)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		h.t.Fatal(err)
	}
	if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != "text/event-stream" {
		h.t.Fatalf("%d %v", res.StatusCode, res.Header)
	}
	out := make(chan string, 100)
	go func() {
		defer close(out)
		defer res.Body.Close()
		for s := bufio.NewScanner(res.Body); s.Scan(); {
			out <- s.Text()
		}
	}()
	h.t.Cleanup(cancel)
	return out, cancel
}

func next1(t *testing.T, lines <-chan string, prefix string) string {
	t.Helper()
	deadline := time.After(10 * time.Second)
	for {
		select {
		case l, more := <-lines:
			if !more {
				t.Fatalf("the stream ended before %q", prefix)
			}
			if strings.HasPrefix(l, prefix) {
				return l
			}
		case <-deadline:
			t.Fatalf("no %q came", prefix)
		}
	}
}

func TestStreamTellsWhatIsTheCallers(t *testing.T) {
	h := newHouse(t)
	live := h.s.Live.(*hub.Live)
	north, _ := h.stream("north-viewer", "", nil)
	findings, _ := h.stream("viewer0", "?kind=finding", nil)
	next1(t, north, "retry")
	next1(t, findings, "retry")
	// Both have subscribed when the first change that is theirs arrives, and
	// what is not theirs would have come before it.
	done := make(chan struct{})
	defer close(done)
	go func() {
		for {
			live.Tell(hub.Change{Kind: hub.DeviceChanged, Site: "south", ID: "d-south"}, hub.Change{Kind: hub.FindingChanged, Tenant: 1, Site: "north", ID: "f-other"},
				hub.Change{Kind: hub.FindingChanged, ID: "f-nowhere"}, hub.Change{Kind: hub.FindingChanged, Site: "north", ID: "f-north", New: true})
			select {
			case <-done:
				return
			case <-time.After(50 * time.Millisecond):
			}
		}
	}()
	for range 3 {
		if l := next1(t, north, "data"); !strings.Contains(l, `"f-north"`) {
			t.Errorf("north is told %s", l)
		}
		if l := next1(t, findings, "data"); strings.Contains(l, "d-south") || strings.Contains(l, "f-other") {
			t.Errorf("who asked for findings is told %s", l)
		}
	}
	id := strings.TrimPrefix(next1(t, north, "id: "), "id: ")
	again, _ := h.stream("north-viewer", "", map[string]string{"Last-Event-ID": id})
	next1(t, again, "data")
}

func TestStreamNeedsALogin(t *testing.T) {
	h := newHouse(t)
	want(t, h.as("", get, "/stream", nil), http.StatusUnauthorized)
}

func TestDevicesAreEditedImportedAndLogged(t *testing.T) {
	h := newHouse(t)
	a := h.as("analyst0", patch, "/devices/device-north", map[string]any{"label": "Gate", "type": "doorbell", "tags": []string{"b", "a", "b"}, "trusted": true})
	want(t, a, http.StatusOK)
	var d DeviceDetail
	a.decode(t, &d)
	if d.Label != "Gate" || d.Type != "doorbell" || d.Believed.Type.Belief != "camera" || d.Confidence["type"] != 1 || !slices.Equal(d.Tags, []string{"a", "b"}) || !d.Trusted {
		t.Errorf("%+v", d)
	}
	want(t, h.as("analyst0", patch, "/devices/device-north", map[string]any{"type": "spaceship"}), http.StatusUnprocessableEntity)
	want(t, h.as("viewer0", patch, "/devices/device-north", map[string]any{"label": "x"}), http.StatusForbidden)
	a = h.as("analyst0", patch, "/devices/device-north", map[string]any{"type": ""})
	if a.decode(t, &d); d.Type != "camera" {
		t.Errorf("what was taken back still counts: %s", d.Type)
	}
	cmdb := "mac,ip,owner,criticality\n02:00:00:00:00:02,,Facility,high\n,10.0.1.2,Lobby,low\nff,,,\n"
	send := func(query string) Import {
		a := h.send(request{post, prefix + "/devices/import?format=cmdb" + query, cmdb, map[string]string{"Authorization": "Bearer " + h.tokens["analyst0"], "Content-Type": "text/plain"}})
		want(t, a, http.StatusOK)
		var i Import
		a.decode(t, &i)
		return i
	}
	if i := send("&dry_run=true"); i.Changed != 2 || i.Skipped != 1 || !i.DryRun {
		t.Errorf("preview %+v", i)
	}
	if body := h.as("analyst0", get, "/devices/device-south", nil).body; strings.Contains(body, "Facility") {
		t.Error("a preview changes something")
	}
	if i := send(""); i.Changed != 2 {
		t.Errorf("import %+v", i)
	}
	if body := h.as("analyst0", get, "/devices/device-south", nil).body; !strings.Contains(body, `"owner":"Facility"`) {
		t.Errorf("%s", body)
	}
	a = h.as("admin0", get, "/audit?action=device.", nil)
	for _, part := range []string{`"device.edit"`, `label=\"Gate\"`, `"device.import"`, `"actor":"analyst0/test"`} {
		if !strings.Contains(a.body, part) {
			t.Errorf("the audit log lacks %s: %s", part, a.body)
		}
	}
	var v Verification
	a = h.as("admin0", get, "/audit/verify", nil)
	if a.decode(t, &v); !v.Whole {
		t.Error("the audit log is not whole")
	}
}

func TestFindingsAreJudgedAndMuted(t *testing.T) {
	h := newHouse(t)
	a := h.as("analyst0", patch, "/findings/finding-north", map[string]any{"status": "acknowledged", "comment": "ticket 7", "assignee": "VIEWER0"})
	want(t, a, http.StatusOK)
	var f FindingDetail
	a.decode(t, &f)
	if f.Status != "acknowledged" || f.Assignee != "viewer0" || len(f.Comments) != 1 || f.Comments[0].Text != "ticket 7" || f.Comments[0].Status != "acknowledged" {
		t.Errorf("%+v", f)
	}
	want(t, h.as("analyst0", patch, "/findings/finding-north", map[string]any{"assignee": "stranger"}), http.StatusUnprocessableEntity)
	want(t, h.as("analyst0", post, "/mutes", map[string]any{"selector": map[string]any{}}), http.StatusUnprocessableEntity)
	var p Preview
	a = h.as("north-analyst", post, "/mutes/preview", map[string]any{"checks": []string{"telnet.*"}})
	if a.decode(t, &p); p.Total != 1 {
		t.Errorf("somebody of one site previews %d", p.Total)
	}
	a = h.as("north-analyst", post, "/mutes", map[string]any{"selector": map[string]any{"checks": []string{"telnet.*"}}, "expires": h.clock.now().Add(time.Hour).Format(time.RFC3339), "note": "lab"})
	want(t, a, http.StatusOK)
	var m Policy
	a.decode(t, &m)
	a = h.as("admin0", get, "/findings?muted=true", nil)
	if !strings.Contains(a.body, "finding-north") || strings.Contains(a.body, "finding-south") {
		t.Errorf("a mute of one site hides %s", a.body)
	}
	if a = h.as("admin0", get, "/mutes", nil); !strings.Contains(a.body, `"hides":1`) {
		t.Errorf("%s", a.body)
	}
	want(t, h.as("analyst0", put, "/mutes/"+m.ID, map[string]any{"revision": 99, "selector": map[string]any{"checks": []string{"x"}}}), http.StatusConflict)
	want(t, h.as("analyst0", remove, "/mutes/"+m.ID, nil), http.StatusNoContent)
	if a = h.as("admin0", get, "/findings?muted=true", nil); strings.Contains(a.body, "finding-north") {
		t.Error("what was muted stays hidden")
	}
}

func TestWavesGoStepByStepAndBack(t *testing.T) {
	h := newHouse(t)
	a := h.as("operator0", post, "/waves", map[string]any{"version": "2.0", "steps": []int{50, 100}})
	want(t, a, http.StatusOK)
	var w Wave
	a.decode(t, &w)
	if w.Step != 1 || len(w.Steps) != 2 || w.Steps[0].Sensors[0].State != "wanted" || w.Steps[1].Sensors[0].State != "waiting" {
		t.Errorf("%+v", w)
	}
	want(t, h.as("north-operator", post, "/waves/"+w.ID+"/advance", nil), http.StatusNotFound)
	a = h.as("operator0", post, "/waves/"+w.ID+"/advance", nil)
	if a.decode(t, &w); w.State != "done" {
		t.Errorf("%+v", w)
	}
	a = h.as("operator0", post, "/waves/"+w.ID+"/rollback", nil)
	if a.decode(t, &w); w.State != "rolled-back" {
		t.Errorf("%+v", w)
	}
	if body := h.as("operator0", get, "/sensors", nil).body; strings.Contains(body, `"version":"2.0"`) {
		t.Errorf("%s", body)
	}
	want(t, h.as("operator0", post, "/waves/"+w.ID+"/rollback", nil), http.StatusConflict)
}

func TestScheduledReportsAreMadeOnce(t *testing.T) {
	h := newHouse(t)
	a := h.as("north-analyst", post, "/reports", map[string]any{"name": "daily", "kind": "devices", "days": 7, "schedule": "daily", "hour": 6})
	want(t, a, http.StatusOK)
	var r Report
	a.decode(t, &r)
	if got := time.Unix(0, int64(r.Next)).UTC().Format("01-02T15"); got != "03-03T06" {
		t.Errorf("next at %s", got)
	}
	h.s.makeDue(context.Background())
	h.clock.move(19 * time.Hour)
	h.s.makeDue(context.Background())
	h.s.makeDue(context.Background())
	var p Page[Report]
	a = h.as("admin0", get, "/reports", nil)
	if a.decode(t, &p); len(p.Items) != 1 || len(p.Items[0].Runs) != 1 {
		t.Fatalf("%s", a.body)
	}
	a = h.as("admin0", get, "/reports/"+r.ID+"/runs/"+p.Items[0].Runs[0].ID+"?format=csv", nil)
	if !strings.Contains(a.body, "10.0.1.2") || strings.Contains(a.body, "10.0.2.2") {
		t.Errorf("a report of somebody of one site: %s", a.body)
	}
}

func TestSubscribersArePseudonyms(t *testing.T) {
	s := &Server{Config: Config{Key: []byte("key")}}
	for text, hidden := range map[string]string{
		"imsi-262011234567890": "262011234567890", "262011234567890@ims.example": "262011234567890", "sip:+4917112345678@example.org": "4917112345678", "call +49 and +4917112345678": "+4917112345678",
	} {
		got := s.pseudonymise(text)
		if strings.Contains(got, hidden) || !strings.Contains(got, "sub-") || got != s.pseudonymise(text) {
			t.Errorf("%q became %q", text, got)
		}
	}
	for _, text := range []string{"home/kitchen/1", "192.0.2.1", "GET /index.html?x=12345678", "device-262", "1234567890123456", "2026-11-22T21:00:00Z", ""} {
		if got := s.pseudonymise(text); got != text {
			t.Errorf("%q became %q", text, got)
		}
	}
	if got := string(s.pseudonymiseFact([]byte(`{"sip":{"imsi":"x1","n":262011234567890,"to":["sip:4917112345678@h"]}}`))); strings.Contains(got, `"x1"`) || strings.Contains(got, "49171") {
		t.Error(got)
	}
}

func TestHealthAndMetrics(t *testing.T) {
	h := newHouse(t)
	want(t, h.send(request{get, "/healthz", nil, nil}), http.StatusOK)
	want(t, h.send(request{get, "/readyz", nil, nil}), http.StatusOK)
	a := h.send(request{get, "/metrics", nil, nil})
	want(t, a, http.StatusOK)
	for _, line := range []string{`edgeward_findings_open{severity="high"} 2`, `edgeward_sensor_loss_total{counter="kernel_drops",sensor="sensor-north",site="north"} 5`} {
		if !strings.Contains(a.body, line) {
			t.Errorf("metrics lack %s", line)
		}
	}
	want(t, h.as("local", get, "/users", nil), http.StatusOK)
	want(t, h.as("admin0", get, "/nothing", nil), http.StatusNotFound)
}
