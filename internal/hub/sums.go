package hub

import (
	"cmp"
	"hash/maphash"
	"maps"
	"net/netip"
	"slices"
	"strconv"

	"edgeward/internal/account"
	"edgeward/internal/asset"
	"edgeward/internal/bus"
	"edgeward/internal/event"
)

// The dimensions of roll-ups.
const (
	ByTotal    = "total"
	ByDevice   = "device"
	ByProtocol = "protocol"
	ByKind     = "kind"
	ByPair     = "pair"
	ByVLAN     = "vlan"
)

// OtherKey stands for the keys of an hour that found no room.
const OtherKey = "other"

const hour = int64(3600 * 1e9)

// hourKey names an hour of a sensor.
type hourKey struct {
	tenant uint16
	sensor string
	hour   int64
}

// hourKeys are the keys that an hour has, by hash, in the dimensions whose
// number of keys is bounded.
type hourKeys struct{ devices, pairs, hosts, strangers map[uint64]struct{} }

// hourSums is what an hour gets from the messages at hand.
type hourSums struct {
	total                                      Rollup
	devices, protocols, kinds, pairs, networks map[string]*Rollup
	hosts, strangers                           map[string]*Rollup // see ByHost and ByStranger
	of                                         hourKey
	known                                      *hourKeys
}

var seed = maphash.MakeSeed()

// count adds the facts of a message to the sums of their hours.
func (u *unit) count(m *Message, s *account.Sensor) error {
	b := m.Batch
	var sums *hourSums
	var of int64
	days := int64(0)
	for i := range b.Facts {
		f := &b.Facts[i]
		if h := floorDiv(f.Time, hour); sums == nil || h != of {
			var err error
			if sums, err = u.hour(hourKey{b.Tenant, b.Sensor, h * hour}); err != nil {
				return err
			}
			of = h
		}
		if d := floorDiv(f.Time, day); d != days {
			days = d
			l, err := u.siteLearning(b.Tenant, s.Site)
			if err != nil {
				return err
			}
			learn(l, f.Time, f.Time, u.o.Days)
		}
		if err := u.fact(b, s, f, sums); err != nil {
			return err
		}
	}
	return nil
}

// fact adds one fact. Of a fact whose body cannot be read, or is of a newer
// version, what its envelope says is counted.
func (u *unit) fact(b *bus.Batch, s *account.Sensor, f *bus.Fact, sums *hourSums) error {
	one := Rollup{Facts: 1}
	protocol := f.KindName
	var flow *event.Flow
	if f.Known && f.BodyKind == event.KindFlow {
		if body, err := f.DecodeBody(string(f.Raw)); err == nil {
			flow = body.(*event.Flow)
			one.Flows, one.Packets = 1+uint64(flow.Aggregated), flow.PktsToServer+flow.PktsToClient
			one.BytesOut, one.BytesIn = flow.BytesToServer, flow.BytesToClient
			protocol = flow.AppProto.String()
		}
	} else if event.ProtoByName(protocol) == event.ProtoUnknown {
		protocol = ""
	}
	sums.total.add(&one)
	sums.kinds = add(sums.kinds, f.KindName, &one)
	if protocol != "" {
		sums.protocols = add(sums.protocols, protocol, &one)
	}
	if f.VLAN != 0 {
		sums.networks = add(sums.networks, strconv.Itoa(int(f.VLAN)), &one)
	}
	src := u.resolve(b.Tenant, s.Site, f.SrcHost, f.Time)
	dst := u.resolve(b.Tenant, s.Site, f.DstHost, f.Time)
	turned := one
	turned.BytesOut, turned.BytesIn = one.BytesIn, one.BytesOut
	srcWaits := src == "" && waits(f, f.SrcHost, f.Src)
	dstWaits := dst == "" && waits(f, f.DstHost, f.Dst)
	switch {
	case src != "":
		sums.devices = add(sums.devices, room(src, &sums.known.devices, u.o.Devices), &one)
	case srcWaits:
		if err := u.wait(sums, f.SrcHost, f.Src, &one); err != nil {
			return err
		}
	}
	switch {
	case dst != "" && dst != src:
		sums.devices = add(sums.devices, room(dst, &sums.known.devices, u.o.Devices), &turned)
	case dstWaits && f.DstHost != f.SrcHost:
		if err := u.wait(sums, f.DstHost, f.Dst, &turned); err != nil {
			return err
		}
	}
	if flow != nil && (src != "" || dst != "" || srcWaits || dstWaits) {
		key := PairKey(orAddress(src, f.Src), orAddress(dst, f.Dst), protocol, f.DstPort)
		if src != "" || dst != "" {
			sums.pairs = add(sums.pairs, room(key, &sums.known.pairs, u.o.Pairs), &one)
		} else if key = room(key, &sums.known.strangers, u.o.Pairs); key != OtherKey {
			sums.strangers = add(sums.strangers, key, &one)
		}
	}
	return u.m2m(b, f, src, dst)
}

