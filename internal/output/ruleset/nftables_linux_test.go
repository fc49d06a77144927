package ruleset_test

import (
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"edgeward/internal/event"
	"edgeward/internal/ident"
	"edgeward/internal/judge/profile"
	"edgeward/internal/output/ruleset"
	"edgeward/internal/policy"
)

// trial is one exchange between two hosts of the LAN.
type trial struct {
	name      string
	from      *host
	src, dst  string
	transport uint8
	port      uint16
	source    uint16
	proto     event.Proto
	act       profile.Act
	names     []string // by which the client knows the server
	differs   string   // the limit of the format by which it is let through all the same
}

// TestNftablesVerdicts lets the real nftables and the evaluator judge the same
// exchanges, one after the other: they differ only where the export said so.
func TestNftablesVerdicts(t *testing.T) {
	l := newLAN(t)
	now := time.Now().UTC()
	hour := uint32(now.Hour())
	elsewhen := (hour + 12) % 24
	policies := []*policy.Policy{envelope(t, "profile-camera", policy.Enforce, policy.Profile{
		Name: "camera", Members: []policy.Member{{MACs: []string{deviceMAC}, Addresses: []netip.Addr{addr("192.168.7.11"), addr("fd00:7::11")}}},
		Lines: []policy.Line{
			{ID: "network", Direction: policy.Out, Peer: role(policy.RoleNetwork)},
			{ID: "asked by the network", Direction: policy.In, Peer: role(policy.RoleNetwork)},
			{ID: "resolver", Direction: policy.Out, Peer: role(policy.RoleResolver), Transport: "udp", Ports: ports(53), Protocol: "dns", Verbs: []policy.Verb{{Op: "query", Targets: []string{"cloud.example.com"}}}},
			{ID: "time", Direction: policy.Out, Peer: role(policy.RoleTime), Transport: "udp", Ports: ports(123), Protocol: "ntp"},
			{ID: "cloud", Direction: policy.Out, Peer: named("cloud.example.com"), Transport: "tcp", Ports: ports(443), Protocol: "tls"},
			{ID: "net", Direction: policy.Out, Peer: policy.Peer{Kind: policy.PeerNetwork, Networks: []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")}}, Transport: "tcp", Ports: []policy.Range{{First: 8000, Last: 8010}}},
			{ID: "now", Direction: policy.Out, Peer: policy.Peer{Kind: policy.PeerAny}, Transport: "tcp", Ports: ports(9001), Hours: []policy.Range{{First: hour, Last: hour}, {First: (hour + 1) % 24, Last: (hour + 1) % 24}}},
			{ID: "later", Direction: policy.Out, Peer: policy.Peer{Kind: policy.PeerAny}, Transport: "tcp", Ports: ports(9002), Hours: []policy.Range{{First: elsewhen, Last: elsewhen}}},
			{ID: "few", Direction: policy.Out, Peer: policy.Peer{Kind: policy.PeerAny}, Transport: "udp", Ports: ports(9003), Limits: policy.Limits{PerHour: 2}},
			{ID: "source", Direction: policy.Out, Peer: policy.Peer{Kind: policy.PeerAny}, Transport: "udp", Ports: ports(9004), From: ports(9005)},
			{ID: "proposed", Direction: policy.Out, Peer: policy.Peer{Kind: policy.PeerAny}, Transport: "tcp", Ports: ports(22), Proposed: true},
			{ID: "echo", Direction: policy.Out, Peer: policy.Peer{Kind: policy.PeerLocal}, Transport: "icmp", Verbs: []policy.Verb{{Op: "echo"}}},
			{ID: "six", Direction: policy.Out, Peer: policy.Peer{Kind: policy.PeerNetwork, Networks: []netip.Prefix{netip.MustParsePrefix("fd00:8::/64")}}, Transport: "tcp", Ports: ports(443)},
			{ID: "stream", Direction: policy.In, Peer: policy.Peer{Kind: policy.PeerZone, Value: "office"}, Transport: "tcp", Ports: ports(554), Protocol: "rtsp"},
			{ID: "desk", Direction: policy.In, Peer: policy.Peer{Kind: policy.PeerDevice, Devices: []policy.Member{{MACs: []string{officeMAC}, Addresses: []netip.Addr{addr("192.168.9.20")}}}}, Transport: "tcp", Ports: ports(80)},
			{ID: "other", Direction: policy.In, Peer: policy.Peer{Kind: policy.PeerDevice, Devices: []policy.Member{{Addresses: []netip.Addr{addr("192.168.9.99")}}}}, Transport: "tcp", Ports: ports(81)},
			{ID: "gate", Direction: policy.In, Peer: role(policy.RoleGateway), Transport: "udp", Ports: ports(161)},
		},
	})}
	o := ruleset.Options{
		Gateways: []netip.Addr{addr("192.168.7.1")}, Resolvers: []netip.Addr{addr("192.168.7.1")},
		Zones: map[string][]netip.Prefix{"office": {netip.MustParsePrefix("192.168.9.0/24")}},
		Names: map[string][]netip.Addr{"cloud.example.com": {addr("203.0.113.5")}},
	}
	text, limits := write(t, "nftables", policies, o)
	load(t, l.router, text)
	load(t, l.router, text) // in the place of the former one

	const dev, world = "192.168.7.11", "203.0.113.8"
	cloud := []string{"cloud.example.com"}
	trials := []trial{
		{name: "asks the resolver", from: l.device, src: dev, dst: "192.168.7.1", transport: 17, port: 53, proto: event.ProtoDNS, act: profile.Act{Op: "query", Target: "cloud.example.com"}},
		{name: "asks it for another name", from: l.device, src: dev, dst: "192.168.7.1", transport: 17, port: 53, proto: event.ProtoDNS, act: profile.Act{Op: "query", Target: "bad.example"}, differs: "resolver verbs"},
		{name: "asks another resolver", from: l.device, src: dev, dst: world, transport: 17, port: 53, proto: event.ProtoDNS, act: profile.Act{Op: "query", Target: "cloud.example.com"}},
		{name: "asks for the time", from: l.device, src: dev, dst: world, transport: 17, port: 123, proto: event.ProtoNTP},
		{name: "the cloud", from: l.device, src: dev, dst: "203.0.113.5", transport: 6, port: 443, proto: event.ProtoTLS, names: cloud},
		{name: "the cloud on another port", from: l.device, src: dev, dst: "203.0.113.5", transport: 6, port: 8443, proto: event.ProtoTLS, names: cloud},
		{name: "another service at the cloud's address", from: l.device, src: dev, dst: "203.0.113.5", transport: 6, port: 443, proto: event.ProtoTLS, names: []string{"bad.example"}, differs: "cloud names"},
		{name: "another protocol with the cloud", from: l.device, src: dev, dst: "203.0.113.5", transport: 6, port: 443, proto: event.ProtoSSH, names: cloud, differs: "cloud protocol"},
		{name: "an address that the cloud does not have", from: l.device, src: dev, dst: "203.0.113.7", transport: 6, port: 443, proto: event.ProtoTLS},
		{name: "a network", from: l.device, src: dev, dst: "198.51.100.9", transport: 6, port: 8003},
		{name: "a network, beside its ports", from: l.device, src: dev, dst: "198.51.100.9", transport: 6, port: 8011},
		{name: "a network, by UDP", from: l.device, src: dev, dst: "198.51.100.9", transport: 17, port: 8003},
		{name: "in its hours", from: l.device, src: dev, dst: world, transport: 6, port: 9001},
		{name: "beside its hours", from: l.device, src: dev, dst: world, transport: 6, port: 9002},
		{name: "few, the first", from: l.device, src: dev, dst: world, transport: 17, port: 9003},
		{name: "few, the second", from: l.device, src: dev, dst: world, transport: 17, port: 9003},
		{name: "few, the third", from: l.device, src: dev, dst: world, transport: 17, port: 9003},
		{name: "from its port", from: l.device, src: dev, dst: world, transport: 17, port: 9004, source: 9005},
		{name: "from another port", from: l.device, src: dev, dst: world, transport: 17, port: 9004, source: 9006},
		{name: "only proposed", from: l.device, src: dev, dst: world, transport: 6, port: 22},
		{name: "echo at home", from: l.device, src: dev, dst: "192.168.9.20", transport: 1, act: profile.Act{Op: "echo"}},
		{name: "echo outside", from: l.device, src: dev, dst: world, transport: 1, act: profile.Act{Op: "echo"}},
		{name: "by IPv6", from: l.device, src: "fd00:7::11", dst: "fd00:8::5", transport: 6, port: 443},
		{name: "by IPv6 on another port", from: l.device, src: "fd00:7::11", dst: "fd00:8::5", transport: 6, port: 444},
		{name: "the office asks", from: l.office, src: "192.168.9.20", dst: dev, transport: 6, port: 554, proto: event.ProtoRTSP},
		{name: "the office asks elsewhere", from: l.office, src: "192.168.9.20", dst: dev, transport: 6, port: 555},
		{name: "the world asks", from: l.world, src: "203.0.113.8", dst: dev, transport: 6, port: 554, proto: event.ProtoRTSP},
		{name: "a device asks", from: l.office, src: "192.168.9.20", dst: dev, transport: 6, port: 80},
		{name: "another device asks", from: l.office, src: "192.168.9.20", dst: dev, transport: 6, port: 81},
		{name: "the gateway asks", from: l.router, src: "192.168.7.1", dst: dev, transport: 17, port: 161},
		{name: "the gateway asks elsewhere", from: l.router, src: "192.168.7.1", dst: dev, transport: 17, port: 162},
		{name: "neither has a profile", from: l.office, src: "192.168.9.20", dst: world, transport: 6, port: 23},
	}
	set, err := profile.Compile(policies, profile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	// The verdicts of each host are asked for one after the other, hosts at
	// the same time: what is lost takes its time.
	got := make([]bool, len(trials))
	var wait sync.WaitGroup
	for _, h := range []*host{l.device, l.office, l.world, l.router} {
		wait.Go(func() {
			for i, tr := range trials {
				if tr.from != h {
					continue
				}
				var err error
				if got[i], err = h.reaches(tr.transport, netip.AddrPortFrom(addr(tr.dst), tr.port), tr.source); err != nil {
					t.Errorf("%s: %v", tr.name, err)
				}
			}
		})
	}
	wait.Wait()
	e := profile.NewEvaluator(set)
	allowed := 0
	for i, tr := range trials {
		v := e.Judge(tr.exchange(now))
		if v.Allowed {
			allowed++
		}
		line, what, _ := strings.Cut(tr.differs, " ")
		switch {
		case got[i] == v.Allowed && tr.differs == "":
		case got[i] && !v.Allowed && has(limits, line, what):
		default:
			t.Errorf("%s: nftables lets it through: %v; the evaluator: %v, misses %s; limit expected: %q", tr.name, got[i], v.Allowed, v.Miss, tr.differs)
		}
	}
	if allowed < 10 || len(trials)-allowed < 10 {
		t.Errorf("%d of %d trials are allowed: the table is one-sided", allowed, len(trials))
	}
}

// exchange is the trial as a sensor on the router tells it.
func (tr *trial) exchange(now time.Time) *profile.Exchange {
	side := func(a string) profile.Side {
		s := profile.Side{Addr: addr(a), Host: ident.HostKey(len(a)) + ident.HostKey(a[len(a)-1])<<8, Home: addr(a).IsPrivate()}
		switch a {
		case "192.168.7.11", "fd00:7::11":
			s.MAC, _ = ident.ParseMAC(deviceMAC)
		case "192.168.9.20":
			s.MAC, _ = ident.ParseMAC(officeMAC)
			s.Zone = "office"
		case "192.168.7.1":
			s.Roles = profile.Gateway | profile.Resolver
		}
		return s
	}
	x := &profile.Exchange{Time: now.UnixNano(), Weight: 1, Client: side(tr.src), Server: side(tr.dst), Transport: tr.transport, ServerPort: tr.port, ClientPort: tr.source, Protocol: tr.proto, Act: tr.act, BytesOut: 100, BytesIn: 100}
	x.Server.Names = tr.names
	return x
}

// TestDNSFeedsNftables has the real dnsmasq, with the lines of the one export,
// put what it answers into a set of the other, and a device reach it then.
func TestDNSFeedsNftables(t *testing.T) {
	needRoot(t, "dnsmasq")
	l := newLAN(t)
	policies := []*policy.Policy{envelope(t, "camera", policy.Enforce, policy.Profile{
		Members: []policy.Member{{MACs: []string{deviceMAC}, Addresses: []netip.Addr{addr("192.168.7.11")}}},
		Lines: []policy.Line{
			{Direction: policy.Out, Peer: named("cloud.example.com"), Transport: "tcp", Ports: ports(443)},
			{Direction: policy.Out, Peer: role(policy.RoleResolver), Transport: "udp", Ports: ports(5300)},
		},
	})}
	o := ruleset.Options{Resolvers: []netip.Addr{addr("192.168.7.1")}}
	table, _ := write(t, "nftables", policies, o)
	load(t, l.router, table)
	feed, _ := write(t, "dnsmasq", policies, o)
	path := filepath.Join(t.TempDir(), "dnsmasq.conf")
	if err := os.WriteFile(path, []byte(feed), 0o600); err != nil {
		t.Fatal(err)
	}
	serve(t, l.router, "--port=5301", "--address=/cloud.example.com/203.0.113.7")
	serve(t, l.router, "--port=5300", "--server=127.0.0.1#5301", "--conf-file="+path)
	cloud := netip.MustParseAddrPort("203.0.113.7:443")
	if ok, err := l.device.reaches(6, cloud, 0); ok || err != nil {
		t.Fatalf("the address is reached before anybody asked for the name: %v", err)
	}
	query := append([]byte{0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0}, "\x05cloud\x07example\x03com\x00\x00\x01\x00\x01"...)
	answered := false
	for deadline := time.Now().Add(10 * time.Second); !answered && time.Now().Before(deadline); {
		l.device.do(func() { answered = asks("192.168.7.1:5300", query) })
	}
	if !answered {
		t.Fatal("no answer from dnsmasq")
	}
	if ok, err := l.device.reaches(6, cloud, 0); !ok || err != nil {
		t.Errorf("the address that the name has is not reached: %v; %s", err, l.router.run(t, "nft", "list", "sets", "inet"))
	}
}

// serve runs dnsmasq in a namespace until the test ends.
func serve(t *testing.T, h *host, args ...string) {
	t.Helper()
	cmd := exec.Command("dnsmasq", append([]string{"--keep-in-foreground", "--no-resolv", "--no-hosts", "--user=root", "--pid-file=", "--conf-file=" + os.DevNull}, args...)...)
	var err error
	h.do(func() { err = cmd.Start() })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
}

// asks reports whether a query is answered with an address.
func asks(server string, query []byte) bool {
	c, err := net.Dial("udp", server)
	if err != nil {
		return false
	}
	defer c.Close()
	if _, err := c.Write(query); err != nil {
		return false
	}
	if err := c.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return false
	}
	b := make([]byte, 512)
	n, err := c.Read(b)
	return err == nil && n > 12 && b[7] > 0
}

// TestNftablesModes wants observing and warning to let pass what they count,
// and a class of many devices to be in the table whole.
func TestNftablesModes(t *testing.T) {
	l := newLAN(t)
	class := policy.Profile{Members: []policy.Member{{MACs: []string{deviceMAC}}}}
	for i := range 5000 {
		class.Members = append(class.Members, policy.Member{Addresses: []netip.Addr{netip.AddrFrom4([4]byte{10, 1, byte(i >> 8), byte(i)})}})
	}
	to := netip.MustParseAddrPort("203.0.113.8:23")
	for _, m := range []struct {
		mode    policy.Mode
		through bool
	}{{policy.Observe, true}, {policy.Warn, true}, {policy.Enforce, false}} {
		text, _ := write(t, "nftables", []*policy.Policy{envelope(t, "class", m.mode, class)}, ruleset.Options{})
		load(t, l.router, text)
		if got, err := l.device.reaches(6, to, 0); got != m.through || err != nil {
			t.Errorf("%s: passes %v: %v", m.mode, got, err)
		}
		list := l.router.run(t, "nft", "list", "table", "inet", "edgeward_profiles")
		if n := strings.Count(list, ": jump out_"); n != 5001 {
			t.Errorf("%s: %d of 5001 devices are in the table", m.mode, n)
		}
		if !strings.Contains(list, "counter packets 1 ") {
			t.Errorf("%s: what is off the profile is not counted once", m.mode)
		}
	}
}

// TestHostileTextsInPrograms has the real nft and dnsmasq check what was made
// of them.
func TestHostileTextsInPrograms(t *testing.T) {
	dir := t.TempDir()
	for _, o := range []ruleset.Options{{}, harmfulOptions(), {ByAddress: true, LogGroup: 5}} {
		for _, c := range []struct {
			format string
			args   []string
		}{{"nftables", []string{"nft", "-c", "-f"}}, {"dnsmasq", []string{"dnsmasq", "--test", "-C"}}} {
			t.Run(c.format, func(t *testing.T) {
				needRoot(t, c.args[0])
				h := newHost(t)
				text, _ := write(t, c.format, harmful(t), o)
				path := filepath.Join(dir, c.format)
				if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
				h.run(t, c.args[0], append(c.args[1:], path)...)
			})
		}
	}
}
