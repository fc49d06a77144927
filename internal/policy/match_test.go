package policy_test

import (
	"testing"

	"edgeward/internal/ident"
	"edgeward/internal/policy"
)

func TestSelectorMatches(t *testing.T) {
	target := policy.Target{
		Check: "scan.port", Severity: ident.Medium, Device: "d1", Type: "camera", Zone: "yard", Site: "north",
		Tags: []string{"leased"}, Peers: []string{"192.0.2.7", "update.example.com"},
	}
	for name, c := range map[string]struct {
		s    policy.Selector
		want bool
	}{
		"nothing selects everything":   {policy.Selector{}, true},
		"the check":                    {policy.Selector{Checks: []string{"scan.port"}}, true},
		"its family":                   {policy.Selector{Checks: []string{"scan.*"}}, true},
		"a star needs its dot":         {policy.Selector{Checks: []string{"sc*"}}, false},
		"another check":                {policy.Selector{Checks: []string{"scan.host"}}, false},
		"all lists must match":         {policy.Selector{Checks: []string{"scan.port"}, Devices: []string{"d2"}}, false},
		"any tag":                      {policy.Selector{Tags: []string{"own", "leased"}}, true},
		"a peer by prefix":             {policy.Selector{Peers: []string{"192.0.2.0/24"}}, true},
		"a peer by name":               {policy.Selector{Peers: []string{"Update.example.com"}}, true},
		"a peer by domain":             {policy.Selector{Peers: []string{".example.com"}}, true},
		"a name is no domain":          {policy.Selector{Peers: []string{"example.com"}}, false},
		"another prefix":               {policy.Selector{Peers: []string{"198.51.100.0/24"}}, false},
		"at most as grave":             {policy.Selector{HasMaximum: true, AtMost: ident.Medium}, true},
		"graver than that is not held": {policy.Selector{HasMaximum: true, AtMost: ident.Low}, false},
	} {
		if got := c.s.Matches(&target); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}
