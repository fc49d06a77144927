package policy_test

import (
	"testing"

	"edgeward/internal/policy"
)

func TestMatchName(t *testing.T) {
	for _, c := range []struct {
		pattern, name string
		want          bool
	}{
		{"api.example.com", "api.example.com", true},
		{"api.example.com", "xapi.example.com", false},
		{"*.example.com", "a.b.example.com", true},
		{"*.example.com", "example.com", false},
		{"*.example.com", "badexample.com", false},
		{"time#.example.com", "time12.example.com", true},
		{"time#.example.com", "time.example.com", false},
		{"time#.example.com", "time1.example.com.evil.org", false},
		{"#-#.example.com", "3-44.example.com", true},
		{"", "", true},
	} {
		if got := policy.MatchName(c.pattern, c.name); got != c.want {
			t.Errorf("MatchName(%q, %q) = %v", c.pattern, c.name, got)
		}
	}
}

// TestMatchTarget has the topic filters of MQTT 5.0, section 4.7, and paths.
func TestMatchTarget(t *testing.T) {
	for _, c := range []struct {
		pattern, target string
		topic, filter   bool
	}{
		{"sport/tennis/#", "sport/tennis", true, true},
		{"sport/tennis/#", "sport/tennis/player1/score", true, true},
		{"sport/+", "sport", false, false},
		{"sport/+", "sport/", true, true},
		{"+/+", "/finance", true, true},
		{"#", "$SYS/broker", false, false},
		{"+/broker", "$SYS/broker", false, false},
		{"$SYS/#", "$SYS/broker", true, true},
		{"plant/+/temp", "plant/#", false, false},
		{"plant/+/temp", "plant/+/temp", true, true},
		{"plant/s#/temp", "plant/s12/temp", true, true},
		{"plant/s#/temp", "plant/+/temp", false, false},
		{"plant/#", "plant/+/temp", true, true},
		{"plant/#", "#", false, false},
		{"plant/#", "$share/group/plant/a", false, true},
		{"plant/#", "$share/group/#", false, false},
		{"/api/v#/state", "/api/v1/state", true, true},
		{"/api", "/api/x", false, false},
	} {
		if got := policy.MatchTarget(c.pattern, c.target); got != c.topic {
			t.Errorf("MatchTarget(%q, %q) = %v", c.pattern, c.target, got)
		}
		if got := policy.MatchFilter(c.pattern, c.target); got != c.filter {
			t.Errorf("MatchFilter(%q, %q) = %v", c.pattern, c.target, got)
		}
	}
}
