//go:build !sensor

package app

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nkeys"

	"edgeward/internal/bus"
	"edgeward/internal/bus/jetstream"
)

// natsIssuer makes what a server with accounts goes by: an operator that
// vouches for accounts, and accounts that vouch for users.
type natsIssuer struct {
	t        *testing.T
	dir      string
	operator nkeys.KeyPair
}

func (i *natsIssuer) key(make func() (nkeys.KeyPair, error)) (nkeys.KeyPair, string) {
	i.t.Helper()
	k, err := make()
	if err != nil {
		i.t.Fatal(err)
	}
	public, err := k.PublicKey()
	if err != nil {
		i.t.Fatal(err)
	}
	return k, public
}

func (i *natsIssuer) sign(c interface {
	Encode(nkeys.KeyPair) (string, error)
}, by nkeys.KeyPair) string {
	i.t.Helper()
	token, err := c.Encode(by)
	if err != nil {
		i.t.Fatal(err)
	}
	return token
}

// account gives an account, its token, and its public key.
func (i *natsIssuer) account(streams bool) (k nkeys.KeyPair, token, public string) {
	i.t.Helper()
	k, public = i.key(nkeys.CreateAccount)
	c := jwt.NewAccountClaims(public)
	if streams {
		c.Limits.JetStreamLimits = jwt.JetStreamLimits{MemoryStorage: 16 << 20, DiskStorage: 1 << 30, Streams: -1, Consumer: -1}
	}
	return k, i.sign(c, i.operator), public
}

// credentials writes the file of a user of an account.
func (i *natsIssuer) credentials(name string, account nkeys.KeyPair) string {
	i.t.Helper()
	k, public := i.key(nkeys.CreateUser)
	seed, err := k.Seed()
	if err != nil {
		i.t.Fatal(err)
	}
	text, err := jwt.FormatUserConfig(i.sign(jwt.NewUserClaims(public), account), seed)
	if err != nil {
		i.t.Fatal(err)
	}
	path := filepath.Join(i.dir, name)
	if err := os.WriteFile(path, text, 0o600); err != nil {
		i.t.Fatal(err)
	}
	return path
}

// TestHubWithNATSCredentials takes batches in over a server with accounts: with
// the credentials of a user of one of them, and not with none or with those of
// an account that the server does not know.
func TestHubWithNATSCredentials(t *testing.T) {
	if testing.Short() {
		t.Skip("builds and starts a server")
	}
	dir := t.TempDir()
	i := &natsIssuer{t: t, dir: dir}
	var public string
	i.operator, public = i.key(nkeys.CreateOperator)
	operator := i.sign(jwt.NewOperatorClaims(public), i.operator)
	hubs, hubsToken, hubsID := i.account(true)
	_, systemToken, systemID := i.account(false)
	strange, _, _ := i.account(true)

	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	node := &natsNode{bin: filepath.Join(dir, "nats-server"), conf: filepath.Join(dir, "nats.conf")}
	if out, err := exec.Command("go", "build", "-o", node.bin, "github.com/nats-io/nats-server/v2").CombinedOutput(); err != nil {
		t.Fatalf("build nats-server: %v\n%s", err, out)
	}
	text := fmt.Sprintf("listen: %s\nmax_payload: 9MB\noperator: %s\nsystem_account: %s\nresolver: MEMORY\nresolver_preload: { %s: %s, %s: %s }\njetstream { store_dir: %q, max_file_store: 2GB, max_memory_store: 32MB }\n",
		addr, operator, systemID, hubsID, hubsToken, systemID, systemToken, filepath.Join(dir, "data"))
	if err := os.WriteFile(node.conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	node.start(t)

	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	open := func(credentials string) (*jetstream.Stream, error) {
		how := NATS{URLs: []string{"nats://" + addr}, Credentials: credentials, Replicas: 1}
		var o jetstream.Options
		if err := how.into(&o); err != nil {
			t.Fatal(err)
		}
		o.MaxBytes = 64 << 20
		return jetstream.Open(ctx, o)
	}
	var s *jetstream.Stream
	eventually(t, "the server lets the hub in", func() bool {
		s, err = open(i.credentials("hub.creds", hubs))
		return err == nil || ctx.Err() != nil
	})
	if err != nil {
		t.Fatal(err)
	}
	d := openDepotOn(t, s, "sqlite:"+filepath.Join(t.TempDir(), "state.db"), t.TempDir())
	defer d.close()
	m := newMade("far", 1, func(h bus.Header, message []byte) error {
		return d.ingest.PublishWait(ctx, h, append([]byte(nil), message...))
	})
	for range 20 {
		m.facts(100)
		if err := m.Flush(); err != nil {
			t.Fatal(err)
		}
	}
	d.wantOnce(t, "far", 2000)
	for name, path := range map[string]string{"no credentials": "", "those of an account that the server does not know": i.credentials("strange.creds", strange)} {
		if s, err := open(path); err == nil {
			s.Close()
			t.Errorf("%s: it lets us in", name)
		} else if !strings.Contains(strings.ToLower(err.Error()), "authorization") {
			t.Errorf("%s: %v; want a word about authorization", name, err)
		}
	}
}
