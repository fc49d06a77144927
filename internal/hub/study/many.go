package study

import (
	"context"

	"edgeward/internal/ident"
	"edgeward/internal/judge/profile"
	"edgeward/internal/policy"
	"edgeward/internal/query"
)

// Learn makes profiles of the facts of many devices.
func Learn(ctx context.Context, o Options, learn profile.LearnOptions) ([]*policy.Policy, error) {
	names := &captures{index: map[string]uint32{}}
	learn.Capture, learn.Tenant, learn.Author = names.name, o.Tenant, o.Author
	l := profile.NewLearner(learn)
	for _, f := range o.Leave {
		l.Leave(f)
	}
	if err := each(ctx, &o, names, l.Observe); err != nil {
		return nil, err
	}
	return l.Policies(o.Devices), nil
}

// Prove replays the facts of many devices against profiles.
func Prove(ctx context.Context, o Options, set *profile.Set) (*profile.Result, error) {
	names := &captures{index: map[string]uint32{}}
	p := profile.NewProof(set, profile.ProofOptions{Needed: o.Needed, Capture: names.name})
	if err := each(ctx, &o, names, func(x *profile.Exchange) { p.Observe(x) }); err != nil {
		return nil, err
	}
	return p.Result(), nil
}

// manyFacts bounds the facts of many devices.
const manyFacts = 10_000_000

// each gives the exchanges of the facts that a request selects.
func each(ctx context.Context, o *Options, names *captures, take func(*profile.Exchange)) error {
	most := o.MaxFacts
	if most == 0 {
		most = manyFacts
	}
	reader := profile.NewReader(o.Hosts)
	n := 0
	return o.Facts.Replay(ctx, o.Request, func(r *query.Record) error {
		if r.Fact == nil {
			return nil
		}
		r.Fact.Capture = names.number(r.Sensor, r.Capture) // tells the flows of sensors apart
		reader.Read(r.Fact, take)
		if n++; n > most {
			// A part of the time would be taken for all of it.
			return ident.Errorf(ident.Usage, "ask for fewer days, or name devices", "there are more than %d facts in this time", most)
		}
		return nil
	})
}

// captures numbers where facts come from.
type captures struct {
	index map[string]uint32
	names []string
}

func (c *captures) number(sensor, capture string) uint32 {
	key := sensor + "\x00" + capture
	n, ok := c.index[key]
	if !ok {
		n = uint32(len(c.names))
		c.index[key] = n
		c.names = append(c.names, capture)
	}
	return n
}

func (c *captures) name(n uint32) string {
	if n < uint32(len(c.names)) {
		return c.names[n]
	}
	return ""
}
