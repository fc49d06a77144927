package detect

import (
	"fmt"
	"strings"

	"edgeward/internal/event"
)

// identify finds hosts that contradict themselves: a serial number or model
// that changes and changes back cannot be one machine.
func (p *spoof) identify(s *sight, b *event.Identity) {
	value := b.Serial
	what := "serial number"
	if value == "" {
		value, what = b.Model, "model"
	}
	if value == "" || !s.Src.IsValid() && s.SrcMAC.IsZero() || !s.src.home {
		return
	}
	c := p.identity.make(mix(mix(uint64(s.src.key), textKey(b.Source)), textKey(what)))
	if c.value == value {
		c.last = s.when
		return
	}
	if c.value == "" {
		c.value, c.last = strings.Clone(value), s.when
		return
	}
	back := c.previous == value && near(c.last, s.when, hour)
	c.previous, c.value = c.value, strings.Clone(value)
	c.last = s.when
	c.changes++
	if !back || c.changes < 3 {
		return // one change is a replacement; modules behind one address answer in turn once
	}
	rec := p.e.report("spoof.device-identity", s, &s.src, b.Source)
	if rec.isNew() {
		source, one, two := clip(b.Source, 40), clip(c.previous, 40), clip(c.value, 40)
		rec.tell = func() string {
			return fmt.Sprintf("%s says by %s in turn that its %s is %s and %s.", rec.address, source, what, one, two)
		}
	}
	rec.show(p.e, s, "identity that contradicts the one before")
	rec.add(&p.e.ledger, s.when, 1)
}
