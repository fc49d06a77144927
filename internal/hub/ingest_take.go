package hub

import (
	"context"
	"sync"
	"time"

	"edgeward/internal/ident"
)

// take gives a group to the projection and to the event log, at the same
// time: they share nothing but the messages, which both only read.
func (i *Ingest) take(ctx context.Context, g group) error {
	var wg sync.WaitGroup
	var projectErr, logErr error
	var out Outcome
	wg.Go(func() { out, projectErr = i.project(ctx, g.messages) })
	wg.Go(func() { logErr = i.log(ctx, g.messages) })
	wg.Wait()
	if projectErr != nil {
		return projectErr
	}
	if logErr != nil {
		return logErr
	}
	i.projected = max(i.projected, g.last)
	if i.sealed.Stream == i.stream {
		i.sealed.Seq = max(i.sealed.Seq, g.last)
	}
	i.h.taken(g, out)
	i.o.Live.Tell(out.Changes...)
	if i.o.Applied != nil && len(g.messages) > 0 {
		i.o.Applied(g.messages, out)
	}
	return nil
}

// project applies messages to the state. One that the state cannot hold is
// set aside alone, the others count.
func (i *Ingest) project(ctx context.Context, messages []Message) (Outcome, error) {
	if len(messages) == 0 {
		return Outcome{}, nil
	}
	var out Outcome
	err := i.retry(ctx, "store what sensors found", func() (err error) {
		out, err = i.o.Projection.Apply(ctx, messages)
		return err
	})
	if ident.CodeOf(err) != ident.Invalid || err == nil {
		return out, err
	}
	if len(messages) == 1 {
		m := messages[0]
		i.quarantine(m.Seq, nil, err)
		return Outcome{}, nil
	}
	var all Outcome
	for k := range messages {
		one, err := i.project(ctx, messages[k:k+1])
		if err != nil {
			return all, err
		}
		all.Applied, all.Skipped = all.Applied+one.Applied, all.Skipped+one.Skipped
		all.Changes = append(all.Changes, one.Changes...)
		all.Opened, all.Again = append(all.Opened, one.Opened...), append(all.Again, one.Again...)
	}
	return all, nil
}

// log appends to the event log what it has not got.
func (i *Ingest) log(ctx context.Context, messages []Message) error {
	for k := range messages {
		m := &messages[k]
		s := m.Source()
		if i.sealed.Seen(m.Stream, m.Seq, s, m.Batch.Seq) {
			i.sealed.Take(m.Stream, m.Seq, s, m.Batch.Seq)
			continue
		}
		err := i.retry(ctx, "append to the event log", func() error {
			return i.o.Log.Append(ctx, m.Batch, m.Stream, m.Seq)
		})
		if ident.CodeOf(err) == ident.Invalid {
			i.quarantine(m.Seq, nil, err)
		} else if err != nil {
			return err
		}
		if last := i.sealed.Marks[s]; last > 0 && m.Batch.Seq > last+1 {
			i.h.missing(m.Batch.Seq - last - 1)
		} else if last == 0 && m.Batch.Seq > 1 {
			i.h.missing(m.Batch.Seq - 1)
		}
		i.sealed.Take(m.Stream, m.Seq, s, m.Batch.Seq)
	}
	return nil
}

// seal makes the event log durable and releases what both sides have. With
// wait it waits for a disk or a store to come back.
func (i *Ingest) seal(ctx context.Context, wait bool) error {
	cp := i.sealed.Clone()
	do := func() error { return i.o.Log.Seal(ctx, &cp) }
	var err error
	if wait {
		err = i.retry(ctx, "seal the event log", do)
	} else {
		err = do()
	}
	if err != nil {
		return err
	}
	i.h.sealed(cp.Seq)
	if cp.Stream != i.stream {
		return nil
	}
	if through := min(cp.Seq, i.projected); through > 0 {
		if err := i.o.Stream.Release(ctx, through); err != nil {
			// They are released with the next seal.
			i.o.Slog.Warn("what is stored could not be released from the stream yet", "cause", err)
		}
	}
	return nil
}

// retry calls f until it succeeds, the context ends, or what it was given is
// at fault. Meanwhile nothing is released.
func (i *Ingest) retry(ctx context.Context, what string, f func() error) error {
	pause, told := 50*time.Millisecond, false
	for {
		err := f()
		if err == nil || ident.CodeOf(err) == ident.Invalid || ctx.Err() != nil {
			if told && err == nil {
				i.o.Slog.Info("it works again", "what", what)
			}
			return err
		}
		i.h.set(stateOf(err), err)
		if !told {
			told = true
			i.o.Slog.Error("ingest waits: nothing is lost, the stream keeps it", "what", what, "cause", err)
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(pause):
		}
		pause = min(2*pause, 3*time.Second)
	}
}
