//go:build !sensor

package app

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"

	"edgeward/internal/app/config"
	"edgeward/internal/asset"
	"edgeward/internal/event"
	"edgeward/internal/finding"
	"edgeward/internal/hub"
	"edgeward/internal/ident"
	"edgeward/internal/output/eve"
	"edgeward/internal/output/file"
	"edgeward/internal/output/kafka"
	"edgeward/internal/output/mail"
	"edgeward/internal/output/notice"
	"edgeward/internal/output/ocsf"
	"edgeward/internal/output/queue"
	"edgeward/internal/output/syslog"
	"edgeward/internal/output/webhook"
	"edgeward/internal/policy"
)

// sink is one place where things go, with a queue of its own.
type sink struct {
	name   string
	least  ident.Severity
	wants  policy.Selector
	system bool // also wants what is wrong with the hub
	facts  bool
	notify func(*notice.Notice)             // nil for sinks of lines
	line   func(*finding.Record)            // nil for sinks of notices
	fact   func(f *event.Fact, from string) // nil unless facts
	run    func(context.Context)
	stats  func() queue.Stats
}

// takes reports whether a finding is for the sink. The device may be nil.
func (s *sink) takes(f *finding.Record, d *asset.Record) bool {
	t := &policy.Target{Check: f.Check, Device: f.Device, Type: f.Type, Site: f.Site, Severity: f.Severity, Peers: f.Peers}
	if d != nil {
		t.Zone, t.Tags = d.Zone, d.Set.Tags
		if d.Set.Zone != "" {
			t.Zone = d.Set.Zone
		}
	}
	return f.Severity >= s.least && s.wants.Matches(t)
}

// deliver gives a sink of notices a queue.
func (s *sink) deliver(to queue.Sender[*notice.Notice], end func(), o queue.Options) {
	q := queue.New(to, o)
	s.notify, s.stats = q.Put, q.Stats
	s.run = func(ctx context.Context) {
		q.Run(ctx)
		if end != nil {
			end()
		}
	}
}

// ofTarget makes the sink of a target that was set up in the console.
func ofTarget(t hub.Target, secret []byte, version string) (*sink, error) {
	s := &sink{name: t.Name, wants: policy.Selector{Checks: t.Checks, Sites: t.Sites}, system: t.System}
	if t.Severity != "" {
		var err error
		if s.least, err = ident.ParseSeverity(t.Severity); err != nil {
			return nil, err
		}
	}
	u, err := url.Parse(t.URL)
	if err != nil {
		return nil, ident.Errorf(ident.Invalid, "", "the address %q is no URL", t.URL)
	}
	switch t.Kind {
	case "webhook":
		c, err := webhook.New(webhook.Options{URL: t.URL, Key: secret, Name: "edgeward/" + version})
		if err != nil {
			return nil, err
		}
		s.deliver(c, c.Close, queue.Options{})
	case "syslog":
		c, err := syslog.New(syslog.Options{Network: u.Scheme, Address: u.Host, Format: syslogFormat(t.Format), Version: version})
		if err != nil {
			return nil, err
		}
		s.deliver(c, c.Close, queue.Options{Batch: 64})
	case "email":
		c, err := mail.New(mail.Options{Address: u.Host, Implicit: u.Scheme == "smtps", StartTLS: "required", User: t.User, Password: string(secret), From: t.From, To: t.To})
		if err != nil {
			return nil, err
		}
		// What comes within a minute goes as one message.
		s.deliver(c, nil, queue.Options{Batch: 50, Linger: time.Minute, Timeout: time.Minute})
	default:
		return nil, ident.Errorf(ident.Invalid, "", "the kind %q is not known", t.Kind)
	}
	return s, nil
}

func syslogFormat(f string) string {
	if f == "" || f == "rfc5424" {
		return "plain"
	}
	return f
}

// ofOutput makes the sink of an output in the configuration.
func ofOutput(o *config.Output, version string) (*sink, error) {
	s := &sink{name: o.Name, wants: policy.Selector{Checks: o.Checks, Sites: o.Sites, Zones: o.Zones, Types: o.Types, Tags: o.Tags}, facts: o.Facts, system: true}
	var err error
	if s.least, err = ident.ParseSeverity(o.Severity); err != nil {
		return nil, err
	}
	cfg, err := clientTLS(o)
	if err != nil {
		return nil, err
	}
	switch o.Kind {
	case "webhook":
		c, err := webhook.New(webhook.Options{URL: string(o.URL), Key: []byte(o.Key), TLS: cfg, Name: "edgeward/" + version})
		if err != nil {
			return nil, err
		}
		s.deliver(c, c.Close, queue.Options{})
	case "syslog":
		c, err := syslog.New(syslog.Options{Network: o.Network, Address: o.Address, Format: o.Format, TLS: cfg, Version: version})
		if err != nil {
			return nil, err
		}
		s.deliver(c, c.Close, queue.Options{Batch: 64})
	case "mail":
		c, err := mail.New(mail.Options{Address: o.Address, StartTLS: o.StartTLS, TLS: cfg, User: o.User, Password: string(o.Password), From: o.From, To: o.To})
		if err != nil {
			return nil, err
		}
		s.deliver(c, nil, queue.Options{Batch: 50, Linger: time.Minute, Timeout: time.Minute})
	case "kafka":
		return s, s.toKafka(o, cfg, version)
	case "ocsf", "eve":
		return s, s.toFile(o, version)
	default:
		return nil, ident.Errorf(ident.Invalid, "", "the kind %q is not known", o.Kind)
	}
	return s, nil
}

