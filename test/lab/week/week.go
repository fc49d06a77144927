// Package week makes the facts of a site with a thousand devices over days,
// out of what single devices did in captures: each device of a cast repeats
// the recorded behaviour of its kind, with addresses, names and a rhythm of
// its own. It is for tests that need more traffic than anyone can record; the
// judgement of it says nothing about traffic that nobody recorded.
package week

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/netip"
	"slices"
	"time"

	"edgeward/internal/event"
	"edgeward/internal/ident"
	"edgeward/internal/wire/capture"
	"edgeward/internal/wire/pipeline"
	"edgeward/internal/wire/proto/all"
)

// Behaviour is what devices did in a capture.
type Behaviour struct {
	Name  string
	facts []*event.Fact
	start int64
	span  time.Duration
}

// Facts gives the number of facts of one repetition.
func (b *Behaviour) Facts() int { return len(b.facts) }

// Record reads a capture and keeps the facts to which one of the hosts is a
// party; with no hosts it keeps all.
func Record(name, path string, hosts ...string) (*Behaviour, error) {
	src, err := capture.Open(path)
	if err != nil {
		return nil, err
	}
	defer src.Close()
	keep := make(map[netip.Addr]bool)
	for _, h := range hosts {
		a, err := netip.ParseAddr(h)
		if err != nil {
			return nil, fmt.Errorf("record %s: %w", name, err)
		}
		keep[a] = true
	}
	b := &Behaviour{Name: name}
	packets := pipeline.New(pipeline.Config{Workers: 1, Memory: 64 << 20, Protocols: all.Protocols(), Vault: event.VaultFunc(seal),
		Sink: func(u *pipeline.Unit) error {
			for _, f := range u.Facts {
				if len(keep) == 0 || keep[f.Src] || keep[f.Dst] {
					b.facts = append(b.facts, clone(f))
				}
			}
			return nil
		}})
	if err := packets.Run(context.Background(), src, 0); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("record %s: %w", name, err)
	}
	if len(b.facts) == 0 {
		return nil, fmt.Errorf("record %s from %s: nothing was seen of it", name, path)
	}
	slices.SortStableFunc(b.facts, func(x, y *event.Fact) int { return cmp.Compare(x.Time, y.Time) })
	b.start = b.facts[0].Time
	b.span = time.Duration(b.facts[len(b.facts)-1].Time - b.start)
	return b, nil
}

func seal(_ *event.Batch, _, user string, value []byte) event.Secret {
	return event.Secret{Seen: true, Len: uint16(len(value)), Hash: uint64(len(user))<<32 | uint64(len(value))}
}

// Role is a kind of device at a site.
type Role struct {
	Behaviour *Behaviour
	Self      []string // the recorded hosts that each device of the role stands for
	Count     int      // devices
	Every     time.Duration
	Office    bool // only on working days between 7 and 19 o'clock
	// Servers maps recorded hosts to hosts of the site that the devices share;
	// every other host at home is shared by the role.
	Servers map[string]string
}

// Site is a network.
type Site struct {
	Name   string
	Place  ident.Place
	Prefix netip.Prefix // at least a /16 of private addresses
	Roles  []Role
	Seed   uint64
}

// unit is one device or group of devices that repeats a behaviour.
type unit struct {
	role   *Role
	number int
	addrs  map[netip.Addr]netip.Addr
	macs   map[ident.MAC]ident.MAC
	next   int64
	rounds uint64
	random *rand.Rand
}

// Devices gives the number of devices that are not shared.
func (s *Site) Devices() (n int) {
	for _, r := range s.Roles {
		n += r.Count * max(len(r.Self), 1)
	}
	return n
}

// Hosts gives the addresses at the site that belong to a behaviour.
func (s *Site) Hosts(name string) (map[netip.Addr]bool, error) {
	units, err := s.units(time.Time{})
	if err != nil {
		return nil, err
	}
	hosts := make(map[netip.Addr]bool)
	for _, u := range units {
		if u.role.Behaviour.Name == name {
			for _, a := range u.addrs {
				hosts[a] = true
			}
		}
	}
	return hosts, nil
}

