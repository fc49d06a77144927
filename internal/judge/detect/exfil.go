package detect

import (
	"fmt"

	"edgeward/internal/event"
	"edgeward/internal/ident"
)

const (
	exfilSpan   = hour
	exfilRatio  = 10 // bytes out for each byte in
	exfilBytes  = 20_000_000
	plainBytes  = 5_000_000 // the same over what backups and cameras do not use
	usualTimes  = 10        // times what the device sent to anybody in an hour before
	newBytes    = 1_000_000
	icmpBytes   = 64_000
	icmpPayload = 200 // bytes a message; ordinary echo requests carry 56 or less
	maxUploads  = 8192
)

// exfiltration finds data that leaves: much more than comes back, more than
// the device is used to send, or to somebody new.
type exfiltration struct {
	e       *Engine
	uploads *table[upload]
	usual   *table[usualUpload]
	met     *table[bool] // destinations that a device had before
}

// upload is what one device sent to one outside host within the span.
type upload struct {
	pin
	start   int64
	out, in uint64
	proto   event.Proto
	port    uint16
	fresh   bool // the destination is new for a device with a habit
}

// usualUpload is the most that a device sent to one host in a span before.
type usualUpload struct{ most uint64 }

func newExfiltration(e *Engine) *exfiltration {
	return &exfiltration{e: e, uploads: newTable[upload](maxUploads), usual: newTable[usualUpload](maxHosts), met: newTable[bool](4 * maxUploads)}
}

func (x *exfiltration) kinds() []event.Kind { return []event.Kind{event.KindFlow} }

func (x *exfiltration) close() {}

func (x *exfiltration) fact(s *sight) {
	f := s.Body.(*event.Flow)
	if !s.src.home || s.dst.home || s.group || f.Midstream && f.DataToClient > f.DataToServer {
		return
	}
	pair := mix(hostKey(s.Place, s.Src), addrKey(s.Dst))
	habit := x.e.hosts.habit(s.Place, s.src.key)
	met := x.met.make(pair)
	fresh := habit && !*met
	*met = true
	if f.DataToServer < 1000 || s.Transport == protoUDP && f.PktsToClient == 0 {
		return // what nobody acknowledges is no transfer
	}
	u := x.uploads.make(pair)
	if u.start == 0 || !near(u.start, s.when, exfilSpan) {
		if u.out > 0 {
			m := x.usual.make(hostKey(s.Place, s.Src))
			m.most = max(m.most, u.out)
		}
		*u = upload{pin: u.pin, start: s.when, fresh: fresh}
	}
	u.out += f.DataToServer
	u.in += f.DataToClient
	if f.AppProto != event.ProtoUnknown {
		u.proto = f.AppProto
	}
	u.port = s.DstPort
	x.judge(s, f, u, habit)
}

func (x *exfiltration) judge(s *sight, f *event.Flow, u *upload, habit bool) {
	if (s.Transport == protoICMP || s.Transport == protoICMPv6) && u.out >= icmpBytes && f.PktsToServer >= 20 && f.DataToServer/f.PktsToServer >= icmpPayload {
		x.report(s, u, "exfiltration.volume", ident.Medium, 0.75, "in ICMP messages, where no data belong")
		return
	}
	if s.Transport != protoTCP && s.Transport != protoUDP {
		return
	}
	if u.fresh && u.out >= newBytes && u.out >= 2*u.in {
		x.report(s, u, "exfiltration.new-destination", ident.Medium, 0.6, "to which it never sent anything before")
	}
	if u.out < exfilRatio*u.in {
		return
	}
	most := uint64(0)
	if m := x.usual.get(hostKey(s.Place, s.Src)); m != nil {
		most = m.most
	}
	unnamed := !x.e.names.known(s.Place, s.Dst)
	switch {
	case habit && u.out >= plainBytes && u.out >= usualTimes*max(most, 1):
		x.report(s, u, "exfiltration.volume", ident.Medium, 0.7, fmt.Sprintf("%d times what it ever sent in an hour before", u.out/max(most, 1)))
	case s.Transport == protoTCP && u.out >= plainBytes && unprotected(u.proto) && unnamed:
		x.report(s, u, "exfiltration.volume", ident.Medium, 0.6, "to an address that nobody looked up, in a protocol that is unknown or has no protection")
	case u.out >= exfilBytes && !habit:
		x.report(s, u, "exfiltration.volume", ident.Info, 0.3, "while it is not yet known what is usual for it")
	}
}

// unprotected reports whether data in the protocol are neither encrypted nor
// known to be what devices send by nature.
func unprotected(p event.Proto) bool {
	switch p {
	case event.ProtoUnknown, event.ProtoFTP, event.ProtoFTPData, event.ProtoTFTP, event.ProtoDNS, event.ProtoIRC, event.ProtoTelnet, event.ProtoSMB:
		return true
	}
	return false
}

func (x *exfiltration) report(s *sight, u *upload, check string, sev ident.Severity, conf float64, why string) {
	rec := x.e.reportAt(check, s, &s.src, by(&s.dst))
	if rec.isNew() {
		u.keep()
		rec.rate(sev, conf)
		rec.first = min(rec.first, u.start)
		to, on := x.e.named(s.Place, s.Dst), u.port
		proto := ""
		if u.proto != event.ProtoUnknown {
			proto = " by " + u.proto.String()
		}
		rec.tell = func() string {
			return fmt.Sprintf("%s sent %s to %s port %d%s and got %s back, within %s, %s.", rec.address, volume(u.out), to, on, proto, volume(u.in), span(rec.last-rec.first), why)
		}
	}
	rec.grade(sev, conf)
	rec.peer(&s.dst)
	rec.show(x.e, s, "connection by which data went out")
	rec.add(&x.e.ledger, s.when, 1)
}
