package filter

import (
	"encoding/binary"
	"strings"
	"testing"

	"golang.org/x/net/bpf"
)

func ether(et uint16, body ...byte) []byte {
	b := []byte{2, 0, 0, 0, 0, 0xb, 2, 0, 0, 0, 0, 0xa}
	return append(binary.BigEndian.AppendUint16(b, et), body...)
}

func ipv4(proto byte, src, dst [4]byte, fragment uint16, body ...byte) []byte {
	b := []byte{0x46, 0, 0, byte(24 + len(body)), 0, 0, byte(fragment >> 8), byte(fragment), 64, proto, 0, 0}
	b = append(append(b, src[:]...), dst[:]...)
	b = append(b, 1, 1, 1, 0) // options, so that the header length matters
	return append(b, body...)
}

func ipv6(next, src, dst byte, body ...byte) []byte {
	b := []byte{0x60, 0, 0, 0, 0, byte(len(body)), next, 64}
	b = append(b, 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, src)
	b = append(b, 0x20, 1, 0xd, 0xb8, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, dst)
	return append(b, body...)
}

func ports(src, dst uint16) []byte {
	b := binary.BigEndian.AppendUint16(nil, src)
	return append(binary.BigEndian.AppendUint16(b, dst), make([]byte, 16)...)
}

var (
	hostA, hostB = [4]byte{10, 1, 2, 3}, [4]byte{192, 168, 0, 9}
	packets      = map[string][]byte{
		"coap":  ipv4(17, hostA, hostB, 0, ports(40000, 5683)...),
		"mqtt":  ipv4(6, hostB, hostA, 0x4000, ports(1883, 50000)...),
		"frag":  ipv4(17, hostA, hostB, 0x2001, ports(40000, 5683)...),
		"ping":  ipv4(1, hostA, hostB, 0, 8, 0, 0, 0),
		"coap6": ipv6(17, 1, 2, ports(40000, 5683)...),
		"nd":    ipv6(58, 1, 2, 135, 0, 0, 0),
	}
)

func frames() map[string][]byte {
	out := map[string][]byte{
		"arp":   ether(0x0806, 0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 0xa, 10, 1, 2, 3, 0, 0, 0, 0, 0, 0, 10, 9, 9, 9),
		"lldp":  append([]byte{1, 0x80, 0xc2, 0, 0, 0xe, 2, 0, 0, 0, 0, 0xc, 0x88, 0xcc}, make([]byte, 50)...),
		"bcast": append([]byte{255, 255, 255, 255, 255, 255, 2, 0, 0, 0, 0, 0xc, 0x88, 0xb5}, make([]byte, 50)...),
	}
	for name, p := range packets {
		et := uint16(0x0800)
		if p[0]>>4 == 6 {
			et = 0x86dd
		}
		out[name] = ether(et, p...)
	}
	return out
}

// run gives the names of the packets that fit an expression.
func run(t *testing.T, expression string, link Link, packets map[string][]byte) map[string]bool {
	t.Helper()
	raw, err := Compile(expression, link, 1500)
	if err != nil {
		t.Fatalf("%q: %v", expression, err)
	}
	program, ok := bpf.Disassemble(raw)
	if !ok {
		t.Fatalf("%q: does not disassemble", expression)
	}
	vm, err := bpf.NewVM(program)
	if err != nil {
		t.Fatalf("%q: %v", expression, err)
	}
	fits := map[string]bool{}
	for name, p := range packets {
		n, err := vm.Run(p)
		if err != nil {
			t.Fatalf("%q on %s: %v", expression, name, err)
		}
		if n > 0 {
			fits[name] = true
		}
	}
	return fits
}

func TestExpressions(t *testing.T) {
	const ip4, ip6 = "coap frag mqtt ping", "coap6 nd"
	tests := []struct{ expression, want string }{
		{"", ip4 + " " + ip6 + " arp lldp bcast"},
		{"ip", ip4},
		{"ip6", ip6},
		{"arp", "arp"},
		{"udp", "coap frag coap6"},
		{"tcp", "mqtt"},
		{"icmp", "ping"},
		{"icmp6", "nd"},
		{"proto 17", "coap frag coap6"},
		{"ip proto udp", "coap frag"},
		{"ip6 proto \\udp", "coap6"},
		{"ether proto 0x88cc", "lldp"},
		{"port 5683", "coap coap6"},
		{"udp port 5683", "coap coap6"},
		{"tcp port 5683", ""},
		{"src port 5683", ""},
		{"dst port 5683", "coap coap6"},
		{"src and dst port 5683", ""},
		{"src or dst port 1883", "mqtt"},
		{"ip6 port 5683", "coap6"},
		{"port 5683 or 1883", "coap coap6 mqtt"},
		{"portrange 1800-1900", "mqtt"},
		{"udp dst portrange 5683-5683", "coap coap6"},
		{"host 10.1.2.3", ip4 + " arp"},
		{"10.1.2.3", ip4 + " arp"},
		{"ip host 10.1.2.3", ip4},
		{"src 10.1.2.3", "coap frag ping arp"},
		{"dst host 10.1.2.3", "mqtt"},
		{"udp src host 10.1.2.3", "coap frag"},
		{"host 10.9.9.9 or 192.168.0.9", ip4 + " arp"},
		{"host 2001:db8::1", ip6},
		{"dst 2001:db8::1", ""},
		{"net 10.0.0.0/8", ip4 + " arp"},
		{"net 10", ip4 + " arp"},
		{"net 192.168", ip4},
		{"net 192.168.0.0 mask 255.255.255.0", ip4},
		{"src net 192.168.0.0/16", "mqtt"},
		{"net 0.0.0.0/0", ip4 + " arp"},
		{"dst net 2001:db8:0:1::/64", ip6},
		{"src net 2001:db8:0:1::/64", ""},
		{"net 2001:db8::/33", ip6},
		{"ether host 02:00:00:00:00:0a", ip4 + " " + ip6 + " arp"},
		{"ether src 02-00-00-00-00-0c", "lldp bcast"},
		{"ether dst 02:00:00:00:00:0a", ""},
		{"broadcast", "bcast"},
		{"ether multicast", "bcast lldp"},
		{"not ip and not ip6", "arp lldp bcast"},
		{"! (ip || ip6)", "arp lldp bcast"},
		{"ip or ip6 and udp", "coap frag coap6"}, // equal precedence, from the left
		{"ip or (ip6 and udp)", ip4 + " coap6"},
		{"udp and not port 5683", "frag"},
		{"less 60", ip4 + " nd arp"},
		{"greater 64", "coap6 lldp bcast"},
	}
	all := frames()
	for _, tt := range tests {
		got := run(t, tt.expression, Ethernet, all)
		want := strings.Fields(tt.want)
		for _, name := range want {
			if !got[name] {
				t.Errorf("%q does not fit %s", tt.expression, name)
			}
		}
		if len(got) != len(want) {
			t.Errorf("%q fits %v, want %v", tt.expression, got, want)
		}
	}
}

