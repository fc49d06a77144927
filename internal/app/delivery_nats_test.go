//go:build !sensor

package app

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"edgeward/internal/bus"
	"edgeward/internal/bus/jetstream"
	"edgeward/internal/hub"
)

// natsCertificate makes a certificate that stands for authority, servers and
// the hub in one, and gives its files.
func natsCertificate(t *testing.T, dir string) (cert, key string) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "cluster"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage:    x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &k.PublicKey, k)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for path, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cert, key
}

// natsNode is one server process of a cluster.
type natsNode struct {
	bin, conf string
	cmd       *exec.Cmd
}

func (n *natsNode) start(t *testing.T) {
	t.Helper()
	cmd := exec.Command(n.bin, "-c", n.conf)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	n.cmd = cmd
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
}

// natsCluster starts three servers of the version that is embedded, which want
// a certificate from whoever comes.
func natsCluster(t *testing.T) ([]*natsNode, NATS) {
	t.Helper()
	dir := t.TempDir()
	bin := filepath.Join(dir, "nats-server")
	if out, err := exec.Command("go", "build", "-o", bin, "github.com/nats-io/nats-server/v2").CombinedOutput(); err != nil {
		t.Fatalf("build nats-server: %v\n%s", err, out)
	}
	cert, key := natsCertificate(t, dir)
	var ports []int
	for range 6 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	var routes []string
	for _, p := range ports[3:] {
		routes = append(routes, fmt.Sprintf("nats-route://127.0.0.1:%d", p))
	}
	how := NATS{CA: cert, Certificate: cert, Key: key}
	var nodes []*natsNode
	for i := range 3 {
		n := &natsNode{bin: bin, conf: filepath.Join(dir, fmt.Sprintf("n%d.conf", i))}
		text := fmt.Sprintf(`server_name: n%d
listen: 127.0.0.1:%d
max_payload: 9MB
tls { cert_file: %q, key_file: %q, ca_file: %q, verify: true }
jetstream { store_dir: %q, max_file_store: 1GB, max_memory_store: 16MB }
cluster { name: edgeward, listen: 127.0.0.1:%d, routes: [%s] }
`, i, ports[i], cert, key, cert, filepath.Join(dir, fmt.Sprint("data", i)), ports[3+i], strings.Join(routes, ", "))
		if err := os.WriteFile(n.conf, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		how.URLs = append(how.URLs, fmt.Sprintf("tls://127.0.0.1:%d", ports[i]))
		nodes = append(nodes, n)
	}
	return nodes, how
}

// TestHubOnACluster takes batches in over three servers with mutual TLS, kills
// one of them in the middle, and wants every event once.
func TestHubOnACluster(t *testing.T) {
	if testing.Short() {
		t.Skip("starts three servers")
	}
	nodes, how := natsCluster(t)
	for _, n := range nodes {
		n.start(t)
	}
	var o jetstream.Options
	if err := how.into(&o); err != nil {
		t.Fatal(err)
	}
	o.MaxBytes = 256 << 20
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	var s *jetstream.Stream
	for {
		var err error
		if s, err = jetstream.Open(ctx, o); err == nil {
			break
		}
		select {
		case <-ctx.Done():
			t.Fatal(err)
		case <-time.After(100 * time.Millisecond):
		}
	}
	d := openDepotOn(t, s, "sqlite:"+filepath.Join(t.TempDir(), "state.db"), t.TempDir())
	defer d.close()
	if i, err := s.Info(ctx); err != nil || i.Replicas != 3 {
		t.Fatalf("the stream of three servers: %+v, %v", i, err)
	}
	const rounds = 150
	m := newMade("far", 1, func(h bus.Header, message []byte) error {
		return d.ingest.PublishWait(ctx, h, append([]byte(nil), message...))
	})
	for i := range rounds {
		if i == rounds/3 {
			_ = nodes[0].cmd.Process.Kill()
			_ = nodes[0].cmd.Wait()
		}
		if i == 2*rounds/3 {
			nodes[0].start(t)
		}
		m.facts(100)
		m.device(i % 50)
		if err := m.Flush(); err != nil {
			t.Fatal(err)
		}
	}
	d.wantOnce(t, "far", 100*rounds)
}

// TestNATSFilesThatCannotBeUsed says which key of the configuration is wrong.
func TestNATSFilesThatCannotBeUsed(t *testing.T) {
	dir := t.TempDir()
	cert, key := natsCertificate(t, dir)
	for want, n := range map[string]NATS{
		"authority":    {CA: filepath.Join(dir, "none")},
		"no cert":      {CA: key},
		"certificate ": {Certificate: cert},
		"credentials":  {Credentials: filepath.Join(dir, "none")},
	} {
		n.URLs = []string{"nats://127.0.0.1:1"}
		if err := n.into(&jetstream.Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v; want %q", n, err, want)
		}
	}
}

// wantOnce waits until all is taken in and wants events 1 to n of a sensor
// once each, in the event log and in the state's count.
func (d *depot) wantOnce(t *testing.T, sensor string, n uint64) {
	t.Helper()
	waitIdle(t, d)
	seen := flowsIn(t, d.events, sensor)
	for flow := uint64(1); flow <= n; flow++ {
		if seen[flow] != 1 {
			t.Fatalf("event %d of %d is there %d times", flow, n, seen[flow])
		}
	}
	s, err := d.state.Sensor(t.Context(), 0, sensor)
	if err != nil || s.Facts != n || uint64(len(seen)) != n {
		t.Errorf("%d events in the log, state %+v, %v; want %d", len(seen), s, err, n)
	}
	if h := d.ingest.Health(); h.State != hub.Running {
		t.Errorf("ingest is %s: %s", h.State, h.Problem)
	}
}
