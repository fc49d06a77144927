//go:build !sensor

package app

import (
	"testing"

	"edgeward/internal/app/config"
	"edgeward/internal/asset"
	"edgeward/internal/finding"
	"edgeward/internal/ident"
)

// TestOutputSelects wants an output to get what its configuration selects.
func TestOutputSelects(t *testing.T) {
	device := &asset.Record{Device: asset.Device{Zone: "Office"}, Set: asset.Attributes{Zone: "Production", Tags: []string{"line-1"}}}
	found := &finding.Record{Finding: finding.Finding{Check: "exposure.mqtt-anonymous", Severity: ident.Medium}, Site: "Plant"}
	for name, tt := range map[string]struct {
		o    config.Output
		want bool
	}{
		"all":            {config.Output{Severity: "low"}, true},
		"graver":         {config.Output{Severity: "high"}, false},
		"checks":         {config.Output{Severity: "info", Checks: []string{"exposure.*"}}, true},
		"other checks":   {config.Output{Severity: "info", Checks: []string{"recon.*"}}, false},
		"zone of people": {config.Output{Severity: "info", Zones: []string{"Production"}}, true},
		"zone believed":  {config.Output{Severity: "info", Zones: []string{"Office"}}, false},
		"tags":           {config.Output{Severity: "info", Tags: []string{"line-1"}}, true},
		"other site":     {config.Output{Severity: "info", Sites: []string{"Clinic"}}, false},
	} {
		tt.o.Kind, tt.o.URL = "webhook", "https://receiver.example/"
		s, err := ofOutput(&tt.o, "test")
		if err != nil {
			t.Fatal(err)
		}
		if got := s.takes(found, device); got != tt.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
