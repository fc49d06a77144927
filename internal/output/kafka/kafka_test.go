package kafka

import (
	"context"
	"crypto/tls"
	"fmt"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"edgeward/internal/ident"
)

func TestProduce(t *testing.T) {
	cluster, err := kfake.NewCluster(kfake.NumBrokers(3), kfake.SeedTopics(2, "edgeward"))
	if err != nil {
		t.Fatal(err)
	}
	defer cluster.Close()
	c, err := New(Options{Brokers: cluster.ListenAddrs(), Topic: "edgeward"})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	var items []Message
	for i := range 500 {
		items = append(items, Message{Key: []byte{byte(i % 7)}, Value: fmt.Appendf(nil, "%04d", i)})
	}
	if err := c.Send(ctx, items[:250]); err != nil {
		t.Fatal(err)
	}
	if err := c.Send(ctx, items[250:]); err != nil {
		t.Fatal(err)
	}
	reader, err := kgo.NewClient(kgo.SeedBrokers(cluster.ListenAddrs()...), kgo.ConsumeTopics("edgeward"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	seen := make(map[string]bool)
	last := make(map[byte]string)
	for len(seen) < len(items) && ctx.Err() == nil {
		reader.PollFetches(ctx).EachRecord(func(r *kgo.Record) {
			v := string(r.Value)
			if seen[v] {
				t.Errorf("%s came twice", v)
			}
			if v < last[r.Key[0]] {
				t.Errorf("%s came after %s", v, last[r.Key[0]])
			}
			seen[v], last[r.Key[0]] = true, v
		})
	}
	if len(seen) != len(items) {
		t.Errorf("%d of %d messages are there", len(seen), len(items))
	}
}

func TestAway(t *testing.T) {
	c, err := New(Options{Brokers: []string{"127.0.0.1:1"}, Topic: "t"})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	if err := c.Send(ctx, []Message{{Value: []byte("x")}}); err == nil {
		t.Error("nobody took it, and no error")
	}
}

func TestOptions(t *testing.T) {
	for _, o := range []Options{{}, {Brokers: []string{"a:1"}}, {Brokers: []string{"a:1"}, Topic: "t", User: "u"}} {
		if _, err := New(o); ident.CodeOf(err) != ident.Usage {
			t.Errorf("%+v: %v", o, err)
		}
	}
	c, err := New(Options{Brokers: []string{"a:1"}, Topic: "t", User: "u", TLS: &tls.Config{MinVersion: tls.VersionTLS12}})
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
}
