package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestDashboardAndAlertsNameRealMetrics wants every metric that the dashboard
// and the alerts ask for to be one that the hub gives.
func TestDashboardAndAlertsNameRealMetrics(t *testing.T) {
	root := filepath.Join("..", "..")
	sources, err := filepath.Glob(filepath.Join(root, "internal", "api", "*.go"))
	if err != nil || len(sources) == 0 {
		t.Fatal(err, sources)
	}
	given := make(map[string]bool)
	quoted := regexp.MustCompile(`"(edgeward_[a-z_]+)"`)
	for _, p := range sources {
		if strings.HasSuffix(p, "_test.go") {
			continue
		}
		b, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range quoted.FindAllSubmatch(b, -1) {
			given[string(m[1])] = true
		}
	}
	asked := regexp.MustCompile(`\bedgeward_[a-z_]+`)
	for _, name := range []string{"grafana/edgeward.json", "prometheus/rules.yaml"} {
		b, err := os.ReadFile(filepath.Join(root, "packaging", filepath.FromSlash(name)))
		if err != nil {
			t.Fatal(err)
		}
		found := asked.FindAllString(string(b), -1)
		if len(found) < 5 {
			t.Errorf("%s asks for %d metrics", name, len(found))
		}
		for _, m := range found {
			if !given[m] {
				t.Errorf("%s asks for %s, which nobody gives", name, m)
			}
		}
	}
	b, err := os.ReadFile(filepath.Join(root, "packaging", "grafana", "edgeward.json"))
	if err != nil || !json.Valid(b) {
		t.Errorf("the dashboard is no JSON: %v", err)
	}
	if promtool, err := exec.LookPath("promtool"); err == nil {
		if out, err := exec.Command(promtool, "check", "rules", filepath.Join(root, "packaging", "prometheus", "rules.yaml")).CombinedOutput(); err != nil {
			t.Errorf("promtool: %v\n%s", err, out)
		}
	}
}