func clientTLS(o *config.Output) (*tls.Config, error) {
	if o.CA == "" && o.Certificate == "" {
		return nil, nil //nolint:nilnil // the system's authorities will do
	}
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if o.CA != "" {
		pem, err := os.ReadFile(o.CA)
		if err != nil {
			return nil, fmt.Errorf("read the authority: %w", err)
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(pem) {
			return nil, ident.Errorf(ident.Invalid, "name a PEM file", "there is no certificate in %q", o.CA)
		}
	}
	if o.Certificate != "" {
		cert, err := tls.LoadX509KeyPair(o.Certificate, o.CertKey)
		if err != nil {
			return nil, fmt.Errorf("read our certificate: %w", err)
		}
		c.Certificates = []tls.Certificate{cert}
	}
	return c, nil
}

// shapes gives the lines of a format.
func shapes(format, version string) (fact func(b []byte, f *event.Fact, sensor string) ([]byte, error), line func(b []byte, f *finding.Record) ([]byte, error)) {
	switch format {
	case "eve":
		return func(b []byte, f *event.Fact, sensor string) ([]byte, error) { return eve.AppendFact(b, f, sensor), nil },
			func(b []byte, f *finding.Record) ([]byte, error) { return eve.AppendAlert(b, &f.Finding, ""), nil }
	case "ocsf":
		return func(b []byte, f *event.Fact, sensor string) ([]byte, error) {
				return ocsf.AppendFact(b, f, ocsf.Source{Version: version, Sensor: sensor})
			}, func(b []byte, f *finding.Record) ([]byte, error) {
				return ocsf.AppendFinding(b, f, ocsf.Source{Version: version})
			}
	}
	return func(b []byte, f *event.Fact, sensor string) ([]byte, error) { return eve.AppendFact(b, f, sensor), nil },
		func(b []byte, f *finding.Record) ([]byte, error) {
			j, err := json.Marshal(notice.Of(notice.Opened, f, f.LastSeen, ""))
			return append(b, j...), err
		}
}

// toKafka makes the sink produce to a topic.
func (s *sink) toKafka(o *config.Output, cfg *tls.Config, version string) error {
	c, err := kafka.New(kafka.Options{Brokers: o.Brokers, Topic: o.Topic, TLS: cfg, User: o.User, Password: string(o.Password), ClientID: "edgeward"})
	if err != nil {
		return err
	}
	format := o.Format
	if format == "plain" {
		format = "json"
	}
	fact, line := shapes(format, version)
	q := queue.New(c, queue.Options{Batch: 512, Linger: 100 * time.Millisecond, Size: 50_000})
	put := func(b []byte, err error, key string) {
		if err == nil && len(b) > 0 {
			q.Put(kafka.Message{Key: []byte(key), Value: b})
		}
	}
	s.line = func(f *finding.Record) { b, err := line(nil, f); put(b, err, f.Device) }
	if o.Facts {
		s.fact = func(f *event.Fact, from string) { b, err := fact(nil, f, from); put(b, err, from) }
	}
	s.stats = q.Stats
	s.run = func(ctx context.Context) { q.Run(ctx); c.Close() }
	return nil
}

// lines writes lines to a file.
type lines struct{ w *file.Writer }

// Send writes items as lines.
func (l lines) Send(_ context.Context, items [][]byte) error {
	for _, b := range items {
		if _, err := l.w.Write(b); err != nil {
			return err
		}
	}
	return nil
}

// toFile makes the sink write lines.
func (s *sink) toFile(o *config.Output, version string) error {
	if o.Path == "" {
		return ident.Errorf(ident.Invalid, "", "the path is missing")
	}
	w, err := file.Open(file.Options{Path: o.Path, Size: int64(o.RotateSize), Age: o.RotateAge.Std(), Keep: o.Files})
	if err != nil {
		return err
	}
	fact, line := shapes(o.Kind, version)
	q := queue.New(lines{w}, queue.Options{Batch: 256, Size: 50_000})
	put := func(b []byte, err error) {
		if err == nil && len(b) > 0 {
			if !strings.HasSuffix(string(b), "\n") {
				b = append(b, '\n')
			}
			q.Put(b)
		}
	}
	s.line = func(f *finding.Record) { put(line(nil, f)) }
	if o.Facts {
		s.fact = func(f *event.Fact, from string) { put(fact(nil, f, from)) }
	}
	s.stats = q.Stats
	s.run = func(ctx context.Context) { q.Run(ctx); _ = w.Close() }
	return nil
}
