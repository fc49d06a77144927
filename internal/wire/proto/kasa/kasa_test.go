package kasa

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"edgeward/internal/event"
	"edgeward/internal/shared"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/prototest"
)

func TestCipher(t *testing.T) {
	// The query that every app broadcasts.
	want, _ := hex.DecodeString("d0f281f88bff9af7d5ef94b6d1b4c09fec95e68fe187e8caf08bf68bf6")
	text := []byte(`{"system":{"get_sysinfo":{}}}`)
	if got := Encrypt(nil, text); !bytes.Equal(got, want) {
		t.Errorf("Encrypt = % x", got)
	}
	if got := Decrypt(nil, want); !bytes.Equal(got, text) {
		t.Errorf("Decrypt = %s", got)
	}
	raw := Append(nil, text)
	for i := range raw {
		if _, _, err := Decode(nil, raw[:i]); err != ErrShort {
			t.Fatalf("cut to %d bytes: %v", i, err)
		}
	}
	if got, n, err := Decode(nil, raw); err != nil || n != len(raw) || !bytes.Equal(got, text) {
		t.Errorf("Decode = %s, %d, %v", got, n, err)
	}
	if _, _, err := Decode(nil, []byte("GET / HTTP/1.1\r\n")); err != ErrFormat {
		t.Errorf("HTTP: %v", err)
	}
}

func TestTDP(t *testing.T) {
	// The empty query of older apps, published with python-kasa.
	want, _ := hex.DecodeString("020000010000000000000000463cb5d3")
	if got := AppendTDP(nil, 0, nil); !bytes.Equal(got, want) {
		t.Errorf("AppendTDP = % x, want % x", got, want)
	}
	raw := AppendTDP(nil, 7, []byte(`{"a":1}`))
	if got, err := DecodeTDP(raw); err != nil || string(got) != `{"a":1}` {
		t.Errorf("DecodeTDP = %s, %v", got, err)
	}
	raw[13] ^= 1
	if _, err := DecodeTDP(raw); err == nil {
		t.Error("a wrong checksum was taken")
	}
}

// talk plays lines "C text" and "S text".
func talk(t *testing.T, c *proto.Conn, script string) []string {
	t.Helper()
	p := new(parser)
	for _, line := range strings.Split(script, "\n") {
		dir := event.ToServer
		if line[0] == 'S' {
			dir = event.ToClient
		}
		raw := Encrypt(nil, []byte(line[2:]))
		if c.Transport == 6 {
			raw = Append(nil, []byte(line[2:]))
		}
		if _, err := prototest.Feed(p, c, dir, raw, 0); err != nil {
			t.Fatal(err)
		}
	}
	p.End(c)
	return facts(c)
}

func facts(c *proto.Conn) []string {
	var out []string
	for _, f := range c.Env.Out.Facts() {
		out = append(out, fmt.Sprintf("%s %v {%s}", f.Kind(), f.Src, f.Body.AppendEVE(nil)))
	}
	return out
}

func expect(t *testing.T, got []string, want ...string) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%d facts, want %d:\n%s", len(got), len(want), strings.Join(got, "\n"))
		return
	}
	for i, w := range want {
		for _, word := range strings.Fields(w) {
			if !strings.Contains(got[i], word) {
				t.Errorf("fact %d lacks %s:\n%s", i, word, got[i])
			}
		}
	}
}

const ask = `C {"system":{"get_sysinfo":{}}}`

func TestFacts(t *testing.T) {
	tests := []struct {
		name, script string
		want         []string
	}{
		{"plug", ask + "\n" + `S {"system":{"get_sysinfo":{"err_code":0,"alias":"Fan","model":"HS100(EU)","sw_ver":"1.2.5","hw_ver":"1.0","deviceId":"8006","type":"IOT.SMARTPLUGSWITCH","mac":"50:C7:BF:00:00:01"}}}`, []string{
			`kasa 192.0.2.1 "command":"system.get_sysinfo","alias":"Fan","model":"HS100(EU)","sw_ver":"1.2.5" "mic_type":"IOT.SMARTPLUGSWITCH"`,
			`identity 192.0.2.2 "vendor":"TP-Link","model":"HS100(EU)" "device_type":"plug" "name":"Fan","firmware":"1.2.5","hardware":"1.0","serial":"8006"`,
		}},
		{"wall switch", ask + "\n" + `S {"system":{"get_sysinfo":{"model":"HS220(US)","mic_type":"IOT.SMARTPLUGSWITCH"}}}`, []string{"kasa", `identity "device_type":"switch"`}},
		{"bulb", ask + "\n" + `S {"system":{"get_sysinfo":{"model":"LB110","mic_type":"IOT.SMARTBULB","mic_mac":"0011"}}}`, []string{`kasa "mac":"0011"`, `identity "device_type":"bulb"`}},
		{"camera", ask + "\n" + `S {"system":{"get_sysinfo":{"err_code":0,"system":{"model":"KC100(UN)","type":"IOT.IPCAMERA"}}}}`, []string{"kasa", `identity "device_type":"camera"`}},
		{"switched", `C {"context":{"child_ids":["x"]},"system":{"set_relay_state":{"state":1}}}` + "\n" + `S {"system":{"set_relay_state":{"err_code":-3}}}`, []string{
			`kasa "command":"system.set_relay_state","write":true "err_code":-3`,
		}},
		{"unanswered", ask + "\n" + ask, []string{"kasa", "kasa"}},
		{"two at once", `C {"emeter":{"get_realtime":{}},"system":{"reboot":{"delay":1}}}`, []string{`"emeter.get_realtime"`, `"system.reboot","write":true`}},
		{"Wi-Fi password", `C {"netif":{"set_stainfo":{"ssid":"home","password":"secret12","key_type":3}}}` + "\n" + `S {"netif":{"set_stainfo":{"err_code":0}}}`, []string{
			`kasa "command":"netif.set_stainfo","write":true`, `login "service":"kasa","user":"home" "outcome":"success","mechanism":"wifi","cleartext":true`,
		}},
		{"no JSON", `C {"system":{"x`, []string{`anomaly "event":"json"`}},
	}
	for _, tt := range tests {
		for _, transport := range []uint8{6, 17} {
			expect(t, talk(t, prototest.NewConn(transport, 9999), tt.script), tt.want...)
		}
	}
	for _, f := range talk(t, prototest.NewConn(6, 9999), tests[7].script) {
		if strings.Contains(f, "secret12") {
			t.Errorf("the password is shown: %s", f)
		}
	}
}

