package profile

import (
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"

	"edgeward/internal/event"
)

// namePatterns widens names that differ in numbers only, or that are numbered
// in a domain of one owner: whoever owns the domain has numbered its hosts.
// Below a suffix under which anybody can have a name (the private part of the
// public suffix list: clouds, hosting) names stay as they are.
func namePatterns(names []string) []string {
	numbered := map[string]int{}
	for _, n := range names {
		numbered[withoutDigits(n)]++
	}
	var out []string
	for _, n := range names {
		p := n
		if d := withoutDigits(n); numbered[d] > 1 || d != n && owned(n) {
			p = d
		}
		if !slices.Contains(out, p) {
			out = append(out, p)
		}
	}
	slices.Sort(out)
	return out
}

// owned reports whether a name is in a domain of one owner.
func owned(name string) bool {
	_, listed := publicsuffix.PublicSuffix(name)
	domain, err := publicsuffix.EffectiveTLDPlusOne(name)
	return listed && err == nil && domain != name && strings.IndexFunc(domain, isDigit) < 0
}

// timePatterns gives the names that may be asked for to find servers of time:
// those beside the ones that were used, in a domain of one owner. Devices
// choose among them at random, and what they then get is limited to NTP.
func timePatterns(names []string) []string {
	out := namePatterns(names)
	for _, n := range names {
		_, parent, ok := strings.Cut(n, ".")
		if !ok || !owned(n) {
			continue
		}
		if _, err := publicsuffix.EffectiveTLDPlusOne(parent); err == nil && !slices.Contains(out, "*."+parent) {
			out = append(out, "*."+parent)
		}
	}
	return out
}

// withoutDigits writes "#" for each run of digits.
func withoutDigits(s string) string {
	if strings.IndexFunc(s, isDigit) < 0 {
		return s
	}
	var b strings.Builder
	in := false
	for _, c := range s {
		if isDigit(c) {
			if !in {
				b.WriteByte('#')
			}
			in = true
			continue
		}
		in = false
		b.WriteRune(c)
	}
	return b.String()
}

func isDigit(c rune) bool { return c >= '0' && c <= '9' }

// domainsOf gives the registrable domains of which several names were seen.
func domainsOf(names []string) []string {
	labels := map[string]int{}
	for _, n := range names {
		if d, err := publicsuffix.EffectiveTLDPlusOne(n); err == nil && d != n {
			labels[d]++
		}
	}
	var out []string
	for d, n := range labels {
		if n >= fewLabels {
			out = append(out, "*."+d)
		}
	}
	slices.Sort(out)
	return out
}

// queryPatterns gives the names that may be asked for.
func queryPatterns(op string, names []string) []string {
	if op == "query ptr" {
		// The names of addresses are asked for whatever talks with the device.
		names = append(slices.DeleteFunc(slices.Clone(names), func(n string) bool { return strings.HasSuffix(n, ".in-addr.arpa") || strings.HasSuffix(n, ".ip6.arpa") }), "*.in-addr.arpa", "*.ip6.arpa")
	}
	return namePatterns(names)
}

// patterns gives the targets, with what changes from one to the next as
// wildcards.
func patterns(targets []string, proto event.Proto) []string {
	if !pathed(proto) {
		return targets
	}
	out := make([]string, 0, len(targets))
	for _, t := range targets {
		p := t
		switch proto {
		case event.ProtoHTTP:
			p = withoutTokens(t, 1)
		case event.ProtoCoAP: // the numbers of LwM2M objects mean something
			p = withoutTokens(t, 6)
		}
		if !slices.Contains(out, p) {
			out = append(out, p)
		}
	}
	return widen(out)
}

// withoutTokens writes "+" for segments that look made up for the occasion:
// numbers of that many digits, long hexadecimal and base64 words.
func withoutTokens(path string, digits int) string {
	segments := strings.Split(path, "/")
	for i, s := range segments {
		if token(s, digits) {
			segments[i] = "+"
		}
	}
	return strings.Join(segments, "/")
}

func token(s string, least int) bool {
	digits, hex := 0, 0
	for _, c := range s {
		switch {
		case isDigit(c):
			digits++
			hex++
		case c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F' || c == '-':
			hex++
		}
	}
	n := len(s)
	switch {
	case n >= least && digits == n:
		return true
	case n >= 8 && hex == n && digits > 0:
		return true
	case n >= 10 && digits >= n/3, n >= 16 && digits >= n/5 && digits > 2:
		return true
	}
	return false
}

// widen puts "+" where many targets differ in one segment only.
func widen(targets []string) []string {
	for {
		type place struct {
			at   int
			rest string
		}
		groups := map[place][]int{}
		for i, t := range targets {
			segments := strings.Split(t, "/")
			for at := range min(len(segments), 16) {
				if segments[at] == "+" || segments[at] == "#" {
					continue
				}
				was := segments[at]
				segments[at] = "+"
				k := place{at, strings.Join(segments, "/")}
				segments[at] = was
				groups[k] = append(groups[k], i)
			}
		}
		var best place
		for k, list := range groups {
			if n, m := len(list), len(groups[best]); n > fewSiblings && (n > m || n == m && (k.at > best.at || k.at == best.at && k.rest < best.rest)) {
				best = k
			}
		}
		if len(groups[best]) == 0 {
			slices.Sort(targets)
			return targets
		}
		gone := groups[best]
		next := []string{best.rest}
		for i, t := range targets {
			if !slices.Contains(gone, i) && t != best.rest {
				next = append(next, t)
			}
		}
		targets = next
	}
}

// identities gives for each identity of a draft its pattern: itself, or what
// many have in front.
func identities(dr *draft) map[string]string {
	out := map[string]string{}
	stems := map[string]int{}
	for _, d := range dr.doings {
		for k := range d.verbs {
			if _, ok := out[k.as]; !ok {
				out[k.as] = k.as
				stems[stem(k.as)]++
			}
		}
	}
	for as := range out {
		if s := stem(as); s != as && len(s) >= 2 && stems[s] > fewClients {
			out[as] = s + "*"
		}
	}
	return out
}

// stem takes off what clients make up at the end of their ids: digits and
// hexadecimal after a separator.
func stem(as string) string {
	if i := strings.LastIndexAny(as, "-_/."); i > 0 && i < len(as)-1 && token8(as[i+1:]) {
		return as[:i+1]
	}
	return strings.TrimRightFunc(as, isDigit)
}

func token8(s string) bool {
	return strings.IndexFunc(s, func(c rune) bool { return !isDigit(c) && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') }) < 0 && (len(s) >= 6 || strings.IndexFunc(s, isDigit) >= 0)
}
