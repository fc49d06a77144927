package main

import (
	"fmt"
	"net/netip"
	"time"

	"edgeward/content"
	"edgeward/internal/asset"
	"edgeward/internal/event"
	"edgeward/internal/finding"
	"edgeward/internal/hub"
	"edgeward/internal/ident"
	"edgeward/internal/policy"

	"github.com/goccy/go-yaml"
)

// batch is how many devices or findings one message has.
const batch = 1000

var (
	makers    = []string{"Axis", "Siemens", "Philips", "Rockwell", "Hikvision", "Dräger", "HP", "Cisco", "Schneider", "Baxter"}
	protocols = []string{"tls", "http", "mqtt", "modbus", "dicom", "dns", "snmp", "opcua"}
	ports     = []uint16{443, 80, 1883, 502, 104, 53, 161, 4840}
)

// siteOf gives the site of a device by its number.
func siteOf(i int) *site { return &sites[i%len(sites)] }

func address(i int) netip.Addr {
	n := i / len(sites)
	return netip.AddrFrom4([4]byte{10, byte(10 + i%len(sites)), byte(n / 250), byte(1 + n%250)})
}

func hardware(i int) ident.MAC {
	return ident.MAC{0x00, 0x80, 0xf4, byte(i >> 16), byte(i >> 8), byte(i)}
}

func hostKey(i int) ident.HostKey {
	return event.HostKeyOf(ident.Place{Tenant: tenant}, hardware(i), [16]byte{})
}

// outside gives one of some hundred servers on the Internet.
func outside(i int) netip.Addr {
	return netip.AddrFrom4([4]byte{198, 51, byte(100 + i%8), byte(1 + i%200)})
}

// devices reports all devices; one in a hundred is new since yesterday, one in
// twenty has a type that nobody knows.
func (f *filler) devices(n int) error {
	for at := range sites {
		var list []*asset.Device
		for i := at; i < n; i += len(sites) {
			list = append(list, f.device(i))
			if len(list) == batch || i+len(sites) >= n {
				if err := f.apply(sites[at].sensor, list, nil); err != nil {
					return err
				}
				list = nil
			}
		}
	}
	return nil
}

func (f *filler) device(i int) *asset.Device {
	x := siteOf(i)
	kind := x.types[i/len(sites)%len(x.types)]
	first := f.now - int64(2+f.r.IntN(60))*int64(24*time.Hour)
	if i%100 < len(sites) {
		first = f.now - int64(f.r.IntN(23)+1)*int64(time.Hour)
	}
	d := &asset.Device{
		ID: fmt.Sprint("d", i), Place: ident.Place{Tenant: tenant}, MACs: []ident.MAC{hardware(i)}, Addresses: []netip.Addr{address(i)}, Hosts: []ident.HostKey{hostKey(i)},
		Names: []string{fmt.Sprintf("%s-%04d", kind, i)}, Zone: x.zones[i/len(sites)%len(x.zones)],
		Vendor: asset.Belief{Value: makers[i%len(makers)], Confidence: 0.9, Source: "oui"},
		Model:  asset.Belief{Value: fmt.Sprint("Model ", i%40), Confidence: 0.7, Source: "http"},
		Type:   asset.Belief{Value: kind, Confidence: 0.9, Source: "dhcp"}, Firmware: asset.Belief{Value: fmt.Sprintf("%d.%d", 1+i%4, i%10), Confidence: 0.8, Source: "http"},
		FirstSeen: first, LastSeen: f.now - int64(f.r.IntN(600))*int64(time.Second), Packets: uint64(f.r.IntN(1e6)), Bytes: uint64(f.r.IntN(1e9)), PeerCount: 12,
	}
	if i%20 == 3 {
		d.Type = asset.Belief{}
	}
	for range 8 {
		d.Evidence = append(d.Evidence, asset.Belief{Value: kind, Confidence: 0.6, Source: "dhcp", Evidence: "the vendor class of its DHCP request", Time: d.LastSeen})
	}
	for k := range 4 {
		d.Services = append(d.Services, asset.Service{Transport: "tcp", Port: ports[k], Protocol: protocols[k], First: first, Last: d.LastSeen, Flows: 100, Clients: 3})
	}
	for k := range 12 {
		d.Peers = append(d.Peers, asset.Peer{Address: address(i + (k+1)*len(sites)), Home: true, Protocols: protocols[k%4 : k%4+1], Flows: 10, BytesOut: 1000, BytesIn: 5000, First: first, Last: d.LastSeen})
	}
	return d
}

