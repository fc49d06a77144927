package hub

import (
	"fmt"
	"math"
	"slices"

	"edgeward/internal/asset"
	"edgeward/internal/ident"
)

// The chance by which one open finding of a severity makes a
// device a problem; several add up as independent chances do.
var severityWeight = [5]float64{ident.Info: 0, ident.Low: 0.04, ident.Medium: 0.15, ident.High: 0.4, ident.Critical: 0.7}

// maxCounted is how many findings of one severity count.
const maxCounted = 6

// cleartext are services that hand out a device to whoever reaches it.
var cleartext = []string{"telnet", "ftp", "tftp", "vnc", "adb"}

// Risk gives how much a device needs attention, 0 to 100, and why, the most
// weighty first.
func Risk(r *asset.Record) (int, []string) {
	safe := 1.0
	var why []string
	for s := ident.Critical; s > ident.Info; s-- {
		n := r.Findings[s]
		if n == 0 {
			continue
		}
		safe *= math.Pow(1-severityWeight[s], float64(min(n, maxCounted)))
		why = append(why, fmt.Sprintf("%s of severity %s", plural(n, "open finding"), s))
	}
	for _, s := range r.Services {
		if slices.Contains(cleartext, s.Protocol) {
			safe *= 0.93
			why = append(why, fmt.Sprintf("offers %s on port %d", s.Protocol, s.Port))
			break
		}
	}
	if r.Kind() == "unknown" && !r.Set.Trusted {
		safe *= 0.97
		why = append(why, "nobody knows what it is")
	}
	risk := 100 * (1 - safe)
	switch r.Set.Criticality {
	case "critical":
		risk *= 1.3
	case "high":
		risk *= 1.15
	case "low":
		risk *= 0.8
	}
	if r.Set.Criticality == "critical" || r.Set.Criticality == "high" {
		if risk > 0 {
			why = append(why, "criticality "+r.Set.Criticality)
		}
	}
	return int(math.Round(min(risk, 100))), why
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