// PairKey writes the key of a pair: who asked, who answered, the application
// protocol and the port that was asked.
func PairKey(source, target, protocol string, port uint16) string {
	key := make([]byte, 0, len(source)+len(target)+len(protocol)+8)
	key = append(append(key, source...), '|')
	key = append(append(key, target...), '|')
	key = append(append(key, protocol...), '|')
	return string(strconv.AppendUint(key, uint64(port), 10))
}

func orAddress(device string, a netip.Addr) string {
	if device != "" || !a.IsValid() {
		return device
	}
	return a.Unmap().String()
}

// room gives the key, or OtherKey when there is no room for a new one.
func room(key string, known *map[uint64]struct{}, limit int) string {
	h := maphash.String(seed, key)
	if _, ok := (*known)[h]; ok {
		return key
	}
	if len(*known) >= limit {
		return OtherKey
	}
	(*known)[h] = struct{}{}
	return key
}

func (r *Rollup) add(o *Rollup) {
	r.Facts += o.Facts
	r.Flows += o.Flows
	r.Packets += o.Packets
	r.BytesOut += o.BytesOut
	r.BytesIn += o.BytesIn
}

func add(m map[string]*Rollup, key string, o *Rollup) map[string]*Rollup {
	if m == nil {
		m = map[string]*Rollup{}
	}
	r := m[key]
	if r == nil {
		r = &Rollup{}
		m[key] = r
	}
	r.add(o)
	return m
}

// hour gives the sums of an hour with the keys that it has already.
func (u *unit) hour(k hourKey) (*hourSums, error) {
	if s := u.sums[k]; s != nil {
		return s, nil
	}
	known, ok := u.known.hours.get(k)
	if !ok {
		known = &hourKeys{map[uint64]struct{}{}, map[uint64]struct{}{}, map[uint64]struct{}{}, map[uint64]struct{}{}}
		for dimension, set := range map[string]map[uint64]struct{}{ByDevice: known.devices, ByPair: known.pairs, ByHost: known.hosts, ByStranger: known.strangers} {
			err := u.tx.RollupKeys(k.tenant, k.sensor, dimension, k.hour, func(key string) {
				if key != OtherKey {
					set[maphash.String(seed, key)] = struct{}{}
				}
			})
			if err != nil {
				return nil, err
			}
		}
		u.known.hours.put(k, known)
	}
	s := &hourSums{of: k, known: known}
	u.sums[k] = s
	return s, nil
}

func (u *unit) siteLearning(tenant uint16, site string) (*asset.Learning, error) {
	k := deviceID{tenant, site}
	if l := u.sites[k]; l != nil {
		return l, nil
	}
	l, err := u.tx.SiteLearning(tenant, site)
	if err != nil {
		return nil, err
	}
	u.sites[k] = &l
	return &l, nil
}

