package app

import (
	"context"
	"errors"
	"io"

	"edgeward/internal/event"
	"edgeward/internal/output/report"
	"edgeward/internal/wire/logs"
)

// readLog takes a log to its end; its facts go the way of those that packets
// make.
func (a *analysis) readLog(ctx context.Context, log *logs.Reader, in input, entry *report.Capture) error {
	defer log.Close()
	entry.Format = log.Format().String()
	var batch event.Batch
	var err error
	for err == nil {
		if err = log.Read(ctx, &batch); err == nil {
			err = a.take(batch.Facts(), nil)
		}
		if limit := a.o.MaxBytes; limit > 0 && uint64(log.Stats().Bytes) > limit {
			err = tooMuch(limit)
		}
		if s := log.Stats(); a.o.Progress != nil {
			a.o.Progress(a.done+min(s.Bytes, in.size), a.total)
		}
	}
	s := log.Stats()
	entry.Lines, entry.Skipped, entry.Bad, entry.Bytes = s.Lines, s.Skipped, s.Bad, uint64(s.Bytes)
	if s.FirstBad != nil {
		entry.FirstBad = s.FirstBad.Error()
	}
	a.done += in.size
	a.r.Lines += s.Lines
	a.r.Flows += s.Flows
	a.r.Loss.BadLines += s.Bad
	if s.Facts > 0 {
		a.r.First, a.r.Last = min(a.r.First, s.First), max(a.r.Last, s.Last)
	}
	for p, n := range s.Protocols {
		if n.Flows > 0 {
			addProtocol(a.r, report.Protocol{Name: event.Proto(p).String(), Flows: n.Flows, Bytes: n.Bytes})
		}
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}
