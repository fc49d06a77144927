//go:build !sensor

package app

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"edgeward/internal/account"
	"edgeward/internal/bus"
	"edgeward/internal/bus/forward"
	"edgeward/internal/bus/spool"
	"edgeward/internal/hub"
	"edgeward/internal/hub/ca"
	"edgeward/internal/ident"
)

// expire gives a sensor, on disk, a certificate that was over an hour ago.
func (s *remoteStation) expire(t *testing.T, authority, dir string, sensor string) {
	t.Helper()
	past, err := ca.Open(authority, func() time.Time { return time.Now().Add(-ca.SensorLife - time.Hour) })
	if err != nil {
		t.Fatal(err)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	csr, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key)
	if err != nil {
		t.Fatal(err)
	}
	chain, cert, err := past.SignSensor(csr, ca.Subject{Sensor: sensor})
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	both := append(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}), chain...)
	if err := os.WriteFile(filepath.Join(dir, "identity", "credentials.pem"), both, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = s.state.EditSensor(t.Context(), 0, sensor, func(x *account.Sensor) error {
		x.Fingerprint, x.NotAfter = ca.KeyFingerprint(cert), cert.NotAfter.UnixNano()
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestASensorWhoseCertificateExpired wants the sensor to say why it is refused
// and what to do, a wrong token to be refused and to leave everything as it
// is, and a new one to bring it back as the same sensor with all that it kept.
func TestASensorWhoseCertificateExpired(t *testing.T) {
	s := newRemoteStation(t)
	dir := t.TempDir()
	id := s.enrol(t, dir, "pump")
	s.expire(t, s.folder, dir, id.Sensor)
	quiet := slog.New(slog.DiscardHandler)
	o := &RemoteOptions{Version: "1", Data: dir, Hub: "https://" + s.addr, Name: "pump", Log: quiet}
	old, err := enrolOnce(t.Context(), o)
	if err != nil || !time.Now().After(old.NotAfter()) {
		t.Fatalf("the expired identity: %v, %v", old, err)
	}
	sp, err := spool.Open(spool.Options{Dir: filepath.Join(dir, "spool")})
	if err != nil {
		t.Fatal(err)
	}
	defer sp.Close()
	m := newMade(old.Sensor, 1, func(_ bus.Header, message []byte) error { return sp.Append(message) })
	run := func(id *forward.Identity) (*forward.Forwarder, func()) {
		f := forward.New(forward.Options{Identity: id, Spool: sp, Every: 50 * time.Millisecond, Log: quiet})
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() { f.Run(ctx) })
		return f, func() { cancel(); wg.Wait() }
	}
	m.facts(100)
	if err := m.Flush(); err != nil {
		t.Fatal(err)
	}
	f, stop := run(old)
	eventually(t, "the sensor says that it is refused", func() bool { return f.Status().State == forward.Refused })
	if st := f.Status(); !strings.Contains(st.Problem, "expired") || !strings.Contains(st.Hint, "enrol") && !strings.Contains(st.Problem, "enrol") {
		t.Errorf("the sensor says %+v", st)
	}
	stop()

	o.Token = forward.NewToken(s.ca.Pin())
	if _, err := enrolOnce(t.Context(), o); ident.CodeOf(err) != ident.Denied {
		t.Errorf("with a wrong token: %v", err)
	}
	if again, err := forward.LoadIdentity(filepath.Join(dir, "identity")); err != nil || again.Sensor != old.Sensor {
		t.Errorf("a wrong token changed the identity: %v", err)
	}
	token, kept := hub.NewEnrolment(s.ca, account.Enrolment{Sensor: "pump"}, time.Now(), time.Hour)
	if err := s.state.PutEnrolment(t.Context(), kept); err != nil {
		t.Fatal(err)
	}
	o.Token = token
	fresh, err := enrolOnce(t.Context(), o)
	if err != nil || fresh.Sensor != old.Sensor || time.Now().After(fresh.NotAfter()) {
		t.Fatalf("enrolled again: %+v, %v", fresh, err)
	}
	_, stop = run(fresh)
	defer stop()
	m.facts(100)
	if err := m.Flush(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the hub has all", func() bool {
		x, err := s.state.Sensor(t.Context(), 0, old.Sensor)
		return err == nil && x.Facts == 200 && x.NotAfter > time.Now().UnixNano()
	})
	s.wantOnce(t, old.Sensor, 200)
}
