package main

import (
	"encoding/binary"
	"strings"
)

// dhcp is a DISCOVER with a host name and a vendor class (RFC 2131, RFC 2132).
func dhcp(h host, name, vendor string) []byte {
	b := make([]byte, 236)
	b[0], b[1], b[2] = 1, 1, 6
	binary.BigEndian.PutUint32(b[4:], 0x66060000|uint32(h.mac))
	copy(b[28:], h.ether())
	b = append(b, 0x63, 0x82, 0x53, 0x63, 53, 1, 3)
	ip := h.ip()
	b = append(append(b, 50, 4), ip[:]...)
	b = append(append(b, 12, byte(len(name))), name...)
	b = append(append(b, 60, byte(len(vendor))), vendor...)
	b = append(b, 55, 3, 1, 3, 6)
	return append(b, 255)
}

// labels gives names as labels; a label holds what it is given, dots and all.
func labels(names ...string) []byte {
	var b []byte
	for _, n := range names {
		n = n[:min(len(n), 63)]
		b = append(append(b, byte(len(n))), n...)
	}
	return append(b, 0)
}

// question asks for an address (RFC 1035, section 4.1).
func question(names ...string) []byte {
	b := []byte{0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0}
	return append(append(b, labels(names...)...), 0, 1, 0, 1)
}

// announcement says by mDNS which service a host has and what it is called
// (RFC 6762, RFC 6763).
func announcement(service, name string, h host) []byte {
	b := []byte{0, 0, 0x84, 0, 0, 0, 0, 3, 0, 0, 0, 0}
	record := func(owner []byte, kind byte, data []byte) {
		b = append(append(b, owner...), 0, kind, 0, 1, 0, 0, 0, 120)
		b = append(append(b, be16(len(data))...), data...)
	}
	instance := labels(service, "_http", "_tcp", "local")
	record(labels("_http", "_tcp", "local"), 12, instance)
	text := "model=" + svg
	record(instance, 16, append([]byte{byte(len(text))}, text...))
	ip := h.ip()
	record(labels(name, "local"), 1, ip[:])
	return b
}

// notify is a UPnP announcement.
func notify(server, usn string) []byte {
	return []byte(strings.Join([]string{
		"NOTIFY * HTTP/1.1", "HOST: 239.255.255.250:1900", "CACHE-CONTROL: max-age=1800",
		"LOCATION: http://10.66.6.10/" + svg, "NT: upnp:rootdevice", "NTS: ssdp:alive",
		"SERVER: " + server, "USN: uuid:" + usn, "", ""}, "\r\n"))
}

// hello is a TLS client hello with a server name (RFC 8446, RFC 6066).
func hello(name string) []byte {
	sni := append(append(append(be16(len(name)+3), 0), be16(len(name))...), name...)
	ext := append(append([]byte{0, 0}, be16(len(sni))...), sni...)
	body := append([]byte{3, 3}, make([]byte, 32)...)
	body = append(body, 0, 0, 4, 0x13, 0x01, 0xc0, 0x2f, 1, 0)
	body = append(append(body, be16(len(ext))...), ext...)
	shake := append([]byte{1, 0}, be16(len(body))...)
	shake = append(shake, body...)
	return append(append([]byte{22, 3, 1}, be16(len(shake))...), shake...)
}

// mqtt puts a fixed header before a body (MQTT 3.1.1, section 2.2).
func mqtt(first byte, body []byte) []byte {
	b, n := []byte{first}, len(body)
	for {
		d := byte(n % 128)
		if n /= 128; n > 0 {
			b = append(b, d|0x80)
			continue
		}
		return append(append(b, d), body...)
	}
}

func text(s string) []byte { return append(be16(len(s)), s...) }

func connect(client, user, will string) []byte {
	b := append(text("MQTT"), 4, 0x80|0x04|0x02, 0, 60)
	b = append(b, text(client)...)
	b = append(b, text(will)...)
	b = append(b, text(client)...)
	return mqtt(0x10, append(b, text(user)...))
}

func subscribe(id int, filter string) []byte {
	return mqtt(0x82, append(append(be16(id), text(filter)...), 0))
}

func publish(topic, payload string, retain bool) []byte {
	first := byte(0x30)
	if retain {
		first |= 1
	}
	return mqtt(first, append(text(topic), payload...))
}

// resource is a CoAP request with one path segment (RFC 7252, section 3).
func resource(first, code byte, id uint16, path string) []byte {
	b := []byte{first, code, byte(id >> 8), byte(id)}
	if n := len(path); n >= 13 {
		b = append(b, 0xbd, byte(n-13))
	} else {
		b = append(b, 0xb0|byte(n))
	}
	return append(b, path...)
}

// associate is the DICOM association's request (1) or acceptance (2), with
// verification as its only context (PS3.8, section 9.3).
func associate(kind byte, called, calling string) []byte {
	item := func(kind byte, body []byte) []byte {
		return append(append([]byte{kind, 0}, be16(len(body))...), body...)
	}
	b := append([]byte{0, 1, 0, 0}, called[:16]...)
	b = append(append(b, calling[:16]...), make([]byte, 32)...)
	b = append(b, item(0x10, []byte("1.2.840.10008.3.1.1.1"))...)
	syntax := item(0x40, []byte("1.2.840.10008.1.2"))
	if kind == 1 {
		b = append(b, item(0x20, append(append([]byte{1, 0, 0, 0}, item(0x30, []byte("1.2.840.10008.1.1"))...), syntax...))...)
	} else {
		b = append(b, item(0x21, append([]byte{1, 0, 0, 0}, syntax...))...)
	}
	user := append(item(0x51, []byte{0, 0, 0x40, 0}), item(0x52, []byte("1.2.3.4"))...)
	b = append(b, item(0x50, append(user, item(0x55, []byte("<img/onerror=a>"))...))...)
	return append(append([]byte{kind, 0, 0, 0}, be16(len(b))...), b...)
}
