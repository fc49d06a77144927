package app_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"edgeward/internal/app"
	"edgeward/internal/asset"
	"edgeward/internal/output/report"
	"edgeward/internal/shared"
)

// TestSentinelDevices recognises the devices of the IoT SENTINEL set-ups (real
// devices being set up): every one is found, the vendor is right for 95 % (the
// chip maker counts where the list says so), the type for 85 %, and at most one
// is wrong; the rest is unknown.
func TestSentinelDevices(t *testing.T) {
	if testing.Short() {
		t.Skip("long")
	}
	lan := shared.Dir(t, "captures", "lan")
	list, err := os.ReadFile(filepath.Join(lan, "sentinel-device-macs.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	var runs, vendor, typ, wrong int
	for _, line := range strings.Split(strings.TrimSpace(string(list)), "\n")[1:] {
		f := strings.Split(line, "\t")
		files, err := filepath.Glob(filepath.Join(lan, "sentinel-"+f[0]+"-Setup-*.pcap"))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range files {
			runs++
			d := deviceWith(analyse(t, path), f[1])
			if d == nil {
				t.Errorf("%s: %s is not found", filepath.Base(path), f[1])
				continue
			}
			if oneOf(d.Vendor.Value, f[2], strings.Contains) {
				vendor++
			} else {
				t.Logf("%s: vendor %q, want one of %s", filepath.Base(path), d.Vendor.Value, f[2])
			}
			switch {
			case oneOf(d.Type.Value, f[3], func(a, b string) bool { return a == b }):
				typ++
			case d.Type.Known() && d.Type.Value != "unknown":
				wrong++
				t.Logf("%s: type %q, want one of %s", filepath.Base(path), d.Type.Value, f[3])
			}
		}
	}
	t.Logf("%d set-ups: vendor right in %d, type right in %d and wrong in %d", runs, vendor, typ, wrong)
	if runs == 0 || vendor*100 < runs*95 || typ*100 < runs*85 || wrong > 1 {
		t.Errorf("want 95 %% of vendors, 85 %% of types, at most one wrong type")
	}
}

func analyse(t *testing.T, path string) *report.Report {
	t.Helper()
	r, err := app.Analyze(context.Background(), app.AnalyzeOptions{Paths: []string{path}})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func deviceWith(r *report.Report, mac string) *asset.Device {
	for _, d := range r.Devices {
		for _, m := range d.MACs {
			if m.String() == mac {
				return d
			}
		}
	}
	return nil
}

// oneOf reports whether same holds for got and one of the alternatives.
func oneOf(got, alternatives string, same func(got, want string) bool) bool {
	return slices.ContainsFunc(strings.Split(alternatives, "|"), func(a string) bool {
		return got != "" && same(strings.ToLower(got), strings.ToLower(a))
	})
}
