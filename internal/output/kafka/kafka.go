// Package kafka produces messages to a Kafka topic through franz-go, with
// idempotent writes that all replicas in sync have taken. Its tests run
// against kfake, an in-process imitation of a broker by franz-go's author; no
// real Kafka was at hand. It knows nothing of what messages hold.
package kafka

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl/scram"

	"edgeward/internal/ident"
	"edgeward/internal/output/queue"
)

// Message is one record. Records of one key keep their order.
type Message struct {
	Key   []byte
	Value []byte
}

// Options say where to produce to.
type Options struct {
	Brokers  []string
	Topic    string
	TLS      *tls.Config // nil for none
	User     string      // of SCRAM-SHA-512; empty for no authentication
	Password string
	ClientID string
}

// Client produces messages.
type Client struct {
	k *kgo.Client
}

var _ queue.Sender[Message] = (*Client)(nil)

// New makes a Client; it connects when there is something to send.
func New(o Options) (*Client, error) {
	if len(o.Brokers) == 0 || o.Topic == "" {
		return nil, ident.Errorf(ident.Usage, "give brokers as host:port, and a topic", "no Kafka brokers or no topic")
	}
	if o.User != "" && o.TLS == nil {
		return nil, ident.Errorf(ident.Usage, "use TLS", "a password is not sent to Kafka without encryption")
	}
	if o.ClientID == "" {
		o.ClientID = "edgeward"
	}
	opts := []kgo.Opt{
		kgo.SeedBrokers(o.Brokers...), kgo.DefaultProduceTopic(o.Topic), kgo.ClientID(o.ClientID),
		kgo.RequiredAcks(kgo.AllISRAcks()), kgo.ProducerBatchCompression(kgo.ZstdCompression(), kgo.NoCompression()),
		kgo.MaxBufferedRecords(10_000), kgo.RecordRetries(3),
	}
	if o.TLS != nil {
		opts = append(opts, kgo.DialTLSConfig(o.TLS))
	}
	if o.User != "" {
		opts = append(opts, kgo.SASL(scram.Auth{User: o.User, Pass: o.Password}.AsSha512Mechanism()))
	}
	k, err := kgo.NewClient(opts...)
	if err != nil {
		return nil, ident.Errorf(ident.Usage, "", "kafka: %w", err)
	}
	return &Client{k: k}, nil
}

// Close ends the connections.
func (c *Client) Close() { c.k.Close() }

// Send produces messages and waits until the brokers have them. When it fails
// some of them may be there: who reads drops what it has by the ids in them.
func (c *Client) Send(ctx context.Context, items []Message) error {
	records := make([]*kgo.Record, len(items))
	for i, m := range items {
		records[i] = &kgo.Record{Key: m.Key, Value: m.Value}
	}
	err := c.k.ProduceSync(ctx, records...).FirstErr()
	switch {
	case err == nil:
		return nil
	case errors.Is(err, kerr.MessageTooLarge), errors.Is(err, kerr.InvalidTopicException), errors.Is(err, kerr.TopicAuthorizationFailed):
		return fmt.Errorf("kafka: %w: %w", err, queue.ErrRefused)
	}
	return fmt.Errorf("kafka: %w", err)
}
