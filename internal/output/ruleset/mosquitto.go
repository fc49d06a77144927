package ruleset

import (
	"slices"
	"strings"
)

// mosquitto writes an ACL file. The broker refuses what no line of it allows.
// Rights belong to users; a client id is bound to its user by the setting
// use_username_as_clientid, which the header asks for.
func (w *writer) mosquitto() {
	w.header("#", "Rights of profiles for mosquitto.")
	if w.o.ByClientID {
		w.line("# In mosquitto.conf:  acl_file FILE")
	} else {
		w.line("# In mosquitto.conf:  acl_file FILE   allow_anonymous false   use_username_as_clientid true")
	}
	w.line("# Read it again after a change: kill -HUP $(pidof mosquitto)")
	w.onlyEnforces()
	var everybody []string
	byUser := map[string][]string{}
	for _, r := range w.rights() {
		w.notSaid(r)
		users, filter, all := w.users(r)
		if len(users) > 0 {
			for _, u := range users {
				byUser[u] = appendNew(byUser[u], "topic "+access(r)+" "+filter)
			}
		} else if all {
			everybody = appendNew(everybody, "pattern "+access(r)+" "+filter)
		}
	}
	w.section("", everybody)
	var users []string
	for u := range byUser {
		users = append(users, u)
	}
	slices.Sort(users)
	for _, u := range users {
		w.section(u, byUser[u])
	}
}

func (w *writer) section(user string, lines []string) {
	if len(lines) == 0 {
		return
	}
	w.line("")
	if user != "" {
		w.line("user %s", user)
	}
	slices.Sort(lines)
	for _, l := range lines {
		w.line("%s", l)
	}
}

func access(r right) string {
	if r.read {
		return "read"
	}
	return "write"
}

func appendNew(list []string, s string) []string {
	if slices.Contains(list, s) {
		return list
	}
	return append(list, s)
}

// users gives the users who have a right. all says that it cannot be bound to
// any and is everybody's, with the client id in the filter where that is part
// of the topic.
func (w *writer) users(r right) (users []string, filter string, all bool) {
	if r.who != "" && !w.o.ByClientID {
		if users = w.accounts(r); len(users) > 0 {
			return users, r.filter, false
		}
		if !isPattern(r.who) {
			return nil, "", false // its account's name cannot be written
		}
	}
	// A line of this kind has words of its own: %c and %u.
	if strings.Contains(r.filter, "%") {
		w.limit(r.b, r.e, "topic", "%s has a percent sign, which is not safe in a pattern: it is left out", shown(r.filter))
		return nil, "", false
	}
	bound := r.filter
	if r.who != "" && !isPattern(r.who) && !strings.ContainsAny(r.who, "+#/") {
		segments := strings.Split(r.filter, "/")
		for i, s := range segments {
			if s == r.who {
				segments[i] = "%c"
			}
		}
		bound = strings.Join(segments, "/")
	}
	if bound == r.filter {
		w.limit(r.b, r.e, "identity", "%s of %s cannot be bound to one client: everybody whom the broker lets in has the right", access(r), shown(r.filter))
	} else {
		w.limit(r.b, r.e, "identity", "%s of %s is every client's to the topic with its own client id", access(r), shown(r.filter))
	}
	return nil, bound, true
}

// accounts gives the names of a client's accounts at the broker, in order.
func (w *writer) accounts(r right) []string {
	var out []string
	for id, name := range w.o.Accounts {
		if identityFits(r.who, id) && safeText(name) {
			out = append(out, name)
		}
	}
	if _, ok := w.o.Accounts[r.who]; !ok && !isPattern(r.who) {
		w.limit(r.b, nil, "identity", "client id %s is taken for the name of its account, with use_username_as_clientid", shown(r.who))
		out = append(out, r.who)
	} else if ok && !safeText(w.o.Accounts[r.who]) {
		w.limit(r.b, nil, "identity", "the account of client id %s cannot be written safely: it is left out", shown(r.who))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// notSaid tells what an ACL file of mosquitto does not say of a right.
func (w *writer) notSaid(r right) {
	if r.qos != nil {
		w.limit(r.b, r.e, "qos", "the quality of service is not limited by topic")
	}
	if r.retain != nil && !*r.retain {
		w.limit(r.b, r.e, "retain", "retained messages are not refused by topic")
	}
	if r.read {
		w.limit(r.b, r.e, "subscribe", "any filter may be subscribed; what is delivered is decided topic by topic")
	}
}
