//go:build !sensor

package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"edgeward/internal/account"
	"edgeward/internal/api"
	"edgeward/internal/asset"
	"edgeward/internal/finding"
	"edgeward/internal/hub"
	"edgeward/internal/ident"
	"edgeward/internal/store/segment"
	"edgeward/internal/store/state"
)

// TestHubCommands runs the scripts in testdata/hub beside a service over real
// stores, which has a camera with a hostile name and a finding about it. The
// commands find it as they find a hub of this machine.
func TestHubCommands(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/hub",
		Setup: func(e *testscript.Env) error {
			data := filepath.Join(e.WorkDir, "data")
			url, err := startService(t, data)
			e.Setenv("EDGEWARD_DATA", data)
			e.Setenv("HUB", url)
			e.Setenv("XDG_CONFIG_HOME", filepath.Join(e.WorkDir, "config"))
			return err
		},
		Cmds:               map[string]func(*testscript.TestScript, bool, []string){"exits": exits, "json": checkJSON},
		RequireUniqueNames: true,
	})
}

// startService serves a small hub until the test ends.
func startService(t *testing.T, data string) (string, error) {
	ctx := context.Background()
	if err := os.MkdirAll(data, 0o700); err != nil {
		return "", err
	}
	st, err := state.Open(ctx, "sqlite:"+filepath.Join(data, "state.db"), state.Options{})
	if err != nil {
		return "", err
	}
	t.Cleanup(func() { _ = st.Close() })
	log, err := segment.Open(ctx, segment.Options{Dir: filepath.Join(data, "events"), Manifest: st})
	if err != nil {
		return "", err
	}
	t.Cleanup(func() { _ = log.Close() })
	if err := furnish(ctx, st); err != nil {
		return "", err
	}
	const token = "edw_local_test"
	s, err := api.New(api.Config{
		Devices: st, Findings: st, Policies: st, Users: st, Sessions: st, Tokens: st, Sensors: st, Audit: st, Documents: st, Rollups: st, Nodes: st,
		Timeline: st, Zones: st, Mutes: st, Events: log, Key: bytes.Repeat([]byte{1}, hub.KeySize), LocalToken: token,
	})
	if err != nil {
		return "", err
	}
	web := httptest.NewServer(s)
	t.Cleanup(web.Close)
	b, err := json.Marshal(map[string]string{"url": web.URL, "token": token})
	if err != nil {
		return "", err
	}
	return web.URL, os.WriteFile(filepath.Join(data, "local.json"), b, 0o600)
}

// furnish puts a sensor, a device and a finding into the state.
func furnish(ctx context.Context, st *state.Store) error {
	now := time.Now().UnixNano()
	if err := st.PutSensor(ctx, &account.Sensor{ID: "s1", Name: "attic", Site: "home", Enrolled: now, Seen: now}); err != nil {
		return err
	}
	name := "cam\x1b[31m\u202e=1+1"
	d := &asset.Record{Site: "home", Sensors: []string{"s1"}}
	d.ID, d.Names, d.MACs, d.Addresses = "d1", []string{name}, []ident.MAC{{2, 0, 0, 0, 0, 1}}, []netip.Addr{netip.MustParseAddr("10.0.0.7")}
	d.Type, d.Vendor, d.LastSeen = asset.Belief{Value: "camera", Confidence: 0.9}, asset.Belief{Value: "=HYPERLINK(1)", Confidence: 0.9}, now
	f := &hub.Judged{}
	f.ID, f.Check, f.Kind, f.Severity, f.Status = "f1", "exposure.telnet", finding.Exposure, ident.High, finding.Open
	f.Title, f.Site, f.Device, f.Label, f.FirstSeen, f.LastSeen, f.Count = "Telnet is open", "home", "d1", name, now, now, 1
	return st.Update(ctx, func(tx hub.Tx) error {
		if err := tx.SaveDevices([]*asset.Record{d}); err != nil {
			return err
		}
		return tx.SaveJudged([]*hub.Judged{f})
	})
}