func TestDiscovery(t *testing.T) {
	c := prototest.NewConn(17, 20002)
	p := new(parser)
	for dir, raw := range [][]byte{
		AppendTDP(nil, 1, []byte(`{"params":{"rsa_key":"x"}}`)),
		AppendTDP(nil, 1, []byte(`{"result":{"device_id":"abc","device_type":"SMART.TAPOPLUG","device_model":"P110(UK)","mac":"AA-BB-CC-00-11-22"},"error_code":0}`)),
	} {
		if _, err := p.Data(c, event.Dir(dir), raw); err != nil {
			t.Fatal(err)
		}
	}
	expect(t, facts(c), `kasa "command":"tdp.discover"`, `kasa "model":"P110(UK)" "mac":"AA:BB:CC:00:11:22"`, `identity 192.0.2.2 "model":"P110(UK)" "device_type":"plug"`)
}

func TestBroadcastOfADevice(t *testing.T) {
	c := prototest.NewConn(17, 9999)
	c.ClientPort = 9999
	expect(t, talk(t, c, ask), `identity 192.0.2.1 "vendor":"TP-Link"`, "kasa")
}

func TestProbe(t *testing.T) {
	text := []byte(`{"system":{"get_sysinfo":{}}}`)
	tests := []struct {
		name      string
		transport uint8
		b         []byte
		want      proto.Match
	}{
		{"datagram", 17, Encrypt(nil, text), proto.Yes},
		{"cut datagram", 17, Encrypt(nil, text[:20]), proto.No},
		{"TDP", 17, AppendTDP(nil, 1, nil), proto.Yes},
		{"clear JSON", 17, text, proto.No},
		{"stream", 6, Append(nil, text), proto.Yes},
		{"beginning", 6, Append(nil, text)[:6], proto.More},
		{"HTTP", 6, []byte("GET / HTTP/1.1\r\n"), proto.No},
		{"empty", 17, nil, proto.No},
	}
	for _, tt := range tests {
		s := &proto.Sample{Conn: prototest.NewConn(tt.transport, 9999)}
		s.Data[0] = tt.b
		if got := probe(s); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
		if n := shared.AllocsPerRun(10, func() { probe(s) }); n != 0 {
			t.Errorf("%s: the probe allocates", tt.name)
		}
	}
}

func FuzzParser(f *testing.F) {
	f.Add([]byte(`{"system":{"get_sysinfo":{}}}`), []byte(`{"system":{"get_sysinfo":{"model":"HS100","system":{"type":"IOT.IPCAMERA"}}}}`))
	f.Add([]byte(`{"netif":{"set_stainfo":{"ssid":"a","password":"b"}}}`), []byte(`{"netif":{"set_stainfo":{"err_code":-1}}}`))
	f.Add([]byte(`{"result":{"device_type":"SMART.TAPOPLUG"}}`), []byte(`[]`))
	f.Fuzz(func(t *testing.T, a, b []byte) {
		for _, transport := range []uint8{6, 17} {
			c := prototest.NewConn(transport, 9999)
			p := new(parser)
			for i, x := range [][]byte{Encrypt(nil, a), Encrypt(nil, b), AppendTDP(nil, 1, a[:min(len(a), 1000)]), a, b, Append(nil, a)} {
				if transport == 6 && i < 2 {
					x = Append(nil, [][]byte{a, b}[i])
				}
				probe(&proto.Sample{Data: [2][]byte{x, x}, Conn: c})
				if _, err := p.Data(c, event.Dir(i&1), x); err != nil {
					break
				}
			}
			p.End(c)
		}
	})
}

func BenchmarkDecrypt(b *testing.B) {
	raw := Encrypt(nil, bytes.Repeat([]byte(`{"system":{"get_sysinfo":{}}}`), 20))
	var buf []byte
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		buf = Decrypt(buf[:0], raw)
	}
}
