package ruleset

import (
	"net/netip"
	"slices"
	"testing"

	"edgeward/internal/policy"
)

func TestIntersect(t *testing.T) {
	for _, c := range []struct {
		a, b, want string
		ok         bool
	}{
		{"plant/+/temp", "plant/s1/+", "plant/s1/temp", true},
		{"plant/#", "plant/+/temp", "plant/+/temp", true},
		{"plant/#", "plant", "plant", true},
		{"#", "a/b", "a/b", true},
		{"#", "$SYS/a", "", false},
		{"a/b", "a/c", "", false},
		{"a", "a/b", "", false},
		{"a/#", "a/b/#", "a/b/#", true},
		{"+/b", "a/+", "a/b", true},
	} {
		for range 2 {
			if got, ok := intersect(c.a, c.b); got != c.want || ok != c.ok {
				t.Errorf("intersect(%q, %q) = %q, %v", c.a, c.b, got, ok)
			}
			c.a, c.b = c.b, c.a
		}
	}
}

// FuzzIntersect wants a topic to fit the intersection exactly when it fits
// both.
func FuzzIntersect(f *testing.F) {
	f.Add("a/+/#", "a/b", "a/b")
	f.Add("#", "$a/b", "$a/b")
	f.Add("+/+", "/a", "/a")
	f.Fuzz(func(t *testing.T, a, b, topic string) {
		a, exactA, okA := topicFilter(a)
		b, exactB, okB := topicFilter(b)
		if !okA || !okB || !exactA || !exactB || !safeText(topic) || slices.ContainsFunc([]byte(topic), func(c byte) bool { return c == '+' || c == '#' }) {
			return
		}
		both, ok := intersect(a, b)
		if want := policy.MatchTarget(a, topic) && policy.MatchTarget(b, topic); (ok && policy.MatchTarget(both, topic)) != want {
			t.Errorf("%q and %q make %q, %v; %q is in both: %v", a, b, both, ok, topic, want)
		}
	})
}

func TestMergeAndCompact(t *testing.T) {
	ranges := merge([]policy.Range{{First: 80, Last: 90}, {First: 10, Last: 20}, {First: 21, Last: 30}, {First: 85, Last: 99999}, {First: 70000, Last: 80000}, {First: 9, Last: 1}}, lastPort)
	if want := []policy.Range{{First: 10, Last: 30}, {First: 80, Last: lastPort}}; !slices.Equal(ranges, want) {
		t.Errorf("ranges are %v", ranges)
	}
	nets := compact([]netip.Prefix{netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("10.0.0.5/8"), {}, netip.MustParsePrefix("::ffff:192.0.2.1/128"), netip.MustParsePrefix("2001:db8::/32")})
	var got []string
	for _, n := range nets {
		got = append(got, network(n))
	}
	if want := []string{"10.0.0.0/8", "192.0.2.1", "2001:db8::/32"}; !slices.Equal(got, want) {
		t.Errorf("networks are %v", got)
	}
}
