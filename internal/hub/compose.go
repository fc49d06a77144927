package hub

import (
	"cmp"
	"net/netip"
	"slices"

	"edgeward/internal/asset"
)

// The bounds of a device's record.
const (
	maxAddresses = 64
	maxNames     = 32
	maxEvidence  = 40
	maxServices  = 128
	maxPeers     = 48
	maxRoles     = 16
)

// bounded gives a copy of what a sensor sent, cut to what is kept.
func bounded(d *asset.Device) *asset.Device {
	c := *d
	c.MACs = clip(c.MACs, maxAddresses)
	c.Addresses = clip(c.Addresses, maxAddresses)
	c.Names = clip(c.Names, maxNames)
	c.Evidence = clip(c.Evidence, maxEvidence)
	c.Roles = clip(c.Roles, maxRoles)
	c.Services = clip(c.Services, maxServices)
	c.Uses = clip(c.Uses, maxServices)
	c.Peers = clip(c.Peers, maxPeers)
	c.Hosts = clip(c.Hosts, maxHosts)
	return &c
}

func clip[T any](list []T, n int) []T { return slices.Clone(list[:min(len(list), n)]) }

// compose sets the record's device to what its views say together, and gives
// the view that sees it best: the one with the most packets.
func compose(r *asset.Record, views []*View) *View {
	if len(views) == 0 {
		return nil
	}
	type share struct {
		v    *View
		sum  *asset.Device
		most uint64
	}
	shares := make([]share, 0, len(views))
	for _, v := range views {
		s := fold(v.Past, v.Now)
		if s == nil {
			continue
		}
		shares = append(shares, share{v, s, s.Packets})
	}
	if len(shares) == 0 {
		return nil
	}
	slices.SortStableFunc(shares, func(a, b share) int { return cmp.Compare(b.most, a.most) })
	id := r.ID
	out := *shares[0].sum
	r.Sensors = r.Sensors[:0]
	for i, s := range shares {
		if i > 0 {
			out = *join(&out, s.sum, false)
		}
		if !slices.Contains(r.Sensors, s.v.Sensor) {
			r.Sensors = append(r.Sensors, s.v.Sensor)
		}
	}
	slices.Sort(r.Sensors)
	out.ID = id
	r.Device = out
	return shares[0].v
}

// fold puts what a sensor believes now on top of what it believed in earlier
// runs. Either may be nil; neither is changed.
func fold(past, now *asset.Device) *asset.Device {
	switch {
	case past == nil && now == nil:
		return nil
	case past == nil:
		return now
	case now == nil:
		return past
	}
	return join(now, past, true)
}

// join puts two accounts of one device together; a's lists come first. Earlier
// says that b is of the time before a, so that its addresses have passed.
func join(a, b *asset.Device, earlier bool) *asset.Device {
	c := *a
	if !earlier {
		c.MACs = union(a.MACs, b.MACs, maxAddresses)
		c.Addresses = union(a.Addresses, b.Addresses, maxAddresses)
		c.Hosts = union(a.Hosts, b.Hosts, 2*maxHosts)
		c.Randomised = a.Randomised || b.Randomised
	} else if len(a.Addresses) == 0 {
		c.Addresses = slices.Clone(b.Addresses)
	}
	c.Names = union(a.Names, b.Names, maxNames)
	c.Roles = union(a.Roles, b.Roles, maxRoles)
	c.Vendor = better(a.Vendor, b.Vendor, false)
	c.Model = better(a.Model, b.Model, false)
	c.Type = better(a.Type, b.Type, false)
	c.Serial = better(a.Serial, b.Serial, false)
	c.OS = better(a.OS, b.OS, true)
	c.Firmware = better(a.Firmware, b.Firmware, true)
	c.Evidence = joinEvidence(a.Evidence, b.Evidence)
	if c.Zone == "" {
		c.Zone = b.Zone
	}
	if c.MUD == "" {
		c.MUD = b.MUD
	}
	c.Services = joinServices(a.Services, b.Services)
	c.Uses = joinServices(a.Uses, b.Uses)
	c.Peers = joinPeers(a.Peers, b.Peers)
	c.PeerCount = max(a.PeerCount, b.PeerCount, len(c.Peers))
	c.FirstSeen, c.LastSeen = min(a.FirstSeen, b.FirstSeen), max(a.LastSeen, b.LastSeen)
	c.Packets += b.Packets
	c.Bytes += b.Bytes
	return &c
}

