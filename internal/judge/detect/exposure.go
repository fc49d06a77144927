package detect

import (
	"fmt"
	"strings"

	"edgeward/internal/event"
	"edgeward/internal/ident"
)

// exposure finds what is open and need not be: logins and services as they
// are used. The finding is about the server when it is ours, else about our
// client.
type exposure struct {
	e    *Engine
	keys *table[keyOwner]   // who presents which public key
	open *table[opcSession] // OPC UA channels without security, by flow
}

// keyOwner is the first host that presented a key.
type keyOwner struct {
	owner  actor
	device string
}

// opcSession is an OPC UA connection whose channel has no security.
type opcSession struct{ reported bool }

const (
	maxKeys     = 4096
	maxChannels = 1024
)

func newExposure(e *Engine) *exposure {
	return &exposure{e: e, keys: newTable[keyOwner](maxKeys), open: newTable[opcSession](maxChannels)}
}

func (x *exposure) kinds() []event.Kind {
	return []event.Kind{
		event.KindLogin, event.KindMQTT, event.KindCoAP, event.KindTelnet, event.KindTLS, event.KindSSH, event.KindPortmap, event.KindHL7, event.KindDICOM,
		event.KindRDP, event.KindVNC, event.KindSMB, event.KindSNMP, event.KindOPCUA, event.KindRTSP, event.KindHTTP, event.KindFileInfo, event.KindSOCKS,
	}
}

func (x *exposure) close() {}

// server gives the side that an exposure of a service is about.
func (s *sight) server() (about, other *actor) {
	if s.dst.home || !s.src.home {
		return &s.dst, &s.src
	}
	return &s.src, &s.dst
}

// note reports an exposure. Say is called once, when it is new, and summary
// when there is room for the evidence.
func (x *exposure) note(check string, s *sight, about, other *actor, g group, summary func() string, say func(*record) string) *record {
	rec := x.e.reportAt(check, s, about, g)
	if rec == nil {
		return nil
	}
	if rec.isNew() {
		if say != nil {
			said := say(rec)
			rec.tell = func() string { return said }
		}
	}
	rec.peer(other)
	if rec.wants(s) {
		rec.show(x.e, s, summary())
	}
	rec.add(&x.e.ledger, s.when, 1)
	return rec
}

func (x *exposure) fact(s *sight) {
	about, other := s.server()
	switch b := s.Body.(type) {
	case *event.Login:
		x.login(s, b)
	case *event.MQTT:
		if b.Type == "connect" && b.Connack.Sent && b.Connack.Code == 0 && !b.Connect.HasUser && b.Connect.User == "" && b.Connect.AuthMethod == "" {
			x.note("exposure.mqtt-anonymous", s, about, other, port(s.DstPort), func() string { return "CONNECT without credentials, accepted" }, func(*record) string {
				return fmt.Sprintf("The broker at %s accepted the client %q of %s without credentials.", endpoint(s.Dst, s.DstPort), clip(b.Connect.ClientID, 40), s.Src)
			})
		}
	case *event.CoAP:
		x.coap(s, b)
	case *event.Telnet:
		// A banner is told by the server; everything else by the client.
		server, client, on := &s.dst, &s.src, s.DstPort
		if b.Event == "banner" {
			server, client, on = client, server, s.SrcPort
		}
		if server.home || !client.home {
			x.note("exposure.telnet-service", s, server, client, port(on), func() string { return "Telnet session" }, func(*record) string {
				return fmt.Sprintf("%s offers Telnet on port %d and %s used it.", server, on, client)
			})
		}
	case *event.TLS:
		x.tls(s, b)
		x.key(s, b.PublicKey, "TLS certificate")
	case *event.SSH:
		x.key(s, b.ServerHostKey, "SSH host key")
	case *event.Portmap:
		x.portmap(s, b)
	case *event.HL7:
		if b.Patient {
			x.health(s, "HL7", b.Type)
		}
	case *event.DICOM:
		switch b.Command {
		case "C-STORE", "C-FIND", "C-GET", "C-MOVE":
			x.health(s, "DICOM", b.Command)
		}
	case *event.RDP:
		x.remote(s, "RDP", "")
	case *event.VNC:
		x.remote(s, "VNC", b.Security)
	case *event.SMB:
		if b.Version == 1 && b.StatusNum == 0 && b.Command != "" && !strings.Contains(strings.ToLower(b.Command), "negotiate") {
			x.note("exposure.smbv1", s, about, other, by(&s.dst), func() string { return "SMB 1 command " + b.Command }, func(*record) string {
				return fmt.Sprintf("%s and %s use SMB version 1 (%s).", s.Src, s.Dst, strings.TrimSpace(b.Command+" "+b.Dialect))
			})
		}
	case *event.SNMP:
		x.snmp(s, b)
	case *event.OPCUA:
		x.opcua(s, b)
	case *event.RTSP:
		if b.Status == 200 && (b.Method == "PLAY" || b.Method == "SETUP" || b.Method == "DESCRIBE") {
			x.video(s, "RTSP")
		}
	case *event.HTTP:
		if strings.HasPrefix(b.ContentType, "multipart/x-mixed-replace") && s.dst.home {
			x.video(s, "HTTP")
		}
	case *event.FileInfo:
		x.update(s, b)
	case *event.SOCKS:
		x.proxy(s, b)
	}
}

func port(p uint16) group { return onPort("port", p) }

