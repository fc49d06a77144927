package jetstream

import (
	"context"
	"errors"
	"time"

	"github.com/nats-io/nats.go"
	js "github.com/nats-io/nats.go/jetstream"

	"edgeward/internal/bus"
	"edgeward/internal/ident"
)

// ahead is how many messages the client may hold before they are asked for:
// with batches of at most 256 KiB, some 8 MiB.
const ahead = 32

// reader reads with an ordered consumer: the server keeps nothing for it, and
// the client makes it anew where messages were skipped on the way.
type reader struct {
	it   js.MessagesContext
	last uint64
}

// Read gives the messages from a number on; numbers that have been released
// are skipped.
func (s *Stream) Read(ctx context.Context, from uint64) (bus.Reader, error) {
	j, err := s.current()
	if err != nil {
		s.revive(ctx)
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, attempt)
	defer cancel()
	c, err := j.OrderedConsumer(ctx, s.o.Name, js.OrderedConsumerConfig{
		DeliverPolicy: js.DeliverByStartSequencePolicy, OptStartSeq: max(from, 1), InactiveThreshold: time.Minute,
	})
	if err != nil {
		if s.embedded() {
			s.revive(ctx)
		}
		return nil, failure("read the stream", err)
	}
	it, err := c.Messages(js.PullMaxMessages(ahead), js.PullThresholdMessages(ahead/2))
	if err != nil {
		return nil, failure("read the stream", err)
	}
	return &reader{it: it, last: max(from, 1) - 1}, nil
}

// Next implements bus.Reader.
func (r *reader) Next(ctx context.Context) (bus.Message, error) {
	for {
		m, err := r.it.Next(js.NextContext(ctx))
		switch {
		case err == nil:
		case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
			return bus.Message{}, err
		case errors.Is(err, js.ErrNoHeartbeat), errors.Is(err, nats.ErrTimeout):
			return bus.Message{}, failure("read the stream", err)
		default:
			return bus.Message{}, ident.Errorf(ident.Unavailable, "", "read the stream: %w", err)
		}
		md, err := m.Metadata()
		if err != nil {
			return bus.Message{}, failure("read the stream", err)
		}
		if md.Sequence.Stream <= r.last {
			continue // given before the consumer was made anew
		}
		r.last = md.Sequence.Stream
		return bus.Message{Seq: r.last, Payload: m.Data(), Stored: md.Timestamp}, nil
	}
}

func (r *reader) Close() { r.it.Stop() }
