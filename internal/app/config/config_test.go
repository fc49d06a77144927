package config

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"edgeward/internal/ident"
)

func write(t *testing.T, text string) string {
	t.Helper()
	p := filepath.Join(t.TempDir(), "edgeward.yaml")
	if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return p
}

const whole = `# a comment
listen: 192.0.2.1:443
interfaces: [eth0, eth1]
tls:
  self_signed: true
sensor:
  memory: 64M
  home:
    - 198.51.100.0/24
retention: {facts: 7d, size: 5G}
store:
  postgres: postgres://edgeward:hunter2@db/edgeward
outputs:
  - name: siem
    kind: syslog
    address: 192.0.2.10:514
    format: cef
  - name: chat
    kind: webhook
    url: https://chat.example/hook/s3cret
    severity: high
`

func TestPrecedence(t *testing.T) {
	file := write(t, whole)
	l, err := Load(Sources{
		File: file, Environ: []string{"HOME=/root", "EDGEWARD_LISTEN=192.0.2.2:80", "EDGEWARD_SENSOR_HOME=10.0.0.0/8, 203.0.113.0/24", "EDGEWARD_RETENTION_FACTS=3d", "EDGEWARD_TOKEN=x"},
		Flags: map[string][]string{"retention.facts": {"1d"}, "interfaces": {"eth9"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if l.Listen != "192.0.2.2:80" || !slices.Equal(l.Interfaces, []string{"eth9"}) || l.Keep.Facts.Std() != 24*time.Hour || l.Keep.Size != 5<<30 ||
		!slices.Equal(l.Sensor.Home, []string{"10.0.0.0/8", "203.0.113.0/24"}) || l.Sensor.Memory != 64<<20 || !l.TLS.SelfSigned || l.Bus.Sync != "always" {
		t.Errorf("%+v", l.Config)
	}
	if len(l.Outputs) != 2 || l.Outputs[0].Network != "udp" || l.Outputs[1].Severity != "high" || l.Outputs[1].URL != "https://chat.example/hook/s3cret" {
		t.Errorf("%+v", l.Outputs)
	}
	want := map[string]string{"listen": "EDGEWARD_LISTEN", "interfaces": "flag", "retention.facts": "flag", "sensor.memory": file + ":7", "bus.sync": "default", "outputs[1].url": file + ":20"}
	for _, v := range l.Values() {
		if o, ok := want[v.Key]; ok && o != v.Origin {
			t.Errorf("%s comes from %q, want %q", v.Key, v.Origin, o)
		}
		if strings.Contains(v.Text, "hunter2") || strings.Contains(v.Text, "s3cret") {
			t.Errorf("%s shows a secret: %s", v.Key, v.Text)
		}
	}
}

func TestMistakes(t *testing.T) {
	for _, tt := range []struct{ file, env, want, hint string }{
		{file: "listen: x\nretenton: {facts: 7d}\n", want: ":2: unknown key retenton", hint: "did you mean retention?"},
		{file: "retention:\n  fact: 7d\n", want: ":2: unknown key retention.fact", hint: "did you mean retention.facts?"},
		{file: "retention: {facts: seven}\n", want: `:1: retention.facts: "seven" is no length of time`},
		{file: "bus: {sync: sometimes}\n", want: "want one of always, interval"},
		{file: "listen: [a, b]\n", want: "want one value"},
		{file: "tls: yes\n", want: "tls: want keys and values"},
		{file: "outputs: {a: b}\n", want: "outputs: want a list"},
		{file: "outputs:\n  - kinds: syslog\n", want: ":2: unknown key outputs[0].kinds", hint: "did you mean outputs[0].kind?"},
		{file: "listen: a\nlisten: b\n", want: "listen"},
		{file: "listen: &a x\ndata: *a\n", want: "want a plain value"},
		{file: "listen: [\n", want: "edgeward.yaml"},
		{file: "a: b\n---\nc: d\n", want: "one document"},
		{file: "data: /var\nlisten: nonsense\n", want: `:2: listen: "nonsense" is no address`},
		{file: "listen: 127.0.0.1:99999\n", want: "want a port"},
		{file: "listen: 127.0.0.1:8470\nproxies: [10.0.0.0/8, proxy]\n", want: `:2: proxies: "proxy" is no network`},
		{file: "sensor:\n  home: [10.0.0.0/40]\n", want: ":2: sensor.home:"},
		{file: "sensors: {listen: 'a b:1'}\n", want: "neither an IP address nor a host name"},
		{file: "bus: {urls: ['http://x:4222']}\n", want: ":1: bus.urls: want a URL that begins with nats://"},
		{file: "store:\n  postgres: mysql://u:geheim@x/y\n", want: ":2: store.postgres: want a URL that begins with postgres://"},
		{file: "store: {s3: {endpoint: s3.example.org}}\n", want: "https:// or http://"},
		{file: "store: {s3: {endpoint: 'https://s3.example.org'}}\n", want: ":1: store.s3.endpoint: its bucket is missing"},
		{file: "tls:\n  certificate: /nowhere/cert.pem\n", want: ":2: tls.certificate: stat /nowhere/cert.pem"},
		{file: "tls:\n  key: /dev/null\n", want: ":2: tls.key: its certificate is missing"},
		{file: "tls:\n  key: /\n", want: "is a folder"},
		{file: "data: /dev/null\n", want: "is no folder"},
		{file: "listen: 192.0.2.1:443\n", want: ":1: listen:", hint: "--tls"},
		{file: "outputs:\n  - name: a\n    kind: kafka\n    brokers: [x:9092]\n", want: ":3: outputs[0].kind: an output of kind kafka needs topic"},
		{file: "outputs:\n  - name: a\n", want: ":2: outputs[0].name: the output has no kind"},
		{file: "outputs:\n  - {name: a, kind: mail, address: 'x:25', from: me, to: [a@b]}\n", want: `"me" is no mail address`},
		{file: "outputs:\n  - {name: a, kind: edl, path: x}\n  - {name: a, kind: edl, path: y}\n", want: ":3: outputs[1].name: there are two"},
		{file: "outputs:\n  - {name: a, kind: syslog, address: ':514'}\n", want: "the host is missing"},
		{env: "EDGEWARD_LISTEN=8470", want: `EDGEWARD_LISTEN: "8470" is no address`},
		{env: "EDGEWARD_LISTN=x", want: "unknown environment variable EDGEWARD_LISTN", hint: "did you mean EDGEWARD_LISTEN?"},
		{env: "EDGEWARD_INSECURE_HTTP=maybe", want: "want true or false"},
	} {
		s := Sources{Environ: []string{tt.env}}
		if tt.file != "" {
			s.File = write(t, tt.file)
		}
		_, err := Load(s)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%q%s gives %v, want %q", tt.file, tt.env, err, tt.want)
		}
		if tt.hint != "" && !hasHint(err, tt.hint) {
			t.Errorf("%q%s: no hint %q", tt.file, tt.env, tt.hint)
		}
	}
	if _, err := Load(Sources{File: filepath.Join(t.TempDir(), "none.yaml")}); err == nil {
		t.Error("a file that is not there is no error")
	}
}

func hasHint(err error, hint string) bool {
	many, ok := err.(interface{ Unwrap() []error })
	return ok && slices.ContainsFunc(many.Unwrap(), func(e error) bool { return strings.Contains(ident.HintOf(e), hint) })
}

// TestSchema wants the schema to accept what Load accepts and to refuse what
// it refuses.
func TestSchema(t *testing.T) {
	b, err := Schema()
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("s.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("s.json")
	if err != nil {
		t.Fatal(err)
	}
	valid := func(text string) error {
		var v any
		if err := yaml.Unmarshal([]byte(text), &v); err != nil {
			t.Fatal(err)
		}
		j, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		v, err = jsonschema.UnmarshalJSON(bytes.NewReader(j))
		if err != nil {
			t.Fatal(err)
		}
		return s.Validate(v)
	}
	if err := valid(whole); err != nil {
		t.Error(err)
	}
	for _, text := range []string{"retenton: {}", "bus: {sync: sometimes}", "retention: {facts: seven}", "outputs: [{kinds: x}]"} {
		if valid(text) == nil {
			t.Errorf("the schema accepts %s", text)
		}
	}
}

// TestExample wants the example to load, as it is and with every key taken in.
func TestExample(t *testing.T) {
	want, err := Load(Sources{})
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{string(Example()), uncomment(string(Example()))} {
		got, err := Load(Sources{File: write(t, text)})
		if err != nil {
			t.Fatalf("%v in\n%s", err, text)
		}
		if got.Keep != want.Keep || got.Listen != want.Listen {
			t.Errorf("the example differs from the defaults: %+v", got.Config)
		}
	}
}

// uncomment takes in the keys.
func uncomment(s string) string {
	var b strings.Builder
	for line := range strings.Lines(s) {
		text := strings.TrimLeft(strings.TrimPrefix(line, "#"), " ")
		if strings.HasPrefix(line, "#") && !strings.HasPrefix(text, "#") && strings.Contains(text, ":") && !strings.Contains(line, "schema") && !strings.HasPrefix(line, "# Conf") {
			line = strings.TrimPrefix(line, "# ")
		}
		b.WriteString(line)
	}
	return b.String()
}

func FuzzFile(f *testing.F) {
	f.Add([]byte(whole))
	f.Add([]byte("a: &a [*a]"))
	f.Add([]byte("? {a: b}\n: c"))
	f.Fuzz(func(_ *testing.T, b []byte) {
		l := &Loaded{origins: map[string]string{}}
		l.file("f", b) // must not panic
	})
}