func (x *exposure) login(s *sight, b *event.Login) {
	if !b.Secret.Seen || b.Outcome == "failure" || b.Service == event.ProtoSNMP {
		return
	}
	about, other := s.server()
	who := b.Service.String()
	if b.Clear && b.Secret.Len > 0 {
		user, mechanism := clip(b.User, 40), b.Mechanism
		rec := x.note("exposure.cleartext-credentials", s, about, other, named(who), func() string { return "login in clear text" }, func(*record) string {
			how := ""
			if mechanism != "" {
				how = " (" + mechanism + ")"
			}
			return fmt.Sprintf("%s logged in to %s by %s%s as %q without encryption.", s.Src, endpoint(s.Dst, s.DstPort), who, how, user)
		})
		if b.Outcome == "unknown" && rec != nil && rec.n == 1 {
			rec.confidence = 0.8
		}
	}
	if b.Secret.Default {
		rec := x.note("exposure.default-credential", s, about, other, two(who, b.User), func() string { return "login with a factory default" }, func(*record) string {
			did := "logged in to"
			if b.Outcome != "success" {
				did = "tried, with unknown outcome, to log in to"
			}
			return fmt.Sprintf("%s %s %s by %s as %q with the password that is set at the factory.", s.Src, did, endpoint(s.Dst, s.DstPort), who, clip(b.User, 40))
		})
		if b.Outcome != "success" && rec != nil && rec.n == 1 {
			rec.severity, rec.confidence = ident.Medium, 0.6
		} else {
			rec.grade(ident.High, 0.95)
		}
	}
}

func (x *exposure) coap(s *sight, b *event.CoAP) {
	switch b.Method {
	case "PUT", "POST", "DELETE", "PATCH", "iPATCH", "FETCH":
	default:
		return
	}
	if b.Method == "FETCH" || !b.Answered || !strings.HasPrefix(b.Code, "2.") || b.OSCORE || b.LwM2M == "register" || b.LwM2M == "update" || b.LwM2M == "deregister" || strings.HasPrefix(strings.TrimPrefix(b.Path, "/"), "rd") && b.Method == "POST" {
		return
	}
	about, other := s.server()
	x.note("exposure.coap-unprotected-write", s, about, other, port(s.DstPort), func() string { return b.Method + " " + b.Path + " accepted" }, func(*record) string {
		return fmt.Sprintf("%s let %s change its resource %s (%s, answered %s) without DTLS or OSCORE.", endpoint(s.Dst, s.DstPort), s.Src, clip(b.Path, 60), b.Method, b.Code)
	})
}

func (x *exposure) tls(s *sight, b *event.TLS) {
	if len(b.Weak) == 0 || b.VersionNum == 0 && b.Subject == "" {
		return
	}
	about, other := s.server()
	rec := x.note("exposure.weak-tls", s, about, other, port(s.DstPort), func() string { return "TLS handshake: " + strings.Join(b.Weak, ", ") }, func(*record) string {
		name := ""
		if b.SNI != "" {
			name = " (" + clip(b.SNI, 60) + ")"
		}
		return fmt.Sprintf("The TLS connection from %s to %s%s is weak: %s.", s.Src, endpoint(s.Dst, s.DstPort), name, clip(strings.Join(b.Weak, ", "), 120))
	})
	if about == &s.src && rec != nil && rec.n == 1 {
		rec.severity = ident.Info // the weakness is the other side's
	}
}

// key finds one key on several devices.
func (x *exposure) key(s *sight, key, what string) {
	if key == "" || !s.dst.home {
		return
	}
	o := x.keys.make(mix(textKey(key), uint64(s.Place.Tenant)<<16|uint64(s.Place.Scope)))
	device := x.e.device(s.Place, &s.dst)
	if !o.owner.valid() {
		o.owner, o.device = s.dst, device
		return
	}
	if o.owner.key == s.dst.key || o.owner.addr == s.dst.addr || device != "" && device == o.device || s.DstMAC == o.owner.mac && !s.DstMAC.IsZero() {
		return
	}
	x.note("exposure.shared-key", s, &s.dst, &o.owner, named(key), func() string { return what + " seen on another device" }, func(*record) string {
		return fmt.Sprintf("%s and %s present the same %s.", s.Dst, o.owner.addr, what)
	})
}

func (x *exposure) portmap(s *sight, b *event.Portmap) {
	if b.Result != "" && b.Result != "success" || b.ExternalPort == 0 && b.InternalPort == 0 || b.Lifetime == 0 && b.Protocol != "upnp" {
		return
	}
	about := s.src
	if b.InternalIP.IsValid() && b.InternalIP != s.Src && !b.InternalIP.IsUnspecified() {
		about = actor{addr: b.InternalIP, key: s.src.key, home: true}
	}
	rec := x.note("exposure.upnp-port-mapping", s, &about, &s.dst, port(b.InternalPort), func() string { return "request for a port mapping" }, func(*record) string {
		return fmt.Sprintf("%s asked the gateway %s by %s to pass %s port %d from the internet to port %d of %s.", s.Src, s.Dst, b.Protocol, strings.ToUpper(b.Transport), b.ExternalPort, b.InternalPort, about.addr)
	})
	if b.Result == "" && rec != nil && rec.n == 1 {
		rec.severity, rec.confidence = ident.Low, 0.6 // the answer was not seen
	} else if b.Result == "success" {
		rec.grade(ident.Medium, 0.9)
	}
}

func (x *exposure) health(s *sight, protocol, what string) {
	about, other := s.server()
	x.note("exposure.health-data-cleartext", s, about, other, named(protocol), func() string { return protocol + " " + what + " in clear text" }, func(*record) string {
		return fmt.Sprintf("%s sends patient data to %s by %s without encryption.", s.Src, endpoint(s.Dst, s.DstPort), protocol)
	})
}
