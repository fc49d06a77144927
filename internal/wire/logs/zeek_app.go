package logs

import (
	"bytes"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto/tls"
)

// maxList bounds the elements of a list in a fact.
const maxList = 64

// zeekHTTP makes a request with its answer, and the login that it carried.
func (r *Reader) zeekHTTP(w *row, h *event.Header) {
	f := emit[event.HTTP](r, h)
	f.Host, f.URL, f.Method = r.text(w.get(colHost)), r.text(w.get(colURI)), r.text(w.get(colMethod))
	f.UserAgent, f.Referer = r.text(w.get(colUserAgent)), r.text(w.get(colReferrer))
	f.Port = h.DstPort
	if v := w.get(colVersion); len(v) > 0 {
		f.Protocol = r.text(append([]byte("HTTP/"), v...))
	}
	f.Status, f.Length, f.ReqLength = count16(w.get(colStatus)), count(w.get(colRespLen)), count(w.get(colReqLen))
	w.each(colRespMime, 1, func(v []byte) { f.ContentType = r.text(v) })
	w.each(colOrigMime, 1, func(v []byte) { f.ReqType = r.text(v) })
	f.Server = r.text(w.get(colServerHeader))
	if user := w.get(colUsername); len(user) > 0 {
		f.Authenticate = "basic"
		r.httpLogin(h, user, w.get(colPassword), f.Status)
	}
}

// httpLogin makes the login of a request with credentials.
func (r *Reader) httpLogin(h *event.Header, user, password []byte, status uint16) {
	l := emit[event.Login](r, h)
	l.Service, l.User, l.Mechanism, l.Clear = event.ProtoHTTP, r.text(user), "basic", true
	if len(password) > 0 && !bytes.Equal(password, []byte("<hidden>")) {
		l.Secret = r.seal(event.ProtoHTTP, l.User, password)
	}
	switch {
	case status == 401 || status == 403:
		l.Outcome = "failure"
	case status >= 200 && status < 400:
		l.Outcome = "success"
	default:
		l.Outcome = "unknown"
	}
}

// zeekSSL makes a TLS handshake of a line of ssl.log.
func (r *Reader) zeekSSL(w *row, h *event.Header) {
	f := emit[event.TLS](r, h)
	f.SNI, f.Cipher, f.Alert = r.text(w.get(colServerName)), r.text(w.get(colCipher)), r.text(w.get(colLastAlert))
	r.tlsVersion(f, w.get(colVersion))
	f.ServerALPN = r.text(w.get(colNextProto))
	f.Subject, f.Issuer, f.ClientCert = r.text(w.get(colSubject)), r.text(w.get(colIssuer)), r.text(w.get(colClientSubject))
	f.SelfSigned = f.Subject != "" && f.Subject == f.Issuer
	f.JA3, f.JA3S, f.JA4 = r.text(w.get(colJA3)), r.text(w.get(colJA3S)), r.text(w.get(colJA4))
	f.Resumed, f.Established = truth(w.get(colResumed)), truth(w.get(colEstablished))
	w.each(colCertPrints, 1, func(v []byte) {
		if len(v) == 64 {
			f.Fingerprint = r.text(v)
		}
	})
	if bytes.Contains(w.get(colValidation), []byte("expired")) {
		f.Weak = append(f.Weak, "expired")
	}
}

// tlsVersions are the names that logs have for versions.
var tlsVersions = map[string]uint16{
	"SSLv2": tls.SSL20, "SSLv3": tls.SSL30, "TLSv10": tls.TLS10, "TLSv11": tls.TLS11, "TLSv12": tls.TLS12, "TLSv13": tls.TLS13,
	"DTLSv10": tls.DTLS10, "DTLSv12": tls.DTLS12, "TLSv1": tls.TLS10, "TLS 1.0": tls.TLS10, "TLS 1.1": tls.TLS11, "TLS 1.2": tls.TLS12,
	"TLS 1.3": tls.TLS13, "DTLS 1.0": tls.DTLS10, "DTLS 1.2": tls.DTLS12,
}

