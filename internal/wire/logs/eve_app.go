package logs

import (
	"bytes"
	"net/netip"

	"edgeward/internal/event"
)

// eveHTTP makes a request with its answer.
func (r *Reader) eveHTTP(body int32, h *event.Header) {
	d := &r.doc
	f := emit[event.HTTP](r, h)
	f.Host, f.URL, f.UserAgent = r.text(d.scalar(body, "hostname")), r.text(d.scalar(body, "url")), r.text(d.scalar(body, "http_user_agent"))
	f.ContentType, f.Referer = r.text(d.scalar(body, "http_content_type")), r.text(d.scalar(body, "http_refer"))
	f.Method, f.Protocol = r.text(d.scalar(body, "http_method")), r.text(d.scalar(body, "protocol"))
	f.Status, f.Length, f.Redirect = count16(d.scalar(body, "status")), count(d.scalar(body, "length")), r.text(d.scalar(body, "redirect"))
	f.XForwarded, f.Server = r.text(d.scalar(body, "xff")), r.text(d.scalar(body, "server"))
	if f.Port = count16(d.scalar(body, "http_port")); f.Port == 0 {
		f.Port = h.DstPort
	}
	f.ReqLength = count(d.scalar(body, "request_length"))
}

// eveTLS makes a TLS handshake.
func (r *Reader) eveTLS(body int32, h *event.Header) {
	d := &r.doc
	f := emit[event.TLS](r, h)
	f.SNI, f.Subject, f.Issuer = r.text(d.scalar(body, "sni")), r.text(d.scalar(body, "subject")), r.text(d.scalar(body, "issuerdn"))
	f.Serial = r.text(d.scalar(body, "serial"))
	r.tlsVersion(f, d.scalar(body, "version"))
	f.SelfSigned = f.Subject != "" && f.Subject == f.Issuer
	if v := d.scalar(body, "fingerprint"); len(v) == 64 {
		f.Fingerprint = r.text(v)
	}
	f.NotBefore, _ = parseTime(d.scalar(body, "notbefore"))
	f.NotAfter, _ = parseTime(d.scalar(body, "notafter"))
	if f.NotAfter != 0 && f.NotAfter < h.Time {
		f.Weak = append(f.Weak, "expired")
	}
	f.JA3, f.JA3S, f.JA4 = r.text(r.print(body, "ja3")), r.text(r.print(body, "ja3s")), r.text(d.scalar(body, "ja4"))
	f.Resumed, f.Cipher = truth(d.scalar(body, "session_resumed")), r.text(d.scalar(body, "cipher"))
	f.Established = !f.Resumed && f.Subject != ""
	f.ALPN = r.texts(d.find(body, "client_alpns"), f.ALPN)
	f.SANs = r.texts(d.find(body, "subjectaltname"), f.SANs)
	f.ServerALPN = r.text(d.scalar(body, "server_alpn"))
	if c := d.find(body, "client"); c >= 0 {
		f.ClientCert = r.text(d.scalar(c, "subject"))
	}
}

// print gives a fingerprint, which stands alone or as hash in an object.
func (r *Reader) print(body int32, name string) []byte {
	if v := r.doc.scalar(body, name); v != nil {
		return v
	}
	return r.doc.scalar(r.doc.find(body, name), "hash")
}

// texts copies the elements of a list.
func (r *Reader) texts(list int32, dst []string) []string {
	r.doc.each(list, func(n int32) {
		if v := r.doc.text1(n); len(v) > 0 && len(dst) < maxList {
			dst = append(dst, r.text(v))
		}
	})
	return dst
}