// findings reports claims of all checks of the catalogue, spread unevenly over
// devices, and an incident for every hundred of them.
func (f *filler) findings(devices, n int) error {
	var checks []finding.Check
	if err := yaml.Unmarshal(content.Checks(), &checks); err != nil {
		return fmt.Errorf("read the checks: %w", err)
	}
	const incident = 100
	for at := range sites {
		var list []*finding.Finding
		for i := at; i < n; i += len(sites) {
			d := (i + len(sites)*f.r.IntN(devices/4)) % devices
			d += at - d%len(sites)
			c := &checks[(i/len(sites)*7919)%len(checks)]
			x := f.finding(fmt.Sprint("f", i), c, d)
			if i%10 < 3 { // part of an incident
				x.Incident = fmt.Sprint("incident-", at, "-", i/(incident*10))
			}
			list = append(list, x)
			if len(list) == batch || i+len(sites) >= n {
				top := f.finding(fmt.Sprint("incident-", at, "-", i/(incident*10)), c, d)
				for _, m := range list {
					if m.Incident == top.ID {
						top.Members = append(top.Members, m.ID)
					}
				}
				if len(top.Members) > 0 {
					list = append(list, top)
				}
				if err := f.apply(sites[at].sensor, nil, list); err != nil {
					return err
				}
				list = nil
			}
		}
	}
	return nil
}

func (f *filler) finding(id string, c *finding.Check, device int) *finding.Finding {
	last := f.now - int64(f.r.IntN(7*24*3600))*int64(time.Second)
	return &finding.Finding{
		ID: id, Check: c.ID, Kind: c.Kind, Severity: c.Severity, Confidence: c.Confidence, Status: finding.Open, Title: c.Title, Explanation: c.Explanation + " Seen at " + address(device).String() + ".",
		Remedy: c.Remedy, Attack: c.Attack, Host: hostKey(device), Place: ident.Place{Tenant: tenant}, Address: address(device).String(), Peers: []string{outside(f.r.IntN(1600)).String()},
		Count: uint64(1 + f.r.IntN(500)), FirstSeen: last - int64(time.Hour), LastSeen: last, Episode: last,
		Evidence: []finding.Evidence{{Type: finding.Packet, Time: last, Packet: 7, Summary: "the request", Bytes: make([]byte, 200)}, {Type: finding.Packet, Time: last, Packet: 9, Summary: "the answer", Bytes: make([]byte, 200)}},
	}
}

// statuses makes three in ten resolved and one in ten acknowledged, and mutes
// one check.
func (f *filler) statuses() error {
	for offset := 0; ; offset += batch {
		list, _, err := f.store.Findings(f.ctx, finding.Filter{Tenant: tenant, Sort: "first_seen", Limit: batch, Offset: offset})
		if err != nil {
			return err
		}
		if len(list) == 0 {
			break
		}
		status := map[string]finding.Status{}
		var ids, devices []string
		for _, r := range list {
			switch n := f.r.IntN(10); {
			case n < 3:
				status[r.ID] = finding.Resolved
			case n < 4:
				status[r.ID] = finding.Acknowledged
			default:
				continue
			}
			ids, devices = append(ids, r.ID), append(devices, r.Device)
		}
		err = f.store.Update(f.ctx, func(tx hub.Tx) error {
			judged, err := tx.Judged(tenant, ids)
			if err != nil {
				return err
			}
			for _, j := range judged {
				j.Status = status[j.ID]
			}
			if err := tx.SaveJudged(judged); err != nil {
				return err
			}
			return hub.Refresh(tx, tenant, devices)
		})
		if err != nil {
			return err
		}
	}
	return f.store.PutPolicy(f.ctx, &policy.Policy{Tenant: tenant, Kind: policy.Mute, Selector: policy.Selector{Checks: []string{"exposure.telnet-service"}}, Origin: policy.FromConsole, Author: "largesite"})
}
