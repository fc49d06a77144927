package ruleset_test

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"edgeward/internal/event"
	"edgeward/internal/ident"
	"edgeward/internal/judge/profile"
	"edgeward/internal/output/ruleset"
	"edgeward/internal/policy"
	"edgeward/internal/wire/proto/mqtt"
)

// startMosquitto runs the real broker with an ACL file and gives its address.
// Without accounts it lets everybody in. The account "admin" may do all.
func startMosquitto(t *testing.T, acl string, accounts ...string) string {
	t.Helper()
	for _, p := range []string{"mosquitto", "mosquitto_passwd"} {
		if _, err := exec.LookPath(p); err != nil {
			t.Skipf("skipped: %v", err)
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	at := l.Addr().String()
	_, port, _ := net.SplitHostPort(at)
	l.Close()
	dir := t.TempDir()
	file := func(name, text string) string {
		p := filepath.Join(dir, name)
		if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return p
	}
	conf := "listener " + port + " 127.0.0.1\nlog_dest stderr\nacl_file " + file("acl", acl+"\nuser admin\ntopic readwrite #\n") + "\n"
	passwords := file("passwords", "")
	for _, a := range append(accounts, "admin") {
		if out, err := exec.Command("mosquitto_passwd", "-b", passwords, a, "secret").CombinedOutput(); err != nil {
			t.Fatalf("mosquitto_passwd: %v: %s", err, out)
		}
	}
	conf += "password_file " + passwords + "\n"
	if len(accounts) > 0 {
		conf += "allow_anonymous false\nuse_username_as_clientid true\n"
	} else {
		conf += "allow_anonymous true\n"
	}
	if os.Geteuid() == 0 {
		conf += "user root\n" // it reads files of this test
	}
	cmd := exec.Command("mosquitto", "-c", file("conf", conf))
	var said strings.Builder
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }()
	t.Cleanup(func() { _ = cmd.Process.Kill(); <-ended })
	for deadline := time.Now().Add(10 * time.Second); ; {
		c, err := net.Dial("tcp", at)
		if err == nil {
			c.Close()
			return at
		}
		select {
		case <-ended:
			t.Fatalf("mosquitto ended: %s", said.String())
		default:
		}
		if time.Now().After(deadline) {
			t.Fatal("mosquitto does not listen")
		}
	}
}

// client speaks MQTT 5 by our codec.
type client struct {
	t    *testing.T
	conn net.Conn
	buf  []byte
}

func connectTo(t *testing.T, at, user, id string) *client {
	t.Helper()
	conn, err := net.Dial("tcp", at)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	c := &client{t: t, conn: conn}
	p := &mqtt.Packet{Type: mqtt.CONNECT, Connect: mqtt.Connect{Protocol: []byte("MQTT"), Version: mqtt.V5, Clean: true, KeepAlive: 60, ClientID: []byte(id)}}
	if user != "" {
		p.Connect.HasUser, p.Connect.User, p.Connect.HasPassword, p.Connect.Password = true, []byte(user), true, []byte("secret")
	}
	c.send(p)
	if a := c.receive(); a.Type != mqtt.CONNACK || a.Code != 0 {
		t.Fatalf("%s is not let in: %v %v", cmp.Or(user, id), a.Type, a.Code)
	}
	return c
}

func (c *client) send(p *mqtt.Packet) {
	c.t.Helper()
	p.Version = mqtt.V5
	b, err := mqtt.Append(nil, p)
	if err != nil {
		c.t.Fatal(err)
	}
	if _, err := c.conn.Write(b); err != nil {
		c.t.Fatal(err)
	}
}

// receive gives the next packet, whose texts hold until the one after it.
func (c *client) receive() *mqtt.Packet {
	c.t.Helper()
	for {
		var p mqtt.Packet
		d := mqtt.Decoder{Version: mqtt.V5}
		n, err := d.Decode(&p, c.buf)
		if err == nil {
			c.buf = c.buf[n:]
			return &p
		}
		if !errors.Is(err, mqtt.ErrShort) {
			c.t.Fatal(err)
		}
		if err := c.conn.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
			c.t.Fatal(err)
		}
		b := make([]byte, 4096)
		n, err = c.conn.Read(b)
		if err != nil {
			c.t.Fatal(err)
		}
		c.buf = append(slices.Clone(c.buf), b[:n]...)
	}
}

// publish reports whether the broker takes a message (MQTT 5.0, section 3.4).
func (c *client) publish(topic string, qos uint8, retain bool) bool {
	c.t.Helper()
	c.send(&mqtt.Packet{Type: mqtt.PUBLISH, QoS: qos, Retain: retain, ID: 7, Topic: []byte(topic), Payload: []byte("x"), Size: 1})
	p := c.receive()
	if p.Type == mqtt.PUBREC && p.Code < 0x80 {
		c.send(&mqtt.Packet{Type: mqtt.PUBREL, ID: 7})
		p = c.receive()
	}
	return p.Code < 0x80
}

