// Package edl makes External Dynamic Lists: plain lists of addresses, one a
// line, that firewalls fetch and block. It decides only who is on a list, and
// shows why in a comment; package app and api give it findings and serve it.
package edl

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"
	"time"

	"edgeward/internal/finding"
	"edgeward/internal/ident"
	"edgeward/internal/output/notice"
)

// Options say who gets on a list.
type Options struct {
	Severity   ident.Severity // of the finding, at least
	Confidence float64        // at least
	Age        time.Duration  // since the finding was last seen; 0 for any
	Limit      int            // entries; 0 for 50 000. The newest stay
	// Home says whether an address is one of ours: such are never listed,
	// since a firewall would cut our own devices off.
	Home func(netip.Addr) bool
	Now  int64
}

// maxFindings bounds the findings that a list is made of.
const maxFindings = 10_000

// Filter selects the findings that a list is made of.
func (o Options) Filter() finding.Filter {
	shown := false
	f := finding.Filter{Kinds: []finding.Kind{finding.Detection}, Statuses: []finding.Status{finding.Open}, AtLeast: o.Severity, Muted: &shown, Sort: "-last_seen", Limit: maxFindings}
	if o.Age > 0 {
		f.From = o.Now - int64(o.Age)
	}
	return f
}

// Entry is one address with the reason.
type Entry struct {
	Address netip.Addr
	Check   string
	Finding string
	Last    int64
}

// hostilePeers are the checks whose peers did what the finding tells of: they
// command, attack or feed the device. The peers of most others are victims, or
// addresses that somebody forged.
var hostilePeers = []string{
	"c2.beacon", "c2.bot-session", "c2.intel-match", "infection.payload-download", "infection.loader", "credential.guessed",
	"exploit.web-injection", "exploit.command-injection", "abuse.mining", "ics.rogue-master", "health.rogue-peer", "health.order-injection",
	"health.aetitle-guessing", "mqtt.acl-probe", "lwm2m.unauthorized-write", "coap.write-sweep",
}

// hostileSelf are the families whose findings are about the one who acts.
// Floods are not among them: their senders are forged.
var hostileSelf = []string{"recon.", "credential.", "infection.", "abuse.click-fraud", "abuse.spam"}

// suspects gives the addresses that a finding speaks against.
func suspects(f *finding.Record) []string {
	var list []string
	if slices.ContainsFunc(hostileSelf, func(prefix string) bool { return strings.HasPrefix(f.Check, prefix) }) {
		list = append(list, f.Address)
	}
	if slices.Contains(hostilePeers, f.Check) {
		list = append(list, f.Peers...)
	}
	return list
}

// List gives the outsiders that open detections speak against, sorted by
// address. Findings that somebody acknowledged, muted or resolved do not
// count, and neither do exposures: their peers did nothing bad.
func List(findings []*finding.Record, o Options) []Entry {
	if o.Limit <= 0 {
		o.Limit = 50_000
	}
	best := make(map[netip.Addr]Entry)
	for _, f := range findings {
		if f.Kind != finding.Detection || f.Status != finding.Open || f.Mute != "" || f.Expected != "" || f.Severity < o.Severity || f.Confidence < o.Confidence {
			continue
		}
		if o.Age > 0 && o.Now-f.LastSeen > int64(o.Age) {
			continue
		}
		for _, p := range suspects(f) {
			a, err := netip.ParseAddr(p)
			if err != nil || !listable(a) || o.Home != nil && o.Home(a) {
				continue
			}
			if e, ok := best[a]; !ok || f.LastSeen > e.Last || f.LastSeen == e.Last && f.ID < e.Finding {
				best[a] = Entry{Address: a, Check: f.Check, Finding: f.ID, Last: f.LastSeen}
			}
		}
	}
	list := make([]Entry, 0, len(best))
	for _, e := range best {
		list = append(list, e)
	}
	if len(list) > o.Limit {
		slices.SortFunc(list, func(x, y Entry) int {
			return cmp.Or(cmp.Compare(y.Last, x.Last), x.Address.Compare(y.Address))
		})
		list = list[:o.Limit]
	}
	slices.SortFunc(list, func(x, y Entry) int { return x.Address.Compare(y.Address) })
	return list
}

// listable leaves out what is nobody's own address on the Internet.
func listable(a netip.Addr) bool {
	return a.IsGlobalUnicast() && !a.IsPrivate() && a != netip.AddrFrom4([4]byte{255, 255, 255, 255})
}

// Write writes a list: a comment with its time, then an address a line.
// Comments hold the reason where withReason is set; some firewalls want none.
func Write(w io.Writer, list []Entry, now int64, withReason bool) error {
	b := bufio.NewWriter(w)
	fmt.Fprintf(b, "# edgeward: %d addresses, made %s\n", len(list), ident.Time(now))
	for _, e := range list {
		if withReason {
			fmt.Fprintf(b, "%s # %s %s\n", e.Address, notice.Line(e.Check, 64), notice.Line(e.Finding, 32))
		} else {
			fmt.Fprintf(b, "%s\n", e.Address)
		}
	}
	return b.Flush()
}
