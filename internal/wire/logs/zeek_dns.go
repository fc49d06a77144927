package logs

import (
	"bytes"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto/dns"
)

// maxAnswers bounds the answers of one fact.
const maxAnswers = 64

// zeekDNS makes the fact of a transaction; Zeek logs multicast DNS, LLMNR and
// NetBIOS names in the same file.
func (r *Reader) zeekDNS(w *row, h *event.Header) {
	if dnsOf(h) == event.ProtoDNS && h.SrcPort == 53 && h.DstPort != 53 {
		turn(h)
	}
	name := w.get(colQuery)
	typ := r.zeekType(w)
	answered := len(w.get(colAnswers)) > 0 || w.has(colRCode) || w.has(colRCodeName)
	switch dnsOf(h) {
	case event.ProtoMDNS:
		f := emit[event.MDNS](r, h)
		f.Type = "request"
		if len(name) > 0 {
			f.Queries = append(f.Queries, r.text(name))
		}
		if f.Answers = r.zeekAnswers(w, f.Answers, typ); len(f.Answers) > 0 {
			f.Type = "response"
		}
	case event.ProtoLLMNR:
		f := emit[event.LLMNR](r, h)
		f.Type, f.RRName, f.RRType = "request", r.text(name), typ
		if f.Answers = r.zeekAnswers(w, f.Answers, typ); len(f.Answers) > 0 {
			f.Type = "response"
		}
	case event.ProtoNBNS:
		f := emit[event.NBNS](r, h)
		f.Op, f.Name, f.RCode = "query", r.text(name), count8(w.get(colRCode))
	default:
		f := emit[event.DNS](r, h)
		f.Type, f.ID = "request", count16(w.get(colTransID))
		f.RRName, f.RRType, f.QType, f.QClass = r.text(name), typ, count16(w.get(colQType)), count16(w.get(colQClass))
		f.AA, f.TC, f.RD, f.RA = truth(w.get(colAA)), truth(w.get(colTC)), truth(w.get(colRD)), truth(w.get(colRA))
		f.TCP = h.Transport == protoTCP
		f.QuestionsN = 1
		if answered {
			f.Type, f.Answered = "response", true
			if f.RCodeNum = rcodeOf(w.get(colRCodeName)); w.has(colRCode) {
				f.RCodeNum = count8(w.get(colRCode))
			}
			f.RCode = dns.RCodeString(f.RCodeNum)
			f.Answers = r.zeekAnswers(w, f.Answers, typ)
		}
		if ns, ok := parseSeconds(w.get(colRTT)); ok && ns > 0 {
			f.RTT = uint32(min(ns/1000, 1<<32-1))
		}
	}
}

// dnsOf tells by the port which protocol with DNS messages it is.
func dnsOf(h *event.Header) event.Proto {
	for _, p := range [...]uint16{h.DstPort, h.SrcPort} {
		switch p {
		case 5353:
			return event.ProtoMDNS
		case 5355:
			return event.ProtoLLMNR
		case 137:
			return event.ProtoNBNS
		}
	}
	return event.ProtoDNS
}

// turn makes the other side the one that asked.
func turn(h *event.Header) {
	h.Src, h.Dst, h.SrcPort, h.DstPort = h.Dst, h.Src, h.DstPort, h.SrcPort
	h.SrcMAC, h.DstMAC = h.DstMAC, h.SrcMAC
}

func (r *Reader) zeekType(w *row) string {
	if v, ok := parseUint(w.get(colQType)); ok && v < 65536 {
		return dns.TypeString(uint16(v))
	}
	return r.text(w.get(colQTypeName))
}

// zeekAnswers reads answers, which come without names and types.
func (r *Reader) zeekAnswers(w *row, dst []event.DNSAnswer, asked string) []event.DNSAnswer {
	name := r.text(w.get(colQuery))
	w.each(colAnswers, maxAnswers, func(v []byte) {
		a := event.DNSAnswer{Name: name, Type: asked, Data: r.text(v)}
		if ip, ok := parseAddr(v); ok {
			a.Addr, a.Type = ip, "AAAA"
			if ip.Is4() {
				a.Type = "A"
			}
		} else if bytes.HasPrefix(v, []byte("TXT ")) {
			a.Type = "TXT"
		} else if asked == "A" || asked == "AAAA" {
			a.Type = "CNAME"
		}
		dst = append(dst, a)
	})
	i := 0
	w.each(colTTLs, len(dst), func(v []byte) {
		if ns, ok := parseSeconds(v); ok {
			dst[i].TTL = uint32(min(max(ns, 0)/second, 1<<32-1))
		}
		i++
	})
	return dst
}

// rcodeOf reads the mnemonic of a response code.
func rcodeOf(name []byte) uint8 {
	for c := range uint8(16) {
		if dns.RCodeString(c) == string(name) {
			return c
		}
	}
	return 0
}