func union[T comparable](a, b []T, limit int) []T {
	out := slices.Clone(a)
	for _, v := range b {
		if len(out) >= limit {
			break
		}
		if !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	return out
}

// better gives the belief that counts: the surer one, or with changes, for
// what a device can change, the later one unless it is a mere guess.
func better(a, b asset.Belief, changes bool) asset.Belief {
	switch {
	case !a.Known():
		return b
	case !b.Known() || a == b:
		return a
	}
	if changes && a.Value != b.Value {
		late, early := a, b
		if b.Time > a.Time {
			late, early = b, a
		}
		if late.Confidence >= early.Confidence/2 {
			return late
		}
		return early
	}
	if b.Confidence > a.Confidence || b.Confidence == a.Confidence && b.Time > a.Time {
		return b
	}
	return a
}

func joinEvidence(a, b []asset.Belief) []asset.Belief {
	out := slices.Clone(a)
	for _, e := range b {
		i := slices.IndexFunc(out, func(o asset.Belief) bool { return o.Value == e.Value && o.Source == e.Source })
		switch {
		case i < 0:
			out = append(out, e)
		case e.Confidence > out[i].Confidence:
			out[i] = e
		}
	}
	slices.SortStableFunc(out, func(x, y asset.Belief) int { return cmp.Compare(y.Confidence, x.Confidence) })
	return out[:min(len(out), maxEvidence)]
}

func joinServices(a, b []asset.Service) []asset.Service {
	out := slices.Clone(a)
	for _, s := range b {
		i := slices.IndexFunc(out, func(o asset.Service) bool { return o.Port == s.Port && o.Transport == s.Transport })
		if i < 0 {
			out = append(out, s)
			continue
		}
		o := &out[i]
		if o.Protocol == "" {
			o.Protocol = s.Protocol
		}
		if o.Banner == "" {
			o.Banner = s.Banner
		}
		o.First, o.Last = min(o.First, s.First), max(o.Last, s.Last)
		o.Flows += s.Flows
		o.Clients = max(o.Clients, s.Clients)
	}
	if len(out) > maxServices {
		slices.SortStableFunc(out, func(x, y asset.Service) int { return cmp.Compare(y.Flows, x.Flows) })
		out = out[:maxServices]
	}
	slices.SortStableFunc(out, func(x, y asset.Service) int {
		return cmp.Or(cmp.Compare(x.Transport, y.Transport), cmp.Compare(x.Port, y.Port))
	})
	return out
}

func joinPeers(a, b []asset.Peer) []asset.Peer {
	out := slices.Clone(a)
	at := make(map[netip.Addr]int, len(out))
	for i := range out {
		at[out[i].Address] = i
	}
	for _, p := range b {
		i, known := at[p.Address]
		if !known {
			at[p.Address] = len(out)
			out = append(out, p)
			continue
		}
		o := &out[i]
		if o.Name == "" {
			o.Name = p.Name
		}
		o.Protocols = union(o.Protocols, p.Protocols, maxRoles)
		o.Home = o.Home || p.Home
		o.Flows += p.Flows
		o.BytesOut += p.BytesOut
		o.BytesIn += p.BytesIn
		o.First, o.Last = min(o.First, p.First), max(o.Last, p.Last)
	}
	slices.SortStableFunc(out, func(x, y asset.Peer) int {
		return cmp.Or(cmp.Compare(y.BytesIn+y.BytesOut, x.BytesIn+x.BytesOut), x.Address.Compare(y.Address))
	})
	return out[:min(len(out), maxPeers)]
}
