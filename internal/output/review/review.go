// Package review writes what a person reads of profiles: the proposal of what
// devices may do, and the proof of what would have been blocked, as text and
// as a page that needs nothing else. Machines read the policy file (package
// judge/profile/document) and the proof's JSON. Command line and API use it.
package review

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"edgeward/internal/judge/profile"
	"edgeward/internal/judge/profile/document"
	"edgeward/internal/policy"
)

// clean keeps a text on its line, and off the terminal's controls and the
// page's direction of writing.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r < ' ', r >= 0x7f && r < 0xa0, r == 0x200e, r == 0x200f, r == 0x61c, r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069, r == 0x2028, r == 0x2029, r == 0xfeff:
			return '\uFFFD'
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
}

func moment(ns int64) string { return time.Unix(0, ns).UTC().Format("2006-01-02 15:04:05") }

// Proposal writes policies as text: of each device what it may do, how often
// that was seen, and what was never seen.
func Proposal(w io.Writer, list []*policy.Policy) error {
	b := bufio.NewWriter(w)
	for i, p := range list {
		x, err := profile.Body(p)
		if err != nil {
			return err
		}
		if i > 0 {
			fmt.Fprintln(b)
		}
		fmt.Fprintf(b, "%s  (%s)\n", clean(cmp.Or(x.Name, p.ID)), clean(p.ID))
		for j := range x.Members {
			m := &x.Members[j]
			words := slices.Concat(m.MACs, m.Names)
			for _, a := range m.Addresses {
				words = append(words, a.String())
			}
			fmt.Fprintf(b, "  device    %s\n", clean(strings.Join(words, " ")))
		}
		if l := x.Learned; l != nil {
			fmt.Fprintf(b, "  learned   %s to %s, %.2f device-days, %d exchanges\n", moment(l.First), moment(l.Last), l.DeviceDays, l.Exchanges)
		}
		if len(x.Unseen) > 0 {
			fmt.Fprintf(b, "  not seen  %s\n", clean(strings.Join(x.Unseen, ", ")))
		}
		for j := range x.Lines {
			l := &x.Lines[j]
			fmt.Fprintf(b, "  %s  %s%s\n", clean(l.ID), clean(document.Describe(l)), evidence(&l.Evidence))
		}
		for _, text := range LeftOut(p.ID, x) {
			fmt.Fprintf(b, "  %s\n", text)
		}
	}
	return b.Flush()
}

// LeftOut says what a profile was not made of, a reason a line.
func LeftOut(id string, x *policy.Profile) []string {
	if x.Learned == nil {
		return nil
	}
	type reason struct{ text, check string }
	var order []reason
	exchanges, peers := map[reason]uint64{}, map[reason][]string{}
	for _, l := range x.Learned.LeftOut {
		k := reason{l.Reason, l.Check}
		if _, known := exchanges[k]; !known {
			order = append(order, k)
		}
		exchanges[k] += l.Exchanges
		if l.Peer != "" && !slices.Contains(peers[k], l.Peer) {
			peers[k] = append(peers[k], l.Peer)
		}
	}
	var out []string
	for _, k := range order {
		text := fmt.Sprintf("left out of %s: %d exchanges", id, exchanges[k])
		switch list := peers[k]; {
		case len(list) > 3:
			text += fmt.Sprintf(" with %d peers", len(list))
		case len(list) > 0:
			text += " with " + strings.Join(list, ", ")
		}
		text += ": " + k.text
		if k.check != "" {
			text += " (" + k.check + ")"
		}
		out = append(out, clean(text))
	}
	return out
}

func evidence(e *policy.Evidence) string {
	if e.Count == 0 {
		return ""
	}
	text := fmt.Sprintf("  [%d times", e.Count)
	if e.Count == 1 {
		text = "  [once"
	}
	if e.Days > 1 {
		text += fmt.Sprintf(" on %d days", e.Days)
	}
	if at := packets(e.Samples); at != "" {
		text += ", " + at
	}
	return text + "]"
}

// packets names the packets of samples.
func packets(list []policy.Sample) string {
	var out []string
	for _, s := range list {
		if s.Packet == 0 {
			continue
		}
		name := s.Capture
		if name != "" {
			name += " "
		}
		out = append(out, clean(fmt.Sprintf("%spacket %d", name, s.Packet)))
	}
	return strings.Join(out, ", ")
}

// Proof writes a proof as text.
func Proof(w io.Writer, r *profile.Result) error {
	b := bufio.NewWriter(w)
	s := &r.Summary
	fmt.Fprintf(b, "%s\n\n", clean(s.Verdict))
	fmt.Fprintf(b, "  exchanges      %d\n  would block    %d\n  device-days    %.2f of %g needed\n", s.Exchanges, s.WouldBlock, s.DeviceDays, s.Needed)
	if s.Bound > 0 && s.DeviceDays >= 1 { // of less it says nothing
		fmt.Fprintf(b, "  bound          at most %.3g wrong blocks a device and day (95 %%)\n", s.Bound)
	}
	if s.Unjudged > 0 {
		fmt.Fprintf(b, "  not judged     %d exchanges of devices without a profile\n", s.Unjudged)
	}
	blocks := byDevice(r)
	for _, d := range r.Devices {
		fmt.Fprintf(b, "\n%s  %s\n  %d of %d exchanges would be blocked in %.2f days\n", clean(cmp.Or(d.Name, d.Policy)), clean(strings.TrimSpace(d.Address+" "+d.MAC)), d.WouldBlock, d.Exchanges, d.DeviceDays)
		for _, x := range blocks[deviceOf{d.Policy, d.Address}] {
			fmt.Fprintf(b, "  - %s: %s\n", What(x), clean(x.Why))
			fmt.Fprintf(b, "    %d times from %s to %s", x.Count, moment(x.First), moment(x.Last))
			if x.Line != "" {
				fmt.Fprintf(b, "; nearest line %s", clean(x.Line))
			}
			if at := packets(x.Samples); at != "" {
				fmt.Fprintf(b, "; %s", at)
			}
			fmt.Fprintln(b)
		}
	}
	if r.Unlisted > 0 {
		fmt.Fprintf(b, "\n%d blocked exchanges are not listed: there were too many kinds\n", r.Unlisted)
	}
	return b.Flush()
}

type deviceOf struct{ policy, address string }

func byDevice(r *profile.Result) map[deviceOf][]*profile.Block {
	out := map[deviceOf][]*profile.Block{}
	for _, x := range r.Blocked {
		k := deviceOf{x.Policy, x.Device}
		out[k] = append(out[k], x)
	}
	return out
}

// What says what was blocked, on one line.
func What(x *profile.Block) string {
	way := "to"
	if x.Direction == policy.In {
		way = "from"
	}
	peer := x.Peer
	if x.PeerName != "" && x.PeerName != x.Peer {
		peer = x.PeerName + " (" + x.Peer + ")"
	}
	text := fmt.Sprintf("%s %s, %s", way, peer, x.Transport)
	if x.Port != 0 {
		text += fmt.Sprintf(" port %d", x.Port)
	}
	for _, word := range []string{x.Protocol, x.Op, x.Target} {
		if word != "" {
			text += " " + word
		}
	}
	return clean(text)
}
