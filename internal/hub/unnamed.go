package hub

import (
	"cmp"
	"fmt"
	"hash/maphash"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"edgeward/internal/bus"
	"edgeward/internal/event"
	"edgeward/internal/ident"
)

// A sensor tells of a device some time after its first packets. What is summed
// before is kept by host and address, and becomes the device's when the host
// gets its device.

// The dimensions of what waits for a device: traffic by host, and pairs of
// which neither side is a device yet. They are no answers to anybody.
const (
	ByHost     = "host"
	ByStranger = "stranger"
)

// tenantHost names a host of any realm.
type tenantHost struct {
	tenant uint16
	host   ident.HostKey
}

// unnamed is an hour in which a sensor saw a host, under an address, before
// anybody knew its device.
type unnamed struct {
	hour    hourKey
	address string
}

// waits reports whether a side of a fact may become a device yet. A public
// address that is reached over a router is hardly ever one: what comes before
// a sensor tells of it stays under its address.
func waits(f *bus.Fact, h ident.HostKey, a netip.Addr) bool {
	a = a.Unmap()
	if h == 0 || !a.IsValid() || a.IsUnspecified() || a.IsMulticast() || a == broadcast {
		return false
	}
	return a.IsPrivate() || h != event.HostKeyOf(f.Place, ident.MAC{}, a.As16())
}

var broadcast = netip.AddrFrom4([4]byte{255, 255, 255, 255})

// wait keeps what a fact adds to a host without a device.
func (u *unit) wait(sums *hourSums, h ident.HostKey, a netip.Addr, one *Rollup) error {
	index, err := u.unnamedOf(sums.of.tenant)
	if err != nil {
		return err
	}
	address := a.Unmap().String()
	key := room(hostRow(h, address), &sums.known.hosts, u.o.Devices)
	if key == OtherKey {
		return nil
	}
	sums.hosts = add(sums.hosts, key, one)
	put(index, tenantHost{sums.of.tenant, h}, unnamed{sums.of, address})
	return nil
}

func put(index map[tenantHost]map[unnamed]struct{}, h tenantHost, x unnamed) {
	if index[h] == nil {
		index[h] = map[unnamed]struct{}{}
	}
	index[h][x] = struct{}{}
}

func hostRow(h ident.HostKey, address string) string {
	return fmt.Sprintf("%016x|%s", uint64(h), address)
}

// unnamedOf gives what waits in a tenant.
func (u *unit) unnamedOf(tenant uint16) (map[tenantHost]map[unnamed]struct{}, error) {
	if index := u.known.unnamed[tenant]; index != nil {
		return index, nil
	}
	index := map[tenantHost]map[unnamed]struct{}{}
	err := u.tx.RollupHours(tenant, ByHost, func(sensor string, hour int64, key string) {
		host, address, _ := strings.Cut(key, "|")
		if n, err := strconv.ParseUint(host, 16, 64); err == nil {
			put(index, tenantHost{tenant, ident.HostKey(n)}, unnamed{hourKey{tenant, sensor, hour}, address})
		}
	})
	if err != nil {
		return nil, err
	}
	u.known.unnamed[tenant] = index
	return index, nil
}

// name gives what waited for hosts to the devices that they have got.
func (u *unit) name() error {
	for _, h := range u.named {
		index, err := u.unnamedOf(h.Tenant)
		if err != nil {
			return err
		}
		k := tenantHost{h.Tenant, h.Host}
		for _, x := range slices.SortedFunc(maps.Keys(index[k]), compareUnnamed) {
			s, err := u.sensorOf(h.Tenant, x.hour.sensor)
			if err != nil {
				return err
			}
			if s == nil || h.Realm != "" && s.Site != h.Realm {
				continue
			}
			device := heldBy(u.list(hostRef{h.Tenant, h.Realm, h.Host}), x.hour.hour)
			if device == "" {
				continue
			}
			if err := u.rename(x, hostRow(h.Host, x.address), device); err != nil {
				return err
			}
			delete(index[k], x)
		}
		if len(index[k]) == 0 {
			delete(index, k)
		}
	}
	u.named = u.named[:0]
	return nil
}

func compareUnnamed(a, b unnamed) int {
	return cmp.Or(cmp.Compare(a.hour.hour, b.hour.hour), cmp.Compare(a.hour.sensor, b.hour.sensor), cmp.Compare(a.address, b.address))
}

// rename makes an hour's sums of a host and its address those of a device.
func (u *unit) rename(x unnamed, row, device string) error {
	sums, err := u.hour(x.hour)
	if err != nil {
		return err
	}
	one, err := u.take(x.hour, ByHost, sums.hosts, row)
	if err != nil {
		return err
	}
	delete(sums.known.hosts, maphash.String(seed, row))
	if one != (Rollup{}) {
		sums.devices = add(sums.devices, room(device, &sums.known.devices, u.o.Devices), &one)
	}
	for _, d := range []struct {
		name  string
		rows  map[string]*Rollup
		known map[uint64]struct{}
	}{{ByPair, sums.pairs, sums.known.pairs}, {ByStranger, sums.strangers, sums.known.strangers}} {
		keys := map[string]bool{}
		note := func(key string) {
			if from, rest, _ := strings.Cut(key, "|"); from == x.address || strings.HasPrefix(rest, x.address+"|") {
				keys[key] = true
			}
		}
		if err := u.tx.RollupKeys(x.hour.tenant, x.hour.sensor, d.name, x.hour.hour, note); err != nil {
			return err
		}
		for key := range d.rows {
			note(key)
		}
		for _, key := range slices.Sorted(maps.Keys(keys)) {
			one, err := u.take(x.hour, d.name, d.rows, key)
			if err != nil {
				return err
			}
			delete(d.known, maphash.String(seed, key))
			parts := strings.SplitN(key, "|", 3)
			for i := range min(len(parts), 2) {
				if parts[i] == x.address {
					parts[i] = device
				}
			}
			sums.pairs = add(sums.pairs, room(strings.Join(parts, "|"), &sums.known.pairs, u.o.Pairs), &one)
		}
	}
	return nil
}

// take removes a row of sums, of what is stored and of what is to be, and
// gives it.
func (u *unit) take(k hourKey, dimension string, rows map[string]*Rollup, key string) (Rollup, error) {
	one, err := u.tx.TakeRollup(k.tenant, k.sensor, dimension, k.hour, key)
	if r := rows[key]; r != nil {
		one.add(r)
		delete(rows, key)
	}
	return one, err
}
