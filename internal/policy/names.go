package policy

import "strings"

// MatchName reports whether a name fits a pattern of a peer's names: the name
// itself; "*.example.com" for any name below example.com; and "#" in a label
// for a run of digits, as in "time#.example.com". Both are in lower case
// without a final dot.
func MatchName(pattern, name string) bool {
	if below, ok := strings.CutPrefix(pattern, "*."); ok {
		return len(name) > len(below)+1 && strings.HasSuffix(name, below) && name[len(name)-len(below)-1] == '.'
	}
	return MatchDigits(pattern, name)
}

// MatchDigits compares a text with a pattern in which "#" stands for one digit or more.
func MatchDigits(pattern, s string) bool {
	for {
		i := strings.IndexByte(pattern, '#')
		if i < 0 {
			return pattern == s
		}
		if len(s) < i || s[:i] != pattern[:i] {
			return false
		}
		digits := i
		for digits < len(s) && s[digits] >= '0' && s[digits] <= '9' {
			digits++
		}
		if digits == i {
			return false
		}
		pattern, s = pattern[i+1:], s[digits:]
	}
}

// MatchTarget reports whether a target fits a pattern of a verb, segment by
// segment between slashes: "+" is any one segment, "#" at the end the rest of
// them or none, as in topic filters (MQTT 5.0, section 4.7); elsewhere "#" in
// a segment is a run of digits. A wildcard in front does not hold topics that
// begin with "$". Paths of CoAP and HTTP are matched alike.
func MatchTarget(pattern, target string) bool {
	if strings.HasPrefix(target, "$") && !strings.HasPrefix(pattern, "$") {
		return false
	}
	return matchSegments(pattern, target)
}

// MatchFilter reports whether everything that the topic filter of a SUBSCRIBE
// selects fits the pattern: the filter is a subset of it. The group of a
// shared subscription ("$share/group/filter") does not count.
func MatchFilter(pattern, filter string) bool {
	filter = withoutShare(filter)
	if strings.HasPrefix(filter, "$") && !strings.HasPrefix(pattern, "$") {
		return false
	}
	return matchSegments(pattern, filter)
}

func withoutShare(filter string) string {
	rest, ok := strings.CutPrefix(filter, "$share/")
	if !ok {
		return filter
	}
	if _, inner, ok := strings.Cut(rest, "/"); ok {
		return inner
	}
	return filter
}

func matchSegments(pattern, target string) bool {
	for {
		if pattern == "#" {
			return true
		}
		p, prest, pmore := strings.Cut(pattern, "/")
		t, trest, tmore := strings.Cut(target, "/")
		if t == "#" && !tmore || p != "+" && (t == "+" && p != t || !MatchDigits(p, t)) {
			return false // a wildcard of the target is wider than this segment
		}
		switch {
		case !pmore && !tmore:
			return true
		case pmore && !tmore:
			return prest == "#" // "a/#" holds "a" as well
		case !pmore:
			return false
		}
		pattern, target = prest, trest
	}
}
