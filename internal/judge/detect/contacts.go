package detect

import (
	"fmt"
	"net/netip"
	"strings"

	"edgeward/internal/event"
	"edgeward/internal/ident"
)

// Indicators is a set of known bad addresses, names, paths and fingerprints;
// judge/intel has one that is loaded from plain lists.
type Indicators interface {
	// Address finds an address, with or without its port.
	Address(a netip.Addr, port uint16) (Indicator, bool)
	// Name finds a host name or one of its parents.
	Name(name string) (Indicator, bool)
	// URL finds a path, or a host with its path.
	URL(host, path string) (Indicator, bool)
	// Fingerprint finds the hash of a TLS client hello or certificate.
	Fingerprint(hash string) (Indicator, bool)
}

// Indicator is an entry of a list.
type Indicator struct {
	Value string // as the list has it
	List  string // name of the list
}

// contacts judges whom devices talk to by name and address: known bad ones,
// resolvers for encrypted DNS, peer-to-peer networks.
type contacts struct {
	e     *Engine
	known Indicators
}

func newContacts(e *Engine, known Indicators) *contacts { return &contacts{e: e, known: known} }

func (c *contacts) kinds() []event.Kind {
	return []event.Kind{event.KindFlow, event.KindDNS, event.KindTLS, event.KindQUIC, event.KindHTTP, event.KindP2P}
}

func (c *contacts) close() {}

func (c *contacts) fact(s *sight) {
	switch b := s.Body.(type) {
	case *event.Flow:
		c.flow(s, b)
	case *event.DNS:
		c.name(s, b.RRName, "asked for the name")
		c.answers(s, b)
	case *event.TLS:
		c.name(s, b.SNI, "opened a TLS connection to")
		c.fingerprint(s, b.JA3)
		c.fingerprint(s, b.JA4)
		c.fingerprint(s, b.Fingerprint)
		if encryptedDNS(b.SNI) || s.DstPort == 853 || sliceHas(b.ALPN, "dot") || c.resolver(s, b.SNI) {
			c.encrypted(s, b.SNI, "TLS")
		}
	case *event.QUIC:
		c.name(s, b.SNI, "opened a QUIC connection to")
		if encryptedDNS(b.SNI) || sliceHas(b.ALPN, "doq") {
			c.encrypted(s, b.SNI, "QUIC")
		}
	case *event.HTTP:
		c.name(s, b.Host, "sent a web request to")
		c.url(s, b)
	case *event.P2P:
		c.peer(s, b.Protocol, b.Detail)
	}
}

func (c *contacts) flow(s *sight, f *event.Flow) {
	switch f.AppProto {
	case event.ProtoBitTorrent, event.ProtoEthereum, event.ProtoBitcoin:
		c.peer(s, f.AppProto.String(), "")
	}
	if c.known == nil || s.group {
		return
	}
	if i, ok := c.known.Address(s.Dst, s.DstPort); ok {
		c.match(s, i, &s.src, &s.dst, "had contact with "+endpoint(s.Dst, s.DstPort), uint64(f.Aggregated)+1)
	} else if i, ok := c.known.Address(s.Src, s.SrcPort); ok && !s.src.home {
		c.match(s, i, &s.dst, &s.src, "was contacted by "+s.Src.String(), uint64(f.Aggregated)+1)
	}
}

func (c *contacts) name(s *sight, name, did string) {
	if c.known == nil || name == "" {
		return
	}
	if i, ok := c.known.Name(name); ok {
		c.match(s, i, &s.src, &s.dst, did+" "+name, 1)
	}
}

func (c *contacts) answers(s *sight, b *event.DNS) {
	if c.known == nil {
		return
	}
	for k := range b.Answers {
		if a := b.Answers[k].Addr; a.IsValid() {
			if i, ok := c.known.Address(a, 0); ok {
				c.match(s, i, &s.src, &actor{addr: a}, "asked for "+b.RRName+", which is at "+a.String(), 1)
			}
		}
	}
}

func (c *contacts) url(s *sight, b *event.HTTP) {
	if c.known == nil || b.URL == "" {
		return
	}
	if i, ok := c.known.URL(b.Host, b.URL); ok {
		c.match(s, i, &s.src, &s.dst, "asked for "+b.Host+redactQuery(b.URL), 1)
	}
}

func (c *contacts) fingerprint(s *sight, hash string) {
	if c.known == nil || hash == "" {
		return
	}
	if i, ok := c.known.Fingerprint(hash); ok {
		c.match(s, i, &s.src, &s.dst, "used TLS with the fingerprint "+hash, 1)
	}
}

