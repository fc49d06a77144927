package detect

import (
	"fmt"
	"strings"

	"edgeward/internal/event"
	"edgeward/internal/ident"
)

// This file has the exposures that come from single services.

// remote notes a service for remote control on one of our devices.
func (x *exposure) remote(s *sight, service, security string) {
	if !s.dst.home && s.src.home {
		return
	}
	rec := x.note("exposure.remote-access", s, &s.dst, &s.src, named(service), func() string { return service + " connection" }, func(*record) string {
		how := ""
		if security != "" {
			how = " (security: " + clip(security, 40) + ")"
		}
		return fmt.Sprintf("%s offers %s%s on port %d and %s connected to it.", s.Dst, service, how, s.DstPort, s.Src)
	})
	if strings.EqualFold(security, "none") || !s.src.home {
		rec.grade(ident.Medium, 0.9)
	}
}

// snmp notes agents that answer to a community that everybody knows.
func (x *exposure) snmp(s *sight, b *event.SNMP) {
	if !b.Community.Default || b.Version > 2 {
		return
	}
	agent, manager := &s.dst, &s.src
	if s.SrcPort == 161 && s.DstPort != 161 || strings.Contains(b.PDUType, "trap") {
		agent, manager = manager, agent
	}
	if !agent.home && manager.home {
		agent, manager = manager, agent
	}
	answered := strings.Contains(b.PDUType, "response") || b.SysDescr != "" || b.SysName != ""
	rec := x.note("exposure.snmp-default-community", s, agent, manager, onPort("version", uint16(b.Version)), func() string { return "SNMP with a default community" }, func(*record) string {
		return fmt.Sprintf("%s and %s speak SNMP version %d with a default community.", manager, agent, b.Version)
	})
	if answered {
		rec.grade(ident.Medium, 0.95)
	} else if rec != nil && rec.n == 1 {
		rec.confidence = 0.7
	}
	if b.PDUType == "set-request" || b.PDUType == "set" {
		rec.grade(ident.High, 0.95)
	}
}

// opcua notes sessions on channels without security. Asking for endpoints
// over such a channel is how every session begins, and no exposure.
func (x *exposure) opcua(s *sight, b *event.OPCUA) {
	if b.SecurityPolicy != "" && strings.HasSuffix(b.SecurityPolicy, "None") || strings.EqualFold(b.SecurityMode, "none") {
		x.open.make(s.Flow ^ uint64(s.Capture)<<48)
	}
	switch b.Service {
	case "", "GetEndpoints", "FindServers", "FindServersOnNetwork", "OpenSecureChannel", "CloseSecureChannel", "CreateSession", "CloseSession":
		return
	}
	st := x.open.get(s.Flow ^ uint64(s.Capture)<<48)
	if st == nil || b.Encrypted || st.reported {
		return
	}
	st.reported = true
	about, other := s.server()
	x.note("exposure.opcua-no-security", s, about, other, port(s.DstPort), func() string { return "OPC UA " + b.Service + " without security" }, func(*record) string {
		user := ""
		if b.IdentityToken != "" {
			user = ", logged in as " + b.IdentityToken
		}
		return fmt.Sprintf("%s uses OPC UA at %s with security policy None%s.", s.Src, endpoint(s.Dst, s.DstPort), user)
	})
}

// video notes pictures and sound in clear text.
func (x *exposure) video(s *sight, how string) {
	about, other := s.server()
	x.note("exposure.cleartext-video", s, about, other, by(&s.dst), func() string { return how + " stream without encryption" }, func(*record) string {
		return fmt.Sprintf("%s gets video or sound from %s by %s without encryption.", s.Src, endpoint(s.Dst, s.DstPort), how)
	})
}

// firmwareNames are endings and words by which updates are named.
var firmwareNames = []string{".bin", ".img", ".fw", ".swu", ".ota", ".trx", ".rom", ".upd", ".dfu", ".chk", ".hex", ".ipk", ".pkg", ".zip", ".tar.gz", ".tgz"}

// update notes software updates that come in clear text.
func (x *exposure) update(s *sight, b *event.FileInfo) {
	if b.Dir != event.ToClient || !s.src.home || b.Size != 0 && b.Size < 64<<10 {
		return
	}
	switch b.AppProto {
	case event.ProtoHTTP, event.ProtoTFTP, event.ProtoFTP:
	default:
		return
	}
	var buf [256]byte
	name := string(lower(buf[:0], b.Filename[max(0, len(b.Filename)-240):]))
	path, _, _ := strings.Cut(name, "?")
	ending, hint := false, strings.Contains(name, "firmware") || strings.Contains(name, "upgrade") || strings.Contains(name, "/ota") || strings.Contains(name, "update") || strings.Contains(name, "fw_")
	for _, e := range firmwareNames {
		ending = ending || strings.HasSuffix(path, e)
	}
	image := b.Magic == "firmware" || strings.HasPrefix(b.Magic, "elf")
	binary := image || b.Magic == "" || b.Magic == "unknown" || b.Magic == "zip" || b.Magic == "gzip" || b.Magic == "archive" || b.Magic == "pe"
	if !image && (!ending || !hint) || !binary {
		return
	}
	x.note("exposure.unencrypted-update", s, &s.src, &s.dst, by(&s.dst), func() string { return "update fetched in clear text: " + clip(path, 80) }, func(*record) string {
		size := ""
		if b.Size > 0 {
			size = " (" + volume(b.Size) + ")"
		}
		return fmt.Sprintf("%s fetched %s%s from %s by %s.", s.Src, clip(baseName(path), 60), size, x.e.named(s.Place, s.Dst), b.AppProto)
	})
}

// proxy notes proxies that ask nobody who they are.
func (x *exposure) proxy(s *sight, b *event.SOCKS) {
	if !b.Granted || !s.dst.home || b.Auth != "" && !strings.EqualFold(b.Auth, "none") {
		return
	}
	rec := x.note("exposure.open-proxy", s, &s.dst, &s.src, port(s.DstPort), func() string { return "connection passed on" }, func(*record) string {
		return fmt.Sprintf("%s passed a connection of %s on to %s without asking for a login.", endpoint(s.Dst, s.DstPort), s.Src, clip(b.Target, 60))
	})
	if s.src.home && rec != nil && rec.n == 1 {
		rec.severity = ident.Low
	} else if !s.src.home {
		rec.grade(ident.High, 0.9)
	}
}