// tlsVersion fills in the version that was agreed upon.
func (r *Reader) tlsVersion(f *event.TLS, name []byte) {
	v := tlsVersions[string(name)]
	if v == 0 {
		f.Version = r.text(name)
		return
	}
	f.VersionNum, f.Version = v, tls.VersionName(v)
	switch v {
	case tls.SSL20, tls.SSL30, tls.TLS10, tls.TLS11:
		f.Weak = append(f.Weak, "version")
	case tls.DTLS10:
		f.DTLS = true
		f.Weak = append(f.Weak, "version")
	case tls.DTLS12:
		f.DTLS = true
	}
}

// zeekMQTT makes a fact of a line of the three MQTT logs.
func (r *Reader) zeekMQTT(w *row, k kind, h *event.Header) {
	if k == kindMQTTPublish && w.has(colFromClient) && !truth(w.get(colFromClient)) {
		turn(h)
	}
	f := emit[event.MQTT](r, h)
	f.Version = 4
	switch k {
	case kindMQTTConnect:
		f.Type = "connect"
		c := &f.Connect
		c.Protocol, c.ClientID, c.WillTopic = r.text(w.get(colProtoName)), r.text(w.get(colClientID)), r.text(w.get(colWillTopic))
		f.ClientID, c.Version = c.ClientID, 4
		switch string(w.get(colProtoVersion)) {
		case "3.1":
			c.Version = 3
		case "5.0", "5":
			c.Version = 5
		}
		f.Version = c.Version
		if s := w.get(colConnectStatus); len(s) > 0 {
			f.Connack.Sent, f.Connack.Reason, f.Connack.Code = true, r.text(s), connectCode(s)
		}
		if f.Connack.Code == 4 || f.Connack.Code == 5 {
			l := emit[event.Login](r, h)
			l.Service, l.Mechanism, l.Outcome = event.ProtoMQTT, "plain", "failure"
		}
	case kindMQTTPublish:
		f.Type = "publish"
		if w.has(colFromClient) && !truth(w.get(colFromClient)) {
			f.Dir = event.ToClient
		}
		p := &f.Publish
		p.Topic, p.QoS, p.Retain = r.text(w.get(colTopic)), qosOf(w.get(colQoS)), truth(w.get(colRetain))
		p.Len = max(count32(w.get(colPayloadLen)), uint32(len(w.get(colPayload))))
		p.Head = r.out.String(w.get(colPayload)[:min(len(w.get(colPayload)), 256)])
	default:
		f.Type = "subscribe"
		acked := truth(w.get(colAck))
		if bytes.HasSuffix(w.get(colAction), []byte("UNSUBSCRIBE")) { // of "MQTT::UNSUBSCRIBE"
			f.Type = "unsubscribe"
			f.Unsubscribe.Acked = acked
			w.each(colTopics, maxList, func(v []byte) { f.Unsubscribe.Topics = append(f.Unsubscribe.Topics, r.text(v)) })
			return
		}
		s := &f.Subscribe
		s.Acked = acked
		w.each(colTopics, maxList, func(v []byte) {
			s.Topics = append(s.Topics, event.MQTTTopic{Filter: r.text(v), Granted: count8(w.get(colGranted))})
		})
		i := 0
		w.each(colQoSLevels, len(s.Topics), func(v []byte) { s.Topics[i].QoS = qosOf(v); i++ })
	}
}

// connectCode gives the return code (MQTT 3.1.1 section 3.2.2.3) of Zeek's
// words for it.
func connectCode(status []byte) uint8 {
	s := bytes.ToLower(status)
	for code, words := range [...]string{"accepted", "version", "identifier", "unavailable", "user", "authorized"} {
		if bytes.Contains(s, []byte(words)) {
			return uint8(code)
		}
	}
	return 0
}

// qosOf reads a quality of service as a number or in Zeek's words.
func qosOf(b []byte) uint8 {
	switch string(b) {
	case "1", "at least once":
		return 1
	case "2", "exactly once":
		return 2
	}
	return 0
}