// match reports contact with an indicator. The finding is about our side.
func (c *contacts) match(s *sight, i Indicator, about, other *actor, did string, n uint64) {
	if !about.home && other.home {
		about, other = other, about
	}
	rec := c.e.report("c2.intel-match", s, about, i.Value)
	if rec.isNew() {
		if s.Kind() == event.KindFlow && !s.src.home {
			rec.rate(ident.Low, 0.5) // that a bad host knocks says little about the device
		}
		list := i.List
		value := clip(i.Value, 100)
		did = strings.Clone(did)
		rec.tell = func() string {
			return fmt.Sprintf("%s %s; the list %s names %s.", rec.address, clip(did, 160), list, value)
		}
	}
	rec.peer(other)
	if rec.wants(s) {
		rec.show(c.e, s, did)
	}
	rec.add(&c.e.ledger, s.when, n)
}

// encryptedDNS reports whether a server's name says that it resolves names.
func encryptedDNS(name string) bool {
	if name == "" {
		return false
	}
	first, rest, _ := strings.Cut(name, ".")
	switch first {
	case "dns", "doh", "dot", "dns1", "dns2", "dns9", "dns10", "dns11", "dns64", "one", "resolver", "family", "security", "adblock", "anycast", "unfiltered":
		for _, w := range []string{"dns", "doh", "quad9", "google", "cloudflare", "opendns", "adguard", "nextdns", "mullvad", "cleanbrowsing", "alidns", "doh.pub", "switch.ch"} {
			if strings.Contains(rest, w) {
				return first != "one" || rest == "one.one.one"
			}
		}
		return name == "one.one.one.one" || first == "doh" || first == "dot"
	}
	for _, w := range []string{"cloudflare-dns", "chrome.cloudflare-dns", "dns-family", "doh-", "-doh.", "adguard-dns", "nextdns", "dns.nextdns", "controld", "blahdns", "dnsforge", "libredns"} {
		if strings.Contains(name, w) {
			return true
		}
	}
	return strings.HasPrefix(first, "doh") || strings.HasPrefix(rest, "dns.") && len(rest) < 20
}

// publicResolvers are addresses whose only purpose is to resolve names; TLS
// to one of them without any server name is DNS over HTTPS or TLS.
var publicResolvers = func() map[netip.Addr]bool {
	m := map[netip.Addr]bool{}
	for _, a := range []string{
		"1.1.1.1", "1.0.0.1", "1.1.1.2", "1.0.0.2", "1.1.1.3", "1.0.0.3", "8.8.8.8", "8.8.4.4", "9.9.9.9", "149.112.112.112", "9.9.9.10", "9.9.9.11",
		"208.67.222.222", "208.67.220.220", "94.140.14.14", "94.140.15.15", "185.228.168.9", "76.76.2.0", "76.76.10.0", "223.5.5.5", "119.29.29.29",
		"2606:4700:4700::1111", "2606:4700:4700::1001", "2001:4860:4860::8888", "2001:4860:4860::8844", "2620:fe::fe", "2620:fe::9",
	} {
		m[netip.MustParseAddr(a)] = true
	}
	return m
}()

func (c *contacts) resolver(s *sight, sni string) bool { return sni == "" && publicResolvers[s.Dst] }

func (c *contacts) encrypted(s *sight, name, how string) {
	if !s.src.home || s.dst.home && s.DstPort != 853 {
		return
	}
	rec := c.e.report("c2.encrypted-dns", s, &s.src, registered(name))
	if rec.isNew() {
		to := c.e.named(s.Place, s.Dst)
		rec.tell = func() string {
			return fmt.Sprintf("%s resolves names over %s at %s, %s.", rec.address, how, to, count(rec.n, "connection"))
		}
	}
	rec.peer(&s.dst)
	if rec.wants(s) {
		rec.show(c.e, s, "TLS handshake with "+name)
	}
	rec.add(&c.e.ledger, s.when, 1)
}

// peer reports that a device takes part in a peer-to-peer network.
func (c *contacts) peer(s *sight, protocol, detail string) {
	about, other := s.culprit()
	rec := c.e.report("c2.peer-to-peer", s, about, strings.SplitN(protocol, "-", 2)[0])
	if rec.isNew() {
		if singlePurpose(c.e.host(s.Place, about).Type) {
			rec.rate(ident.High, 0.85)
		}
		p := strings.Clone(protocol)
		rec.tell = func() string {
			return fmt.Sprintf("%s takes part in the %s network with %s.", rec.address, p, count(max(rec.peerSet.count(), 1), "peer"))
		}
	}
	rec.peer(other)
	if rec.wants(s) {
		rec.show(c.e, s, protocol+" "+detail)
	}
	rec.add(&c.e.ledger, s.when, 1)
}

// singlePurpose reports whether devices of the type run no programs of the
// user's choice.
func singlePurpose(deviceType string) bool {
	switch deviceType {
	case "", "unknown", "computer", "server", "phone", "tablet", "nas", "router", "gateway", "tv", "streamer", "historian", "hmi":
		return false
	}
	return true
}

func sliceHas(list []string, word string) bool {
	for _, v := range list {
		if v == word {
			return true
		}
	}
	return false
}
