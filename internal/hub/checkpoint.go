package hub

// Source is one run of a sensor: its batches are numbered from 1.
type Source struct {
	Tenant uint16
	Sensor string
	Boot   uint64
}

// Checkpoint says how far a reader of the stream has come. It is stored in
// the same transaction as what the reader made of the messages, so that each
// counts once.
type Checkpoint struct {
	Stream string            // identity of the stream; numbers of another one mean nothing
	Seq    uint64            // of the last message that was taken in
	Marks  map[Source]uint64 // number of the last batch that was taken in
}

// The names under which checkpoints are stored.
const (
	Projected = "projection" // of the state: devices, findings, roll-ups
	Segments  = "segments"   // of the event log: sealed up to here
)

// maxBoots bounds the runs of one sensor that are remembered. Batches of
// older ones, which only a sensor that was offline through as many restarts
// can hold, are told apart by nothing else, so the bound is generous.
const maxBoots = 64

// Seen reports whether a message was taken in before: by its number in the
// same stream, or by the number of its batch.
func (c *Checkpoint) Seen(stream string, seq uint64, s Source, batch uint64) bool {
	return c.Stream == stream && seq <= c.Seq || batch <= c.Marks[s]
}

// Take notes that a message was taken in or left out as seen before.
func (c *Checkpoint) Take(stream string, seq uint64, s Source, batch uint64) {
	if c.Stream != stream {
		c.Stream, c.Seq = stream, 0
	}
	c.Seq = max(c.Seq, seq)
	if c.Marks == nil {
		c.Marks = map[Source]uint64{}
	}
	if _, known := c.Marks[s]; !known {
		c.forgetOldest(s)
	}
	c.Marks[s] = max(c.Marks[s], batch)
}

// forgetOldest makes room for one more run of a sensor. Boots are times, so
// the smallest is the oldest.
func (c *Checkpoint) forgetOldest(s Source) {
	n, oldest := 0, s
	for m := range c.Marks {
		if m.Tenant != s.Tenant || m.Sensor != s.Sensor {
			continue
		}
		n++
		if m.Boot < oldest.Boot {
			oldest = m
		}
	}
	if n >= maxBoots && oldest != s {
		delete(c.Marks, oldest)
	}
}

// Clone gives a copy that shares nothing.
func (c *Checkpoint) Clone() Checkpoint {
	out := Checkpoint{Stream: c.Stream, Seq: c.Seq, Marks: make(map[Source]uint64, len(c.Marks))}
	for s, n := range c.Marks {
		out.Marks[s] = n
	}
	return out
}