// zeekDHCP makes what the client asked and what the server said of a line of
// dhcp.log, which tells of a whole exchange.
func (r *Reader) zeekDHCP(w *row, h *event.Header) {
	h.Transport = protoUDP
	client, server := addr(w.get(colClientAddr)), addr(w.get(colServerAddr))
	hardware := mac(w.get(colMAC))
	var asked, told string
	w.each(colMsgTypes, maxList, func(v []byte) {
		switch s := string(bytes.ToLower(v)); s {
		case "discover", "request", "decline", "release", "inform":
			asked = s
		case "offer", "ack", "nak":
			told = s
		}
	})
	if !w.has(colMsgTypes) && w.has(colAssignedAddr) { // of Zeek before 2.6
		asked, told = "request", "ack"
	}
	assigned := addr(w.get(colAssignedAddr))
	fill := func(f *event.DHCP) {
		f.ClientIP = client
		if !hardware.IsZero() {
			var text [17]byte
			b, _ := hardware.AppendText(text[:0])
			f.ClientMAC = r.text(b)
		}
	}
	if asked != "" {
		q := *h
		q.Src, q.Dst, q.SrcPort, q.DstPort, q.SrcMAC = client, server, 68, 67, hardware
		f := emit[event.DHCP](r, &q)
		fill(f)
		f.Type, f.MsgType = "request", constant(asked)
		f.Hostname, f.FQDN = r.text(w.get(colHostName)), r.text(w.get(colClientFQDN))
		f.Requested, f.VendorID = addr(w.get(colRequestedAddr)), r.text(w.get(colClientSoftware))
	}
	if told != "" {
		a := *h
		a.Src, a.Dst, a.SrcPort, a.DstPort, a.DstMAC = server, client, 67, 68, hardware
		if !a.Dst.IsValid() {
			a.Dst = assigned
		}
		f := emit[event.DHCP](r, &a)
		fill(f)
		f.Type, f.MsgType, f.AssignedIP, f.ServerID = "reply", constant(told), assigned, server
		f.Domain = r.text(w.get(colDomain))
		if ns, ok := parseSeconds(w.get(colLease)); ok {
			f.Lease = uint32(min(max(ns, 0)/second, 1<<32-1))
		}
	}
}

// constant gives the constant of a DHCP message type, which outlives the line.
func constant(name string) string {
	for _, k := range [...]string{"discover", "offer", "request", "decline", "ack", "nak", "release", "inform"} {
		if k == name {
			return k
		}
	}
	return ""
}

// zeekSSH makes the opening of a connection, and what became of its logins.
func (r *Reader) zeekSSH(w *row, h *event.Header) {
	f := emit[event.SSH](r, h)
	f.ClientProto, f.ClientBanner = r.sshVersion(w.get(colClient))
	f.ServerProto, f.ServerBanner = r.sshVersion(w.get(colServer))
	f.HASSH, f.HASSHServer = r.text(w.get(colHASSH)), r.text(w.get(colHASSHServer))
	f.Attempts = count16(w.get(colAuthAttempts))
	f.Auth = "unknown"
	if v := w.get(colAuthSuccess); len(v) > 0 {
		if f.Auth = "failure"; truth(v) {
			f.Auth = "success"
		}
	}
	if f.Attempts == 0 {
		return
	}
	failed := f.Attempts
	if f.Auth == "success" {
		failed--
	}
	if failed > 0 {
		l := emit[event.Login](r, h)
		l.Service, l.Outcome, l.Count = event.ProtoSSH, f.Auth, uint32(failed)
		if f.Auth == "success" {
			l.Outcome = "failure"
		}
	}
	if f.Auth == "success" {
		l := emit[event.Login](r, h)
		l.Service, l.Outcome = event.ProtoSSH, "success"
	}
}

// sshVersion takes an identification string apart (RFC 4253 section 4.2).
func (r *Reader) sshVersion(b []byte) (proto, software string) {
	rest, ok := bytes.CutPrefix(b, []byte("SSH-"))
	if !ok {
		return "", r.text(b)
	}
	version, name, _ := bytes.Cut(rest, []byte("-"))
	return r.text(version), r.text(name)
}

// zeekSoftware makes an identity of what was found to run on a host.
func (r *Reader) zeekSoftware(w *row, h *event.Header) {
	h.Src = addr(w.get(colHost))
	if !h.Src.IsValid() {
		return
	}
	f := emit[event.Identity](r, h)
	f.Source = "zeek.software"
	if f.Banner = r.text(w.get(colUnparsed)); f.Banner == "" {
		f.Banner = r.text(w.get(colSoftwareName))
	}
}