// Each gives the facts of the time from start on in order, an hour at a time.
func (s *Site) Each(start time.Time, length time.Duration, yield func([]*event.Fact) error) error {
	units, err := s.units(start)
	if err != nil {
		return err
	}
	var waiting []*event.Fact
	for hour := start; hour.Before(start.Add(length)); hour = hour.Add(time.Hour) {
		end := hour.Add(time.Hour).UnixNano()
		for _, u := range units {
			for u.next < end {
				waiting = u.repeat(s.Place, waiting)
				u.schedule()
			}
		}
		slices.SortStableFunc(waiting, func(x, y *event.Fact) int { return cmp.Compare(x.Time, y.Time) })
		n, _ := slices.BinarySearchFunc(waiting, end, func(f *event.Fact, t int64) int { return cmp.Compare(f.Time, t) })
		if err := yield(waiting[:n]); err != nil {
			return err
		}
		waiting = slices.Clone(waiting[n:])
	}
	return nil
}

func (s *Site) units(start time.Time) ([]*unit, error) {
	var units []*unit
	base := s.Prefix.Addr().As4()
	address := func(n int) netip.Addr {
		a := base
		a[2], a[3] = byte(n/250), byte(n%250+1)
		return netip.AddrFrom4(a)
	}
	shared := make(map[string]netip.Addr)
	next := 250 // the first range is for what is shared
	for i := range s.Roles {
		r := &s.Roles[i]
		self := make(map[netip.Addr]bool)
		for _, h := range r.Self {
			a, err := netip.ParseAddr(h)
			if err != nil {
				return nil, fmt.Errorf("site %s: %w", s.Name, err)
			}
			self[a] = true
		}
		homes, macs := r.Behaviour.homes()
		for n := range r.Count {
			u := &unit{role: r, number: n, addrs: make(map[netip.Addr]netip.Addr), macs: make(map[ident.MAC]ident.MAC),
				random: rand.New(rand.NewPCG(s.Seed, uint64(i)<<32|uint64(n)))}
			for _, h := range homes {
				if self[h] {
					u.addrs[h] = address(next)
					next++
					continue
				}
				name, ok := r.Servers[h.String()]
				if !ok {
					name = r.Behaviour.Name + " " + h.String()
				}
				if _, ok := shared[name]; !ok {
					shared[name] = address(len(shared))
				}
				u.addrs[h] = shared[name]
			}
			for h, m := range macs {
				to := u.addrs[h]
				b := to.As4()
				u.macs[m] = ident.MAC{m[0], m[1], m[2], b[1], b[2], b[3]}
			}
			u.next = start.UnixNano()
			u.schedule()
			units = append(units, u)
		}
	}
	return units, nil
}

// schedule sets the time of the next repetition: the role's interval, less or
// more a fifth, and for offices not at night.
func (u *unit) schedule() {
	every := float64(u.role.Every)
	step := every * (0.8 + 0.4*u.random.Float64())
	if u.rounds == 0 {
		step = every * u.random.Float64()
	}
	u.rounds++
	u.next += int64(step)
	if !u.role.Office {
		return
	}
	for t := time.Unix(0, u.next).UTC(); t.Hour() < 7 || t.Hour() >= 19 || t.Weekday() == time.Saturday || t.Weekday() == time.Sunday; t = time.Unix(0, u.next).UTC() {
		u.next += int64(time.Hour) + u.random.Int64N(int64(time.Minute))
	}
}

// repeat appends the facts of one repetition.
func (u *unit) repeat(place ident.Place, to []*event.Fact) []*event.Fact {
	b := u.role.Behaviour
	moved := mover{unit: u, shift: u.next - b.start, first: b.start - int64(24*time.Hour), last: b.start + int64(b.span) + int64(24*time.Hour)}
	for _, f := range b.facts {
		c := clone(f)
		moved.fact(c)
		c.Place = place
		c.Flow = f.Flow ^ uint64(u.next) ^ uint64(u.number)<<40
		to = append(to, c)
	}
	return to
}

// homes gives the private addresses of the behaviour and the MAC of each.
func (b *Behaviour) homes() ([]netip.Addr, map[netip.Addr]ident.MAC) {
	macs := make(map[netip.Addr]ident.MAC)
	var list []netip.Addr
	note := func(a netip.Addr, m ident.MAC) {
		if !a.Is4() || !a.IsPrivate() || m.IsGroup() {
			return
		}
		if _, ok := macs[a]; !ok {
			list = append(list, a)
		}
		if !m.IsZero() {
			macs[a] = m
		} else if _, ok := macs[a]; !ok {
			macs[a] = ident.MAC{}
		}
	}
	for _, f := range b.facts {
		note(f.Src, f.SrcMAC)
		note(f.Dst, f.DstMAC)
	}
	slices.SortFunc(list, netip.Addr.Compare)
	return list, macs
}
