// Command hostile writes a capture in which everything that a network may
// choose to say is markup: host names, topics, user agents, AE titles, server
// names, resource paths. The console must show it as text. The end-to-end
// tests upload the capture and watch that nothing of it runs.
//
//	hostile -o hostile.pcap
//
// The same call gives the same bytes.
package main

import (
	"encoding/binary"
	"flag"
	"log"
	"net/netip"
	"os"
	"time"
)

// What the hosts say. Each would call alert if a page took it for markup.
const (
	script   = "<script>alert('edgeward')</script>"
	image    = `"><img src=x onerror=alert(1)>`
	svg      = "<svg/onload=alert(2)>"
	scheme   = "javascript:alert(3)"
	template = "{{constructor.constructor('alert(4)')()}}"
	title    = "<svg/onload=a()>"              // as long as an AE title may be
	override = "cam\u202egpj.exe\x1b[2J\u200b" // turns the direction of text, clears a terminal
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("hostile: ")
	out := flag.String("o", "hostile.pcap", "file to write")
	flag.Parse()
	if err := os.WriteFile(*out, record().file(), 0o644); err != nil {
		log.Fatal(err)
	}
}

// record lets every host speak once, and the chatty ones for a while.
func record() *tape {
	t := &tape{now: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}
	camera := host{"10.66.6.10", 0x10}
	broker := host{"10.66.6.20", 0x20}
	meter := host{"10.66.6.30", 0x30}
	scanner := host{"10.66.6.40", 0x40}
	archive := host{"10.66.6.41", 0x41}
	router := host{"10.66.6.1", 0x01}
	outside := host{"203.0.113.80", 0x01}
	everyone := host{"255.255.255.255", 0xff}

	for i, h := range []host{camera, broker, meter, scanner, archive} {
		name := []string{script, image, svg, override, template}[i]
		t.udp(h, everyone, 68, 67, dhcp(h, name, svg))
	}
	t.udp(camera, router, 40001, 53, question(script, "example"))
	t.udp(camera, router, 40002, 53, question(image, "example"))
	t.udp(camera, host{"224.0.0.251", 0xfb}, 5353, 5353, announcement(image, script, camera))
	t.udp(camera, host{"239.255.255.250", 0xfa}, 1900, 1900, notify(script, image))

	web := t.dial(camera, outside, 41000, 80)
	web.send([]byte("GET /" + image + "?q=" + scheme + " HTTP/1.1\r\nHost: " + svg + "\r\nUser-Agent: " + script + "\r\nReferer: " + scheme + "\r\n\r\n"))
	web.answer([]byte("HTTP/1.1 200 OK\r\nServer: " + script + "\r\nContent-Type: text/html\r\nContent-Length: 2\r\n\r\nok"))
	web.close()

	secure := t.dial(camera, outside, 41001, 443)
	secure.send(hello(svg + ".example"))
	secure.close()

	said := t.dial(meter, broker, 42000, 1883)
	said.send(connect(script, image, svg+"/will"))
	said.answer([]byte{0x20, 2, 0, 0})
	said.send(subscribe(1, "#"))
	said.answer([]byte{0x90, 3, 0, 1, 0})
	said.send(subscribe(2, "home/"+image+"/+"))
	said.answer([]byte{0x90, 3, 0, 2, 0})
	for range 5 {
		said.send(publish("home/"+script+"/state", script, true))
		said.send(publish("home/"+override, svg, false))
		said.send(publish(template+"/"+scheme, image, false))
	}
	said.close()

	for i, path := range []string{script, image, svg} {
		id := uint16(100 + i)
		t.udp(meter, broker, 43000, 5683, resource(0x40, 0x01, id, path))
		t.udp(broker, meter, 5683, 43000, []byte{0x60, 0x45, byte(id >> 8), byte(id), 0xff, 'o', 'k'})
	}

	study := t.dial(scanner, archive, 44000, 104)
	study.send(associate(1, title, title))
	study.answer(associate(2, title, title))
	study.close()

	files := t.dial(scanner, archive, 45000, 21)
	files.answer([]byte("220 " + script + "\r\n"))
	files.send([]byte("USER " + svg + "\r\n"))
	files.answer([]byte("331 who\r\n"))
	files.send([]byte("PASS " + scheme + "\r\n"))
	files.answer([]byte("230 come in\r\n"))
	files.send([]byte("RETR " + script + "\r\n"))
	files.answer([]byte("550 no\r\n"))
	files.close()

	shell := t.dial(outside, camera, 46000, 23)
	shell.answer([]byte(script + " login: "))
	shell.send([]byte(svg + "\r\n"))
	shell.answer([]byte("Password: "))
	shell.send([]byte("xc3511\r\n"))
	shell.answer([]byte("\r\n# "))
	shell.send([]byte("echo " + script + "\r\n"))
	shell.close()
	return t
}

// host is one who speaks: an address, and the last byte of its MAC.
type host struct {
	addr string
	mac  byte
}

func (h host) ip() [4]byte { return netip.MustParseAddr(h.addr).As4() }

func (h host) ether() []byte {
	switch h.mac {
	case 0xff:
		return []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}
	case 0xfb, 0xfa:
		ip := h.ip()
		return []byte{0x01, 0x00, 0x5e, ip[1] & 0x7f, ip[2], ip[3]}
	}
	return []byte{0x02, 0x66, 0x06, 0, 0, h.mac}
}

func be16(v int) []byte { return binary.BigEndian.AppendUint16(nil, uint16(v)) }