// The same on packets without a link header.
func TestRawLink(t *testing.T) {
	for expression, want := range map[string]string{
		"ip": "coap frag mqtt ping", "ip6": "coap6 nd", "arp": "", "ether host 02:00:00:00:00:0a": "", "multicast": "",
		"udp port 5683": "coap coap6", "host 10.1.2.3": "coap frag mqtt ping", "src net 2001:db8::/64": "coap6 nd", "not tcp": "coap frag ping coap6 nd",
	} {
		got := run(t, expression, Raw, packets)
		if len(got) != len(strings.Fields(want)) {
			t.Errorf("%q fits %v, want %s", expression, got, want)
		}
		for _, name := range strings.Fields(want) {
			if !got[name] {
				t.Errorf("%q does not fit %s", expression, name)
			}
		}
	}
}

// Jumps over more than 255 instructions work.
func TestLongExpression(t *testing.T) {
	var b strings.Builder
	b.WriteString("not (port 1")
	for i := range 100 {
		b.WriteString(" or ")
		b.WriteString([]string{"port ", "host 10.0.0."}[i%2])
		b.WriteString(string(rune('1'+i%9)) + string(rune('0'+i%10)))
	}
	b.WriteString(")")
	got := run(t, b.String(), Ethernet, frames())
	if len(got) != len(frames()) {
		t.Errorf("fits only %v", got)
	}
	got = run(t, strings.Replace(b.String(), "port 1 ", "port 5683 ", 1), Ethernet, frames())
	if got["coap"] || got["coap6"] || !got["mqtt"] || !got["arp"] {
		t.Errorf("with the port: %v", got)
	}
	if _, err := Compile(strings.Repeat("host 2001:db8::1 or ", 600)+"ip", Ethernet, 1); err == nil {
		t.Error("a program of more than 4096 instructions was made")
	}
}

func TestBadExpressions(t *testing.T) {
	for expression, want := range map[string]string{
		"tcp port":                         "ends where a value",
		"port 70000":                       "not a port",
		"port 1883 and":                    "ends where a condition",
		"port 1883 port 80":                "not expected",
		"(tcp":                             "closing bracket",
		"tcp)":                             "not expected",
		"example.com":                      "not looked up",
		"host example.com":                 "not looked up",
		"net 10.0.0.1/8":                   "10.0.0.0/8 is meant",
		"net 10.0.0.0/33":                  "not a network",
		"net 10.0.0.0 mask 255.0.255.0":    "gaps",
		"portrange 9-5":                    "goes down",
		"icmp port 5":                      "no ports",
		"tcp[13] & 2 != 0":                 "tcp[13]",
		"ether host 10.0.0.1":              "not a MAC",
		"arp host 2001:db8::1":             "no IPv6",
		"ip6 host 10.0.0.1":                "no IPv4",
		"proto 300":                        "not an IP protocol",
		"less many":                        "not a length",
		"udp port 1 or":                    "ends where",
		strings.Repeat("not ", 100) + "ip": "too deeply",
	} {
		_, err := Compile(expression, Ethernet, 1500)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", expression, err, want)
		}
	}
}

func FuzzCompile(f *testing.F) {
	for _, s := range []string{"udp port 5683 and not net 10.0.0.0/8", "vlan 5 && (ip6 host 2001:db8::1 or arp)", "portrange 1-2 or ether src 02:00:00:00:00:0a", "net 10 mask 255.0.0.0", "less 5 or outbound"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, expression string) {
		for _, link := range []Link{Ethernet, Raw} {
			raw, err := Compile(expression, link, 99)
			if err != nil {
				continue
			}
			if len(raw) > maxInstructions {
				t.Fatalf("%d instructions", len(raw))
			}
			for i, ins := range raw { // every jump stays inside and goes forward
				if ins.Op&7 != 5 {
					continue
				}
				far := max(uint32(ins.Jt), uint32(ins.Jf))
				if ins.Op == 5 {
					far = ins.K
				}
				if uint64(i)+1+uint64(far) >= uint64(len(raw)) {
					t.Fatalf("instruction %d jumps out of the program", i)
				}
			}
		}
	})
}
