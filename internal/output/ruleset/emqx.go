package ruleset

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// emqx writes acl.conf: Erlang terms that are tried from the top.
func (w *writer) emqx() {
	w.header("%%", "Rights of profiles for EMQX, version 5.1 and later.")
	w.line(`%%%% In the configuration: authorization { sources = [{ type = file, path = "FILE" }], no_match = deny }`)
	w.onlyEnforces()
	list := w.rights()
	slices.SortStableFunc(list, compareRights)
	last := ""
	for _, r := range list {
		if w.notSaidEMQX(r); !erlangSafe(r.filter) || !erlangSafe(r.who) {
			w.limit(r.b, r.e, "topic", "%s of %s has characters that are no plain text in this file: it is left out", shown(r.filter), shown(r.who))
			continue
		}
		rule := fmt.Sprintf(`{allow, %s, %s, ["%s"]}.`, w.client(r), action(r), r.filter)
		if rule != last {
			w.line("%s", rule)
		}
		last = rule
	}
	w.line("{deny, all}.")
}

// erlangSafe reports whether a text is one that needs no escape in an Erlang
// string and has no placeholder of EMQX's.
func erlangSafe(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' || r == '"' || r == '\\' }) &&
		!strings.Contains(s, "${") && !strings.Contains(s, "%c") && !strings.Contains(s, "%u")
}

func (w *writer) client(r right) string {
	switch {
	case r.who == "":
		w.limit(r.b, r.e, "identity", "no client id is known for %s of %s: everybody has the right", access(r), shown(r.filter))
		return "all"
	case !isPattern(r.who):
		return `{clientid, "` + r.who + `"}`
	}
	var re strings.Builder
	who, rest := strings.CutSuffix(r.who, "*")
	for _, c := range who {
		switch {
		case c == '#' && !rest:
			re.WriteString("[0-9]+")
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_':
			re.WriteRune(c)
		default:
			fmt.Fprintf(&re, `\\x%02x`, c) // in an Erlang string, so that the expression has one backslash
		}
	}
	if rest {
		re.WriteString(".*")
	}
	return `{clientid, {re, "^` + re.String() + `\\z"}}`
}

// action says what is allowed, with quality of service and retaining where the
// profile limits them.
func action(r right) string {
	word := "publish"
	if r.read {
		word = "subscribe"
	}
	var options []string
	if r.qos != nil && *r.qos < 2 {
		levels := []string{"0", "1"}[:*r.qos+1]
		options = append(options, "{qos, ["+strings.Join(levels, ", ")+"]}")
	}
	if !r.read && r.retain != nil && !*r.retain {
		options = append(options, "{retain, "+strconv.FormatBool(*r.retain)+"}")
	}
	if len(options) == 0 {
		return word
	}
	return "{" + word + ", [" + strings.Join(options, ", ") + "]}"
}

func (w *writer) notSaidEMQX(r right) {
	if r.read {
		w.limit(r.b, r.e, "subscribe", "a filter with wildcards is compared as if it were a topic, not as a subset")
	}
	w.limit(r.b, nil, "identity", "a client id is believed: let the authentication bind it to an account")
}
