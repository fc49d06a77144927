//go:build !sensor

package app

import (
	"context"
	"fmt"
	"net/netip"
	"path/filepath"
	"strings"

	"edgeward/internal/asset"
	"edgeward/internal/event"
	"edgeward/internal/finding"
	"edgeward/internal/ident"
	"edgeward/internal/judge/inventory"
	"edgeward/internal/judge/profile"
	"edgeward/internal/output/report"
	"edgeward/internal/policy"
)

// ProposeOptions says from what profiles are made, and how.
type ProposeOptions struct {
	Analyze AnalyzeOptions // the inputs; its Observer is not used
	Learn   profile.LearnOptions
}

// Proposal is what was learned.
type Proposal struct {
	Policies []*policy.Policy
	Report   *report.Report // of the inputs
}

// Propose makes profiles of what the devices of captures and logs do. What is
// a detection of at least medium severity is left out; the profiles say so.
// An error beside a proposal tells of inputs that could not be read.
func Propose(ctx context.Context, o ProposeOptions) (*Proposal, error) {
	l := &exchanges{}
	o.Learn.Capture = l.name
	learner := profile.NewLearner(o.Learn)
	l.take = learner.Observe
	o.Analyze.Observer = l
	r, err := Analyze(ctx, o.Analyze)
	if r == nil {
		return nil, err
	}
	for _, f := range r.Findings {
		learner.Leave(f)
	}
	p := &Proposal{Policies: learner.Policies(r.Devices), Report: r}
	if len(p.Policies) > 0 {
		return p, err
	}
	if err != nil {
		return nil, err
	}
	return nil, nothingLearned(r, o.Learn.Devices)
}

// nothingLearned says why there is no profile, and what there was instead.
func nothingLearned(r *report.Report, wanted []string) error {
	switch {
	case r.Facts == 0:
		return ident.Errorf(ident.Invalid, "give captures or logs of a time in which the devices worked", "nothing was learned: there is no traffic in the input")
	case len(r.Devices) == 0:
		return ident.Errorf(ident.Invalid, "name the networks that are yours with --home", "nothing was learned: no device of ours was seen")
	}
	for _, w := range wanted {
		found := false
		for _, d := range r.Devices {
			found = found || profile.Is(d, w)
		}
		if !found {
			return ident.Errorf(ident.NotFound, "devices seen: "+devicesSeen(r.Devices), "device %q is not in the input", w)
		}
	}
	return ident.Errorf(ident.Invalid, "devices seen: "+devicesSeen(r.Devices), "nothing was learned: no device did anything that a profile could be made of")
}

// shownDevices is how many devices an error names.
const shownDevices = 12

func devicesSeen(list []*asset.Device) string {
	var names []string
	for i, d := range list {
		if i == shownDevices {
			names = append(names, fmt.Sprintf("and %d more", len(list)-i))
			break
		}
		name := d.ID
		switch {
		case len(d.Addresses) > 0:
			name = d.Addresses[0].String()
		case len(d.MACs) > 0:
			name = d.MACs[0].String()
		}
		names = append(names, name)
	}
	return strings.Join(names, ", ")
}

// exchanges turns the facts of an analysis into exchanges.
type exchanges struct {
	take   func(*profile.Exchange)
	reader *profile.Reader
	names  []string // of the inputs
	seen   uint64
}

var (
	_ Observer = (*exchanges)(nil)
	_ follower = (*exchanges)(nil)
)

func (x *exchanges) inventory(v *inventory.Inventory) { x.reader = profile.NewReader(hostsOf{v}) }

func (x *exchanges) input(index uint32, name string) {
	for uint32(len(x.names)) <= index {
		x.names = append(x.names, "")
	}
	x.names[index] = filepath.Base(name)
}

func (x *exchanges) name(index uint32) string {
	if index < uint32(len(x.names)) {
		return x.names[index]
	}
	return ""
}

// Fact reads one fact.
func (x *exchanges) Fact(f *event.Fact) {
	x.reader.Read(f, func(e *profile.Exchange) {
		x.seen++
		x.take(e)
	})
}

// Alert does nothing: what findings say is known at the end.
func (x *exchanges) Alert(*finding.Finding) {}

// Flush does nothing.
func (x *exchanges) Flush() error { return nil }

// hostsOf shows the inventory to profiles.
type hostsOf struct{ inv *inventory.Inventory }

var _ profile.Hosts = hostsOf{}

// Home reports whether an address is one of ours.
func (h hostsOf) Home(p ident.Place, a netip.Addr) bool { return h.inv.Home(p, a) }

// Host gives what is known of a host.
func (h hostsOf) Host(k ident.HostKey) (profile.Host, bool) {
	a, ok := h.inv.About(k)
	return profile.Host{Device: a.Device, Zone: a.Zone, Vendor: a.Vendor, MUD: a.MUD, Router: a.Router}, ok
}

// ProveOptions says which policies are proved on what.
type ProveOptions struct {
	Analyze  AnalyzeOptions // the inputs; its Observer is not used
	Policies []*policy.Policy
	Needed   float64 // device-days under which nothing is called proven; 0 for 30
}

// Prove replays captures and logs against policies and counts what they would
// have blocked. An error beside a result tells of inputs that could not be
// read.
func Prove(ctx context.Context, o ProveOptions) (*profile.Result, *report.Report, error) {
	set, err := profile.Compile(o.Policies, profile.Options{})
	if err != nil {
		return nil, nil, err
	}
	if set.Len() == 0 {
		return nil, nil, ident.Errorf(ident.Invalid, "make one with edgeward policy propose", "there is no profile to prove")
	}
	x := &exchanges{}
	proof := profile.NewProof(set, profile.ProofOptions{Needed: o.Needed, Capture: x.name})
	x.take = func(e *profile.Exchange) { proof.Observe(e) }
	o.Analyze.Observer = x
	r, err := Analyze(ctx, o.Analyze)
	if r == nil {
		return nil, nil, err
	}
	result := proof.Result()
	if err == nil && result.Summary.Exchanges == 0 {
		if r.Facts == 0 {
			return nil, r, ident.Errorf(ident.Invalid, "give captures or logs of a time in which the devices worked", "nothing was proved: there is no traffic in the input")
		}
		return nil, r, ident.Errorf(ident.NotFound, "devices seen: "+devicesSeen(r.Devices), "nothing was proved: none of the devices that have a profile is in the input")
	}
	return result, r, err
}