// sensor brings the sensor's own row up to a message. One that was never
// enrolled, such as a folder of captures, gets a row.
func (u *unit) sensor(m *Message) (*account.Sensor, error) {
	b := m.Batch
	u.now = m.Stored
	s, err := u.sensorOf(b.Tenant, b.Sensor)
	if err != nil {
		return nil, err
	}
	if s == nil {
		s = &account.Sensor{ID: b.Sensor, Tenant: b.Tenant, Name: b.Sensor, Passive: true, Enrolled: m.Stored}
		u.sensors[deviceID{b.Tenant, b.Sensor}] = s
		u.tell(SensorChanged, b.Tenant, s.Site, s.ID, true)
	}
	u.reporting[deviceID{b.Tenant, b.Sensor}] = true
	if b.Boot >= s.Boot {
		s.Boot, s.Seq = b.Boot, b.Seq
	}
	s.Facts += uint64(len(b.Facts))
	s.Last, s.Seen = max(s.Last, b.Last), max(s.Seen, m.Stored)
	if s.Local { // no heartbeat corrects it when the clock went back
		s.Seen = m.Stored
	}
	if st := b.Stats; st != nil && b.Boot == s.Boot {
		u.tell(SensorChanged, b.Tenant, s.Site, s.ID, false)
		s.Loss = make(map[string]uint64, len(st.Counters))
		for name, n := range st.Counters {
			switch name {
			case "packets":
				s.Packets = n
			case "bytes":
				s.Bytes = n
			default:
				if len(s.Loss) < 64 {
					s.Loss[name] = n
				}
			}
		}
		if v := st.Info["version"]; v != "" {
			s.Version = v
		}
	}
	return s, nil
}

func (u *unit) flushSensors() error {
	var list []*account.Sensor
	for k := range u.reporting {
		list = append(list, u.sensors[k])
	}
	slices.SortFunc(list, func(a, b *account.Sensor) int {
		return cmp.Or(cmp.Compare(a.Tenant, b.Tenant), cmp.Compare(a.ID, b.ID))
	})
	if err := u.tx.SaveSensors(list); err != nil {
		return err
	}
	for k, l := range u.sites {
		if err := u.tx.SaveSiteLearning(k.tenant, k.id, *l); err != nil {
			return err
		}
	}
	return nil
}

// flushSums adds what was summed to what is stored.
func (u *unit) flushSums() error {
	var list []Rollup
	for k, s := range u.sums {
		row := func(dimension, key string, r *Rollup) {
			r.Tenant, r.Sensor, r.Hour, r.Dimension, r.Key = k.tenant, k.sensor, k.hour, dimension, key
			list = append(list, *r)
		}
		row(ByTotal, "", &s.total)
		for dimension, m := range map[string]map[string]*Rollup{ByDevice: s.devices, ByProtocol: s.protocols, ByKind: s.kinds, ByPair: s.pairs, ByVLAN: s.networks, ByHost: s.hosts, ByStranger: s.strangers} {
			for key, r := range m {
				row(dimension, key, r)
			}
		}
	}
	slices.SortFunc(list, func(a, b Rollup) int { // in the order of the table's key, which is quicker
		return cmp.Or(cmp.Compare(a.Tenant, b.Tenant), cmp.Compare(a.Dimension, b.Dimension), cmp.Compare(a.Hour, b.Hour), cmp.Compare(a.Key, b.Key), cmp.Compare(a.Sensor, b.Sensor))
	})
	if err := u.tx.AddRollups(list); err != nil {
		return err
	}
	nodes := make([]Node, 0, len(u.nodes))
	for _, k := range slices.SortedFunc(maps.Keys(u.nodes), compareNodeKeys) {
		nodes = append(nodes, *u.nodes[k])
	}
	if err := u.tx.AddNodes(nodes); err != nil {
		return err
	}
	return u.tx.AddMoments(u.moments)
}
