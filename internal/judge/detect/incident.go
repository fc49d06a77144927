package detect

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"edgeward/internal/finding"
	"edgeward/internal/ident"
)

// stage is a step of a takeover.
type stage uint8

const (
	stageAttempt  stage = 1 << iota // somebody tried to get in by an exploit
	stageEntry                      // somebody got in
	stageDelivery                   // a program came
	stageAction                     // the device works for somebody else
	stageControl                    // it may be steered from outside
	stageHarm                       // it does what nobody's device does by itself
)

// stageOf says which findings about a host are which step.
var stageOf = map[string]stage{
	"credential.guessed": stageEntry, "exploit.command-injection": stageAttempt, "lateral.remote-execution": stageEntry,
	"infection.loader": stageDelivery, "infection.payload-download": stageDelivery,
	"infection.self-propagation": stageAction | stageHarm, "recon.stateless-scan": stageAction | stageHarm, "recon.horizontal-scan": stageAction, "recon.port-scan": stageAction,
	"c2.beacon": stageAction | stageControl, "c2.bot-session": stageAction | stageControl, "c2.dga": stageAction | stageControl, "c2.dns-tunnel": stageAction | stageControl, "c2.intel-match": stageAction | stageControl,
	"abuse.mining": stageAction, "abuse.click-fraud": stageAction, "abuse.spam": stageAction | stageHarm, "abuse.residential-proxy": stageAction,
	"dos.flood-out": stageAction | stageHarm, "dos.dns-water-torture": stageAction | stageHarm, "credential.guessing": stageAction, "exfiltration.volume": stageAction,
}

// stage gives the step that a record is for its host. Attacking others is an
// action of the attacker.
func (r *record) stage() stage {
	st := stageOf[r.book.ID]
	switch {
	case r.acting && st != 0:
		return stageAction
	case r.proven && st == stageAttempt:
		return stageEntry
	}
	return st
}

const (
	chainSpan  = 24 * hour
	maxMembers = 24
)

// incidents ties the findings about one host to one incident when they form
// the chain of a takeover: entry, delivery, action.
type incidents struct {
	e     *Engine
	hosts *table[chain]
}

// chain is what happened to one host so far.
type chain struct {
	links []*record
}

func newIncidents(e *Engine) *incidents {
	return &incidents{e: e, hosts: newTable[chain](maxHosts)}
}

// opened takes in a record that was just made.
func (i *incidents) opened(r *record) {
	if r.stage() == 0 {
		return
	}
	c := i.hosts.make(mix(r.key.id, placeHash(r.place)))
	c.links = slices.DeleteFunc(c.links, func(l *record) bool { return !near(l.last, r.first, chainSpan) })
	if len(c.links) >= maxMembers {
		return
	}
	c.links = append(c.links, r)
	i.judge(c, r)
}

// judgeAgain looks at a host again after a record of it was proven.
func (i *incidents) judgeAgain(r *record) {
	if c := i.hosts.get(mix(r.key.id, placeHash(r.place))); c != nil {
		i.judge(c, r)
	}
}

// judge makes the incident when the links cover two steps: something came in
// beside any other step, or somebody got in and the device acts for them, or
// it is steered from outside and does harm.
func (i *incidents) judge(c *chain, r *record) {
	var steps stage
	for _, l := range c.links {
		if l.severity > ident.Info {
			steps |= l.stage()
		}
	}
	const used, steered = stageEntry | stageAction, stageControl | stageHarm
	delivered := steps&stageDelivery != 0 && steps != stageDelivery
	if !delivered && steps&used != used && steps&steered != steered {
		return
	}
	about := actor{key: r.host, addr: r.addr, home: true}
	incident := i.e.ledger.at("infection.device-compromised", r.place, &about, r.device, group{}, r.first)
	if incident == nil {
		return
	}
	if incident.isNew() {
		incident.address = r.address
		incident.tell = func() string { return i.tell(incident) }
		if steps&stageDelivery == 0 {
			incident.rate(ident.High, 0.8)
		}
	}
	for _, l := range c.links {
		if l.incident != "" || len(incident.members) >= maxMembers {
			continue
		}
		l.incident, l.changed = incident.id, true
		incident.members = append(incident.members, l)
		incident.changed = true
		for _, p := range l.peers {
			if len(incident.peers) < maxMembers && !slices.Contains(incident.peers, p) {
				incident.peers = append(incident.peers, p)
			}
		}
		for _, ev := range l.evidence[:min(len(l.evidence), 1)] {
			if len(incident.evidence) < finding.MaxEvidence {
				incident.evidence = append(incident.evidence, ev)
			}
		}
		incident.add(&i.e.ledger, l.first, 1)
	}
	if steps&stageDelivery != 0 {
		incident.grade(ident.Critical, 0.95)
	}
}

// tell puts the chain into words, in order of time.
func (i *incidents) tell(r *record) string {
	links := slices.Clone(r.members)
	slices.SortStableFunc(links, func(a, b *record) int { return cmp.Or(cmp.Compare(a.first, b.first), cmp.Compare(a.id, b.id)) })
	var b strings.Builder
	fmt.Fprintf(&b, "What happened to %s, in order: ", r.address)
	for k, l := range links {
		if k > 0 {
			b.WriteString("; ")
		}
		title := l.book.Title
		if l.title != "" {
			title = l.title
		}
		fmt.Fprintf(&b, "%s (%s)", strings.ToLower(title[:1])+title[1:], clock(l.first))
	}
	b.WriteByte('.')
	return b.String()
}