// gets reports whether a message that an administrator publishes comes
// to who subscribed.
func (c *client) gets(filter, topic string, admin *client) bool {
	c.t.Helper()
	c.send(&mqtt.Packet{Type: mqtt.SUBSCRIBE, ID: 8, Filters: []mqtt.Filter{{Topic: []byte(filter)}}})
	if p := c.receive(); p.Type != mqtt.SUBACK {
		c.t.Fatalf("%v instead of SUBACK", p.Type)
	} else if p.Codes[0] >= 0x80 {
		return false
	}
	admin.publish(topic, 1, false)
	c.send(&mqtt.Packet{Type: mqtt.PINGREQ}) // answered after what was to be delivered
	got := false
	for {
		switch p := c.receive(); p.Type {
		case mqtt.PUBLISH:
			got = got || string(p.Topic) == topic
		case mqtt.PINGRESP:
			c.send(&mqtt.Packet{Type: mqtt.UNSUBSCRIBE, ID: 9, Filters: []mqtt.Filter{{Topic: []byte(filter)}}})
			c.receive()
			return got
		}
	}
}

const brokerAddress, plantMAC = "192.168.7.13", "02:00:00:00:00:02"

// plant is a sensor with one client id, a class of meters with many, and the
// broker's own profile.
func plant(t *testing.T) []*policy.Policy {
	toBroker := policy.Peer{Kind: policy.PeerDevice, Devices: []policy.Member{{ID: "broker"}}}
	return []*policy.Policy{
		envelope(t, "sensor", policy.Enforce, policy.Profile{
			Members: []policy.Member{{MACs: []string{plantMAC}, Addresses: []netip.Addr{addr("192.168.7.12")}}},
			Lines: []policy.Line{{ID: "mqtt", Direction: policy.Out, Peer: toBroker, Transport: "tcp", Ports: ports(1883), Protocol: "mqtt", Verbs: []policy.Verb{
				{Op: "connect", As: []string{"s1"}},
				{Op: "publish", Targets: []string{"plant/s1/temp", "plant/s#/raw", "log/#"}, As: []string{"s1"}, MaxQoS: number(uint8(1)), Retain: number(false)},
				{Op: "subscribe", Targets: []string{"plant/s1/cmd/#", "plant/+/time"}, As: []string{"s1"}},
				{Op: "publish", Targets: []string{"evil\ntopic readwrite #", "evil/%u", " #"}, As: []string{"s1"}},
			}}},
		}),
		envelope(t, "broker", policy.Enforce, policy.Profile{
			Members: []policy.Member{{ID: "broker", Addresses: []netip.Addr{addr(brokerAddress)}}},
			Lines: []policy.Line{{ID: "asked", Direction: policy.In, Peer: policy.Peer{Kind: policy.PeerLocal}, Transport: "tcp", Ports: ports(1883), Protocol: "mqtt", Verbs: []policy.Verb{
				{Op: "connect"},
				{Op: "publish", Targets: []string{"plant/#", "evil/#"}, As: []string{"s1"}},
				{Op: "subscribe", Targets: []string{"plant/#"}, As: []string{"s1", "historian"}},
			}}},
		}),
	}
}

// act is something that a client tries.
type act struct {
	as        string
	subscribe string // a filter, else it publishes
	topic     string // published by it, or by others for it
	qos       uint8
	retain    bool
	differs   string // line and limit by which it is let through all the same
}

// TestMosquittoVerdicts lets the real mosquitto and the evaluator judge the
// same attempts: they differ only where the export said so.
func TestMosquittoVerdicts(t *testing.T) {
	policies := plant(t)
	text, limits := write(t, "mosquitto", policies, ruleset.Options{Brokers: []netip.Addr{addr(brokerAddress)}})
	at := startMosquitto(t, text, "s1", "historian", "stranger")
	acts := []act{
		{as: "s1", topic: "plant/s1/temp", qos: 1},
		{as: "s1", topic: "plant/s7/raw", qos: 1},
		{as: "s1", topic: "plant/sx/raw", qos: 1, differs: "mqtt topic"},
		{as: "s1", topic: "plant/s1/temp", qos: 2, differs: "mqtt qos"},
		{as: "s1", topic: "plant/s1/temp", qos: 1, retain: true, differs: "mqtt retain"},
		{as: "s1", topic: "plant/s2/temp", qos: 1},
		{as: "s1", topic: "plant/s1/temp/x", qos: 1},
		{as: "s1", topic: "log/a", qos: 1}, // the broker's profile does not have it
		{as: "s1", topic: "other", qos: 1},
		{as: "s1", topic: "evil", qos: 1},
		{as: "s1", topic: "evil/s1", qos: 1},
		{as: "s1", subscribe: "plant/s1/cmd/#", topic: "plant/s1/cmd/on"},
		{as: "s1", subscribe: "plant/s1/cmd/on", topic: "plant/s1/cmd/on"},
		{as: "s1", subscribe: "plant/+/time", topic: "plant/s9/time"},
		{as: "s1", subscribe: "plant/s2/cmd", topic: "plant/s2/cmd"},
		{as: "s1", subscribe: "#", topic: "plant/s2/temp"},
		{as: "s1", subscribe: "#", topic: "plant/s1/cmd/off", differs: "mqtt subscribe"},
		{as: "historian", subscribe: "plant/#", topic: "plant/s1/temp"},
		{as: "historian", subscribe: "log/#", topic: "log/a"},
		{as: "historian", topic: "plant/s1/temp", qos: 1},
		{as: "stranger", topic: "plant/s1/temp", qos: 1},
		{as: "stranger", subscribe: "plant/#", topic: "plant/s1/temp"},
	}
	compare(t, policies, limits, at, acts, true)
	for _, what := range []string{"topic", "identity"} {
		if !has(limits, "mqtt", what) && !has(limits, "", what) {
			t.Errorf("nothing is said of %s", what)
		}
	}
}

