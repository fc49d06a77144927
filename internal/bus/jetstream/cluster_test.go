package jetstream

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
)

// node is one process of an external cluster.
type node struct {
	cmd  *exec.Cmd
	conf string
	url  string
}

// freePorts gives ports that nobody had a moment ago.
func freePorts(t *testing.T, n int) []int {
	t.Helper()
	var ports []int
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports
}

// cluster starts three real servers, of the version that is embedded.
func cluster(t *testing.T) []*node {
	t.Helper()
	dir := t.TempDir()
	bin := filepath.Join(dir, "nats-server")
	if out, err := exec.Command("go", "build", "-o", bin, "github.com/nats-io/nats-server/v2").CombinedOutput(); err != nil {
		t.Fatalf("build nats-server: %v\n%s", err, out)
	}
	ports := freePorts(t, 6)
	var routes []string
	for _, p := range ports[3:] {
		routes = append(routes, fmt.Sprintf("nats-route://127.0.0.1:%d", p))
	}
	var nodes []*node
	for i := range 3 {
		conf := filepath.Join(dir, fmt.Sprintf("n%d.conf", i))
		text := fmt.Sprintf(`server_name: n%d
listen: 127.0.0.1:%d
max_payload: 9MB
jetstream { store_dir: %q, max_file_store: 1GB, max_memory_store: 16MB }
cluster { name: edgeward, listen: 127.0.0.1:%d, routes: [%s] }
`, i, ports[i], filepath.Join(dir, fmt.Sprint("data", i)), ports[3+i], strings.Join(routes, ", "))
		if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		n := &node{conf: conf, url: fmt.Sprintf("nats://127.0.0.1:%d", ports[i])}
		n.cmd = exec.Command(bin, "-c", conf)
		n.start(t)
		nodes = append(nodes, n)
	}
	return nodes
}

func (n *node) start(t *testing.T) {
	t.Helper()
	if err := n.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	cmd := n.cmd
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
}

func (n *node) kill() {
	_ = n.cmd.Process.Kill()
	_ = n.cmd.Wait()
}

// TestClusterLosesANode publishes to three servers, kills the leader in the
// middle and brings it back: nothing is lost and nothing is there twice.
func TestClusterLosesANode(t *testing.T) {
	if testing.Short() {
		t.Skip("starts three servers")
	}
	nodes := cluster(t)
	var urls []string
	for _, n := range nodes {
		urls = append(urls, n.url)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	var s *Stream
	var err error
	for s == nil {
		if s, err = Open(ctx, Options{URLs: urls, MaxBytes: 256 << 20}); err != nil && ctx.Err() != nil {
			t.Fatal(err)
		}
	}
	defer s.Close()
	if i, err := s.Info(ctx); err != nil || i.Replicas != 3 {
		t.Fatalf("stream of a cluster: %+v, %v", i, err)
	}

	const total = 3000
	got := make(chan []string, 1)
	go func() { // a reader that lives through it
		var texts []string
		next := uint64(1)
		for len(texts) < total && ctx.Err() == nil {
			r, err := s.Read(ctx, next)
			if err != nil {
				time.Sleep(20 * time.Millisecond)
				continue
			}
			for len(texts) < total {
				m, err := r.Next(ctx)
				if err != nil {
					break
				}
				texts, next = append(texts, string(m.Payload)), m.Seq+1
			}
			r.Close()
		}
		got <- texts
	}()
	var stall time.Duration
	for i := range total {
		if i == total/3 {
			leader := s.leader(ctx, t)
			nodes[leader].kill()
			t.Logf("killed n%d, the leader", leader)
		}
		if i == 2*total/3 {
			for _, n := range nodes {
				if n.cmd.ProcessState != nil {
					n.cmd = exec.Command(n.cmd.Path, "-c", n.conf)
					n.start(t)
				}
			}
		}
		start := time.Now()
		if _, err := s.Publish(ctx, fmt.Sprint("id", i), fmt.Appendf(nil, "batch %d", i)); err != nil {
			t.Fatalf("batch %d: %v", i, err)
		}
		stall = max(stall, time.Since(start))
	}
	t.Logf("the longest wait for an acknowledgement was %v", stall)
	texts := <-got
	if len(texts) != total {
		t.Fatalf("read %d of %d", len(texts), total)
	}
	for i, text := range texts {
		if text != fmt.Sprint("batch ", i) {
			t.Fatalf("number %d is %q", i, text)
		}
	}
	if i, err := s.Info(ctx); err != nil || i.Messages != total {
		t.Errorf("at the end: %+v, %v", i, err)
	}
}

func (s *Stream) leader(ctx context.Context, t *testing.T) int {
	t.Helper()
	st, err := s.js.Stream(ctx, s.o.Name)
	if err != nil {
		t.Fatal(err)
	}
	var n int
	if _, err := fmt.Sscanf(st.CachedInfo().Cluster.Leader, "n%d", &n); err != nil {
		t.Fatal(err)
	}
	return n
}
