package inventory

import (
	"hash/maphash"
	"strconv"
	"strings"

	"edgeward/internal/event"
	"edgeward/internal/ident"
	"edgeward/internal/judge/fingerprint"
)

// observe takes what a fact tells of the hosts on its two sides.
func (v *Inventory) observe(f *event.Fact, from, to *side) {
	switch b := f.Body.(type) {
	case *event.Flow:
		v.flow(f, b, from, to)
		return
	case *event.Rate, *event.Anomaly:
		return
	case *event.ARP:
		v.arp(f, b)
		return
	}
	src := v.hostAt(from, f.Time)
	if src != nil {
		src.active = true
		if !f.SrcMAC.IsZero() {
			src.mac = f.SrcMAC
		}
		if f.VLAN != 0 {
			src.vlan = f.VLAN
		}
	}
	switch b := f.Body.(type) {
	case *event.Identity:
		v.identity(src, f, b)
	case *event.DHCP:
		v.dhcp(f, b)
	case *event.DHCPv6:
		v.show(src, "dhcpv6.vendor", b.VendorID, f)
		v.show(src, "dhcpv6.enterprise", enterprise(b.Enterprise), f)
		if src != nil {
			src.name(b.FQDN)
			src.setMUD(b.MUD)
		}
	case *event.DNS:
		v.dns(src, to, f, b)
	case *event.MDNS:
		v.mdns(src, f, b)
	case *event.LLMNR:
		if b.Type == "response" && src != nil {
			src.name(b.RRName)
		}
	case *event.NBNS:
		v.nbns(src, f, b)
	case *event.SSDP:
		v.ssdp(src, f, b)
	case *event.LLDP:
		v.lldp(src, f, b)
	case *event.CDP:
		v.show(src, "cdp.platform", b.Platform, f)
		v.show(src, "cdp.version", b.Version, f)
		if src != nil {
			src.name(b.DeviceID)
		}
	case *event.HTTP:
		v.http(src, to, f, b)
	case *event.TLS:
		v.tls(src, to, f, b)
	case *event.QUIC:
		v.show(src, "tls.sni", b.SNI, f)
		v.names.learn(f.Dst, b.SNI)
	case *event.SSH:
		v.show(src, "ssh.client", b.ClientBanner, f)
		v.show(v.server(to, f.Time), "ssh.server", b.ServerBanner, f)
	case *event.Telnet:
		v.show(v.server(to, f.Time), "telnet.banner", b.Banner, f)
	case *event.FTP:
		if b.Command == "" {
			v.show(v.server(to, f.Time), "ftp.banner", b.Reply, f)
		}
	case *event.RTSP:
		v.show(v.server(to, f.Time), "rtsp.server", b.Server, f)
		v.show(src, "http.user_agent", b.UserAgent, f)
	case *event.SIP:
		v.show(src, "sip.user_agent", b.UserAgent, f)
		v.show(v.server(to, f.Time), "sip.server", b.Server, f)
	case *event.SNMP:
		s := v.server(to, f.Time)
		v.show(s, "snmp.sysdescr", b.SysDescr, f)
		v.show(s, "snmp.sysobjid", b.SysObject, f)
		if s != nil {
			s.name(b.SysName)
		}
	case *event.MQTT:
		v.show(src, "mqtt.client_id", b.Connect.ClientID, f)
		if s := v.server(to, f.Time); s != nil && b.Connack.Sent {
			s.roles |= roleBroker
		}
	case *event.CoAP:
		v.show(src, "lwm2m.endpoint", b.Endpoint, f)
	case *event.NTP:
		if s := v.server(to, f.Time); s != nil && b.RespLen > 0 {
			s.roles |= roleTime
		}
	case *event.SMB:
		v.show(v.server(to, f.Time), "smb.native_os", b.NativeOS, f)
		v.show(v.server(to, f.Time), "smb.native_lm", b.NativeLM, f)
		if src != nil {
			src.name(b.Host)
		}
	case *event.ICMP:
		if b.V6 && b.Type == 134 && src != nil && b.Lifetime > 0 {
			src.roles |= roleGateway
		}
	}
}

// server gives the host on the answering side.
func (v *Inventory) server(to *side, now int64) *host {
	h := v.hostAt(to, now)
	if h != nil {
		h.active = true
	}
	return h
}