// eveMQTT makes the fact of a message with its answers.
func (r *Reader) eveMQTT(body int32, h *event.Header) error {
	d := &r.doc
	what := ""
	for _, t := range [...]string{"connect", "publish", "subscribe", "unsubscribe", "disconnect", "connack", "auth"} {
		if d.find(body, t) >= 0 {
			what = t
			break
		}
	}
	if what == "" {
		return errSkip // acknowledgements and pings
	}
	part := d.find(body, what)
	f := emit[event.MQTT](r, h)
	f.Type, f.ClientID = what, r.text(d.scalar(body, "client_id"))
	if h.SrcPort == 1883 || h.SrcPort == 8883 {
		f.Dir = event.ToClient
	}
	switch what {
	case "connect":
		r.eveConnect(body, part, h, f)
	case "connack":
		f.Dir = event.ToClient
		r.eveConnack(part, f)
	case "publish":
		p := &f.Publish
		p.Topic, p.QoS, p.Retain, p.Dup = r.text(d.scalar(part, "topic")), count8(d.scalar(part, "qos")), truth(d.scalar(part, "retain")), truth(d.scalar(part, "dup"))
		p.MessageID = count16(d.scalar(part, "message_id"))
		message := d.scalar(part, "message")
		p.Head = r.out.String(message[:min(len(message), 256)])
		p.Len = max(count32(d.scalar(part, "message_len")), uint32(len(message)))
	case "subscribe":
		f.Subscribe.MessageID, f.Subscribe.Acked = count16(d.scalar(part, "message_id")), d.find(body, "suback") >= 0
		d.each(d.find(part, "topics"), func(n int32) {
			if len(f.Subscribe.Topics) < maxList {
				f.Subscribe.Topics = append(f.Subscribe.Topics, event.MQTTTopic{
					Filter: r.text(d.scalar(n, "topic")), QoS: count8(d.scalar(n, "qos")), Granted: count8(d.scalar(n, "reason_code")),
				})
			}
		})
		i := 0
		d.each(d.find(d.find(body, "suback"), "qos_granted"), func(n int32) {
			if i < len(f.Subscribe.Topics) {
				f.Subscribe.Topics[i].Granted = count8(d.text1(n))
			}
			i++
		})
	case "unsubscribe":
		f.Unsubscribe.MessageID, f.Unsubscribe.Acked = count16(d.scalar(part, "message_id")), d.find(body, "unsuback") >= 0
		f.Unsubscribe.Topics = r.texts(d.find(part, "topics"), f.Unsubscribe.Topics)
	case "disconnect":
		f.Disconnect.Seen, f.Disconnect.Code = true, count8(d.scalar(part, "reason_code"))
	case "auth":
		f.Auth.Code = count8(d.scalar(part, "reason_code"))
	}
	return nil
}

func (r *Reader) eveConnack(part int32, f *event.MQTT) {
	d := &r.doc
	f.Connack.Sent, f.Connack.Session, f.Connack.Code = true, truth(d.scalar(part, "session_present")), count8(d.scalar(part, "return_code"))
	f.Connack.Reason = r.text(d.scalar(part, "reason"))
}

// eveConnect makes the opening of a session and its login.
func (r *Reader) eveConnect(body, part int32, h *event.Header, f *event.MQTT) {
	d := &r.doc
	c := &f.Connect
	c.Protocol, c.Version = r.text(d.scalar(part, "protocol_string")), count8(d.scalar(part, "protocol_version"))
	c.ClientID, c.User = r.text(d.scalar(part, "client_id")), r.text(d.scalar(part, "username"))
	c.Clean = truth(d.scalar(part, "clean_session"))
	flags := d.find(part, "flags")
	c.Clean = c.Clean || truth(d.scalar(flags, "clean_session"))
	c.HasUser = c.User != "" || truth(d.scalar(flags, "username"))
	c.KeepAlive = count16(d.scalar(part, "keep_alive"))
	password := d.scalar(part, "password")
	if c.HasPass = len(password) > 0 || truth(d.scalar(flags, "password")); len(password) > 0 && !masked(password) {
		c.Password = r.seal(event.ProtoMQTT, c.User, password)
	}
	if c.WillTopic = r.text(d.scalar(part, "will_topic")); c.WillTopic == "" {
		c.WillTopic = r.text(d.scalar(d.find(part, "will"), "topic"))
	}
	f.Version = c.Version
	if f.ClientID == "" {
		f.ClientID = c.ClientID
	}
	outcome := "unknown"
	if ack := d.find(body, "connack"); ack >= 0 {
		r.eveConnack(ack, f)
		if outcome = "success"; f.Connack.Code != 0 {
			outcome = "failure"
		}
	}
	if c.HasUser || c.HasPass {
		l := emit[event.Login](r, h)
		l.Service, l.User, l.Secret, l.Outcome = event.ProtoMQTT, c.User, c.Password, outcome
		l.Mechanism, l.Clear = "plain", c.HasPass
	}
}