// TestMosquittoByClientID has no accounts: rights are bound to the client id
// where the topic has it.
func TestMosquittoByClientID(t *testing.T) {
	policies := plant(t)
	text, limits := write(t, "mosquitto", policies, ruleset.Options{ByClientID: true})
	at := startMosquitto(t, text)
	compare(t, policies, limits, at, []act{
		{as: "s1", topic: "plant/s1/temp", qos: 1},
		{as: "s1", topic: "plant/s2/temp", qos: 1},
		{as: "s1", subscribe: "plant/s1/cmd/#", topic: "plant/s1/cmd/on"},
		{as: "s1", subscribe: "plant/s2/cmd/#", topic: "plant/s2/cmd/on", differs: "asked identity"}, // the historian's right
		{as: "s2", topic: "plant/s1/temp", qos: 1},
		{as: "s2", topic: "plant/s2/temp", qos: 1, differs: "mqtt identity"},
		{as: "s1", topic: "evil/s1", qos: 1},
	}, false)
}

func compare(t *testing.T, policies []*policy.Policy, limits []policy.Limit, at string, acts []act, accounts bool) {
	t.Helper()
	set, err := profile.Compile(policies, profile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	e := profile.NewEvaluator(set)
	admin := connectTo(t, at, "admin", "admin")
	clients := map[string]*client{}
	for _, a := range acts {
		c := clients[a.as]
		if c == nil {
			if accounts {
				c = connectTo(t, at, a.as, "another-id") // the broker gives it that of its account
			} else {
				c = connectTo(t, at, "", a.as)
			}
			clients[a.as] = c
		}
		x := &profile.Exchange{Weight: 1, Transport: 6, ServerPort: 1883, Protocol: event.ProtoMQTT, BytesOut: 9, BytesIn: 9,
			Client: profile.Side{Host: 1, Addr: addr("192.168.7.77"), Home: true}, Server: profile.Side{Host: 2, Addr: addr(brokerAddress), Home: true, Device: "broker"},
			Act: profile.Act{Op: "publish", Target: a.topic, As: a.as, QoS: a.qos, Retain: a.retain, Size: 1}}
		if a.as == "s1" {
			x.Client.Addr, x.Client.Host = addr("192.168.7.12"), 3
			x.Client.MAC, _ = ident.ParseMAC(plantMAC)
		}
		var got bool
		if a.subscribe != "" {
			x.Act = profile.Act{Op: "subscribe", Target: a.subscribe, As: a.as, Filter: true}
			got = c.gets(a.subscribe, a.topic, admin)
		} else {
			got = c.publish(a.topic, a.qos, a.retain)
		}
		v := e.Judge(x)
		line, what, _ := strings.Cut(a.differs, " ")
		switch {
		case got == v.Allowed && a.differs == "":
		case got && !v.Allowed && has(limits, line, what):
		default:
			t.Errorf("%s: mosquitto lets it through: %v; the evaluator: %v, misses %s; limit expected: %q", fmt.Sprintf("%+v", a), got, v.Allowed, v.Miss, a.differs)
		}
	}
}

// TestBrokerThatAllowsAll has a broker's profile that names no verbs: it
// narrows nobody, and gives nothing to those that are not known.
func TestBrokerThatAllowsAll(t *testing.T) {
	policies := plant(t)
	policies[1] = envelope(t, "broker", policy.Enforce, policy.Profile{
		Members: []policy.Member{{ID: "broker", Addresses: []netip.Addr{addr(brokerAddress)}}},
		Lines:   []policy.Line{{ID: "asked", Direction: policy.In, Peer: policy.Peer{Kind: policy.PeerAny}, Transport: "tcp", Ports: ports(1883), Protocol: "mqtt"}},
	})
	text, limits := write(t, "mosquitto", policies, ruleset.Options{})
	if !strings.Contains(text, "\ntopic write plant/s1/temp\n") || !strings.Contains(text, "\ntopic write log/#\n") || strings.Contains(text, "pattern") || !has(limits, "asked", "identity") {
		t.Errorf("%s%v", text, limits)
	}
}