func (v *Inventory) flow(f *event.Fact, b *event.Flow, from, to *side) {
	answered := b.PktsToServer > 0 && b.PktsToClient > 0
	service := b.AppProto != event.ProtoFTPData // whose ports are good for one file
	accepted := b.PktsToClient > 0 && b.ConnState != "REJ" && (f.Transport != 6 || b.TCPFlagsTC&2 != 0 || b.DataToClient > 0)
	if b.PktsToServer > 0 {
		if h := v.hostAt(from, f.Time); h != nil {
			h.packets += b.PktsToServer
			h.bytes += b.BytesToServer + b.BytesToClient
			h.first = min(h.first, b.Start)
			h.active = h.active || answered || f.Dst.IsMulticast() || b.AppProto != event.ProtoUnknown
			if !f.SrcMAC.IsZero() {
				h.mac = f.SrcMAC
			}
			if f.VLAN != 0 {
				h.vlan = f.VLAN
			}
			if answered {
				if service {
					h.use(f.Transport, f.DstPort, b.AppProto, f.Time)
				}
				h.meet(f.Dst, v.isHome(to), b.AppProto, b.BytesToServer, b.BytesToClient, f.Time)
			}
			if b.SYNOptions != "" {
				v.showSYN(h, b, f)
			}
		}
	}
	if b.PktsToClient > 0 {
		if h := v.hostAt(to, f.Time); h != nil {
			h.packets += b.PktsToClient
			h.bytes += b.BytesToServer + b.BytesToClient
			h.active = true
			if !f.DstMAC.IsZero() && !f.DstMAC.IsGroup() {
				h.mac = f.DstMAC
			}
			if service && accepted && answered && (f.Transport == 6 || f.Transport == 17) {
				h.offer(f.Transport, f.DstPort, b.AppProto, f.Src, f.Time)
			}
			h.meet(f.Src, v.isHome(from), b.AppProto, b.BytesToClient, b.BytesToServer, f.Time)
		}
	}
}

// showSYN shows the shape of a SYN: initial hop limit, window, segment size,
// scale and options, in the manner of p0f.
func (v *Inventory) showSYN(h *host, b *event.Flow, f *event.Fact) {
	ttl := int64(255)
	for _, t := range [...]int64{32, 64, 128} {
		if int64(b.TTLToServer) <= t {
			ttl = t
			break
		}
	}
	text := strconv.AppendInt(v.text[:0], ttl, 10)
	for _, n := range [...]int64{int64(b.SYNWindow), int64(b.SYNMSS), int64(b.SYNScale) - 1} {
		text = strconv.AppendInt(append(text, ':'), n, 10)
	}
	text = append(append(text, ':'), b.SYNOptions...)
	v.text = text
	if !h.showed(maphash.Bytes(v.seed, text)) {
		v.show(h, "tcp.syn", string(text), f)
	}
}

func (v *Inventory) arp(f *event.Fact, b *event.ARP) {
	mac, err := ident.ParseMAC(b.SenderMAC)
	if err != nil {
		return
	}
	if h := v.hostOf(f.Place, b.SenderIP, mac, f.Time); h != nil {
		h.active, h.mac = true, mac
		h.packets++
		if f.VLAN != 0 {
			h.vlan = f.VLAN
		}
	}
}

// identity takes what a device says of itself.
func (v *Inventory) identity(h *host, f *event.Fact, b *event.Identity) {
	if h == nil {
		return
	}
	const said = 0.9
	v.state(h, fingerprint.Vendor, b.Vendor, said, b.Source, f)
	v.state(h, fingerprint.Model, b.Model, said, b.Source, f)
	v.state(h, fingerprint.Firmware, b.Firmware, said, b.Source, f)
	v.state(h, fingerprint.OS, b.OS, said, b.Source, f)
	v.state(h, fingerprint.Serial, b.Serial, said, b.Source, f)
	if b.Type != "" && (v.opt.Types == nil || v.opt.Types(b.Type)) {
		v.state(h, fingerprint.Type, b.Type, said, b.Source, f)
	}
	v.show(h, "identity.model", b.Model, f)
	v.show(h, "identity.vendor", b.Vendor, f)
	v.show(h, "identity.name", b.Name, f)
	v.show(h, "identity.banner", b.Banner, f)
	v.show(h, b.Source, b.Banner, f)
	h.name(b.Name)
	h.setMUD(b.MUD)
}

func (h *host) setMUD(url string) {
	if url != "" && h.mud == "" && len(url) < 512 {
		h.mud = strings.Clone(url)
	}
}

func (v *Inventory) dhcp(f *event.Fact, b *event.DHCP) {
	if b.Type == "reply" {
		if s := v.hostOf(f.Place, f.Src, f.SrcMAC, f.Time); s != nil && (b.MsgType == "offer" || b.MsgType == "ack") {
			s.roles |= roleDHCP
		}
		for _, r := range b.Routers {
			v.role(f, r, roleGateway)
		}
		for _, r := range b.DNS {
			v.role(f, r, roleResolver)
		}
		return
	}
	mac, err := ident.ParseMAC(b.ClientMAC)
	if err != nil {
		return
	}
	a := b.ClientIP
	h := v.hostOf(f.Place, a, mac, f.Time)
	if h == nil {
		return
	}
	h.active, h.mac = true, mac
	h.packets++
	h.name(b.Hostname)
	h.name(b.FQDN)
	h.setMUD(b.MUD)
	v.show(h, "dhcp.hostname", b.Hostname, f)
	v.show(h, "dhcp.vendor", b.VendorID, f)
	v.show(h, "dhcp.params", b.ParamList, f)
	v.show(h, "dhcp.fqdn", b.FQDN, f)
}