// masked reports whether a value is the mask that this program writes in
// place of secrets.
func masked(b []byte) bool { return bytes.HasPrefix(b, []byte("(masked, ")) }

// eveDHCP makes one DHCP message.
func (r *Reader) eveDHCP(body int32, h *event.Header) {
	d := &r.doc
	f := emit[event.DHCP](r, h)
	if f.Type = "request"; string(d.scalar(body, "type")) == "reply" {
		f.Type = "reply"
	}
	f.MsgType, f.ID = r.text(bytes.ToLower(d.scalar(body, "dhcp_type"))), count32(d.scalar(body, "id"))
	f.ClientMAC = r.text(d.scalar(body, "client_mac"))
	for _, a := range []struct {
		to   *netip.Addr
		name string
	}{
		{&f.ClientIP, "client_ip"}, {&f.AssignedIP, "assigned_ip"}, {&f.Requested, "requested_ip"}, {&f.NextServer, "next_server_ip"},
		{&f.ServerID, "server_id"}, {&f.Relay, "relay_ip"}, {&f.Subnet, "subnet_mask"},
	} {
		if v, ok := parseAddr(d.scalar(body, a.name)); ok && !v.IsUnspecified() {
			*a.to = v
		}
	}
	f.Routers, f.DNS = r.texts(d.find(body, "routers"), f.Routers), r.texts(d.find(body, "dns_servers"), f.DNS)
	f.Hostname, f.Lease = r.text(d.scalar(body, "hostname")), count32(d.scalar(body, "lease_time"))
	f.VendorID, f.FQDN, f.Domain = r.text(d.scalar(body, "vendor_class_identifier")), r.text(d.scalar(body, "fqdn")), r.text(d.scalar(body, "domain"))
	f.ParamList, f.MUD = r.text(d.scalar(body, "params_fingerprint")), r.text(d.scalar(body, "mud_url"))
}

// eveSSH makes the opening of an SSH connection.
func (r *Reader) eveSSH(body int32, h *event.Header) {
	d := &r.doc
	f := emit[event.SSH](r, h)
	c, s := d.find(body, "client"), d.find(body, "server")
	f.ClientProto, f.ClientBanner = r.text(d.scalar(c, "proto_version")), r.text(d.scalar(c, "software_version"))
	f.ServerProto, f.ServerBanner = r.text(d.scalar(s, "proto_version")), r.text(d.scalar(s, "software_version"))
	f.HASSH, f.HASSHServer = r.text(r.print(c, "hassh")), r.text(r.print(s, "hassh"))
	if c < 0 && s < 0 { // as this program writes it
		f.ClientBanner, f.ServerBanner = r.text(d.scalar(body, "client_software")), r.text(d.scalar(body, "server_software"))
		f.ClientProto, f.ServerProto = r.text(d.scalar(body, "client_proto_version")), r.text(d.scalar(body, "server_proto_version"))
		f.HASSH, f.HASSHServer = r.text(d.scalar(body, "hassh")), r.text(d.scalar(body, "hassh_server"))
		f.Auth, f.Attempts = r.text(d.scalar(body, "auth")), count16(d.scalar(body, "auth_attempts"))
	}
}
