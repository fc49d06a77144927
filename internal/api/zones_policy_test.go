//go:build !sensor

package api

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestMatrixSaysWhatProfilesSay has a camera with a session over Telnet to
// somebody outside, and profiles that allow it, do not, or might by name.
func TestMatrixSaysWhatProfilesSay(t *testing.T) {
	h := newHouse(t)
	h.clock.move(time.Hour) // what happened is in the hour before
	cell := func() MatrixCell {
		t.Helper()
		var m Matrix
		a := h.as("north-viewer", get, "/zones/matrix", nil)
		if a.decode(t, &m); len(m.Cells) != 1 {
			t.Fatalf("%s", a.body)
		}
		return m.Cells[0]
	}
	if c := cell(); c.Policy != "unsaid" || c.Flows == 0 || c.WouldBlock != 0 {
		t.Errorf("without profiles: %+v", c)
	}
	for line, want := range map[string]MatrixCell{
		"{direction: out, peer: {kind: any}, transport: tcp, ports: [80]}":                              {Policy: "blocked", WouldBlock: 2},
		"{direction: out, peer: {kind: any}, transport: tcp, ports: [23], limits: {per_hour: 1}}":       {Policy: "allowed"},
		"{direction: out, peer: {kind: network, networks: [192.0.2.0/24]}, transport: tcp}":             {Policy: "allowed"},
		"{direction: out, peer: {kind: name, names: [a.example]}, transport: tcp, ports: [23]}":         {Policy: "allowed", Open: 2},
		"{direction: in, peer: {kind: any}, transport: tcp, ports: [23], protocol: telnet, hours: [3]}": {Policy: "blocked", WouldBlock: 2},
	} {
		doc := "edgeward: 1\npolicies:\n  - {id: one, selector: {devices: [device-north]}, profile: {name: one, members: [{id: device-north, macs: [\"02:00:00:00:00:01\"]}], lines: [" + line + "]}}\n"
		h.status(h.as("operator0", post, "/profiles/apply", map[string]any{"document": doc}), http.StatusOK)
		if c := cell(); c.Policy != want.Policy || c.WouldBlock != want.WouldBlock || c.Open != want.Open {
			t.Errorf("%s: %s, %d would be blocked, %d open", strings.TrimSpace(line), c.Policy, c.WouldBlock, c.Open)
		}
	}
}