// role marks the home host with that address.
func (v *Inventory) role(f *event.Fact, addr string, r roleSet) {
	a, err := parseAddr(addr)
	if err != nil {
		return
	}
	if h := v.hosts[idOf(f.Place, a, ident.MAC{})]; h != nil {
		h.roles |= r
	}
}

func (v *Inventory) dns(src *host, to *side, f *event.Fact, b *event.DNS) {
	if b.Answered && !b.Unasked {
		if s := v.hostAt(to, f.Time); s != nil {
			s.roles |= roleResolver
		}
	}
	for i := range b.Answers {
		if b.Answers[i].Addr.IsValid() {
			v.names.learn(b.Answers[i].Addr, b.RRName)
		}
	}
	v.show(src, "dns.query", b.RRName, f)
}

func (v *Inventory) mdns(src *host, f *event.Fact, b *event.MDNS) {
	if b.Type != "response" {
		return
	}
	for i := range b.Answers {
		a := &b.Answers[i]
		switch a.Type {
		case "A", "AAAA":
			if a.Addr == f.Src && src != nil {
				src.name(strings.TrimSuffix(a.Name, ".local"))
				v.show(src, "mdns.host", strings.TrimSuffix(a.Name, ".local"), f)
			}
		case "PTR", "SRV", "TXT":
			v.show(src, "mdns.service", a.Name, f)
			if a.Type == "PTR" {
				v.show(src, "mdns.instance", a.Data, f)
			}
		}
	}
	for _, t := range b.TXT {
		if _, kv, ok := strings.Cut(t, ": "); ok {
			v.show(src, "mdns.txt", kv, f)
		}
	}
}

func (v *Inventory) nbns(src *host, f *event.Fact, b *event.NBNS) {
	if src == nil {
		return
	}
	if b.Op == "registration" || b.Op == "refresh" {
		if b.Suffix == 0 || b.Suffix == 0x20 {
			src.name(b.Name)
		}
		v.show(src, "nbns.name", b.Name, f)
	}
}

func (v *Inventory) ssdp(src *host, f *event.Fact, b *event.SSDP) {
	h := src
	switch b.Method {
	case "M-SEARCH":
		v.show(src, "ssdp.search", b.Target, f)
		v.show(src, "http.user_agent", b.UserAgent, f)
		return
	case "response":
		if f.Dst.IsMulticast() {
			break
		}
	}
	v.show(h, "ssdp.server", b.Server, f)
	v.show(h, "ssdp.target", b.Target, f)
	v.show(h, "ssdp.usn", b.USN, f)
	v.show(h, "ssdp.extra", b.Extra, f)
	v.show(h, "ssdp.location", b.Location, f)
}

func (v *Inventory) lldp(src *host, f *event.Fact, b *event.LLDP) {
	if src == nil {
		return
	}
	src.name(b.SystemName)
	src.setMUD(b.MUD)
	v.show(src, "lldp.description", b.SystemDesc, f)
	v.state(src, fingerprint.Vendor, b.Vendor, 0.9, "lldp", f)
	v.state(src, fingerprint.Model, b.Model, 0.9, "lldp", f)
	v.state(src, fingerprint.Firmware, b.Firmware, 0.9, "lldp", f)
	v.show(src, "lldp.capabilities", strings.Join(b.Capabilities, ","), f)
}

func (v *Inventory) http(src *host, to *side, f *event.Fact, b *event.HTTP) {
	v.show(src, "http.user_agent", b.UserAgent, f)
	if b.Host != "" && !v.isHome(to) {
		v.show(src, "http.host", b.Host, f)
		v.show(src, "http.path", b.URL, f)
		v.names.learn(f.Dst, b.Host)
	}
	if s := v.hostAt(to, f.Time); s != nil && b.Status != 0 {
		v.show(s, "http.server", b.Server, f)
		v.show(s, "http.realm", b.Realm, f)
		v.show(s, "http.title", b.Title, f)
		v.show(s, "http.powered_by", b.PoweredBy, f)
	}
}

func (v *Inventory) tls(src *host, to *side, f *event.Fact, b *event.TLS) {
	v.show(src, "tls.sni", b.SNI, f)
	v.show(src, "tls.ja3", b.JA3, f)
	v.show(src, "tls.ja4", b.JA4, f)
	if b.SNI != "" {
		v.names.learn(f.Dst, b.SNI)
	}
	if s := v.hostAt(to, f.Time); s != nil && b.Subject != "" {
		v.show(s, "tls.subject", b.Subject, f)
		v.show(s, "tls.issuer", b.Issuer, f)
	}
}

func enterprise(n uint32) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatUint(uint64(n), 10)
}
