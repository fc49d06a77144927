//go:build !sensor

package api

import (
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// throttle slows down who guesses: after free failures each further one
// doubles the time that must pass before the next attempt counts.
type throttle struct {
	mu    sync.Mutex
	keys  map[string]*failures
	free  int
	most  time.Duration
	bound int
}

type failures struct {
	count int
	until time.Time
	last  time.Time
}

func newThrottle(free int, most time.Duration) *throttle {
	return &throttle{keys: map[string]*failures{}, free: free, most: most, bound: 20_000}
}

// begin counts an attempt as failed until forgive says that it was not, so
// that attempts at the same time count too. It gives how long to wait when the
// attempt must not be made.
func (t *throttle) begin(key string, now time.Time) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	f := t.keys[key]
	if f == nil {
		if len(t.keys) >= t.bound {
			t.sweep(now)
		}
		f = &failures{}
		t.keys[key] = f
	}
	if now.Before(f.last) { // the clock went back: what is to be waited stays as long
		f.until, f.last = now.Add(f.until.Sub(f.last)), now
	}
	if now.Sub(f.last) > 24*time.Hour {
		f.count = 0
	}
	if wait := f.until.Sub(now); wait > 0 && f.count > 0 {
		return wait
	}
	f.count++
	f.last = now
	if over := f.count - t.free; over >= 0 {
		f.until = now.Add(min(time.Second<<min(over, 20), t.most))
	}
	return 0
}

// forgive forgets the failures of a key.
func (t *throttle) forgive(key string) {
	t.mu.Lock()
	delete(t.keys, key)
	t.mu.Unlock()
}

// sweep makes room: first what is over, then whatever comes.
func (t *throttle) sweep(now time.Time) {
	for k, f := range t.keys {
		if now.After(f.until) && now.Sub(f.last) > time.Hour || f.last.Sub(now) > time.Hour {
			delete(t.keys, k)
		}
	}
	for k := range t.keys {
		if len(t.keys) < t.bound {
			return
		}
		delete(t.keys, k)
	}
}

// The rate at which one client may ask.
const (
	requestRate  = 50 // a second
	requestBurst = 300
)

// clients bounds how fast each client asks. Addresses of IPv6 count by their
// /64, which one client has to itself.
type clients struct {
	mu    sync.Mutex
	known map[string]*client
}

type client struct {
	bucket *rate.Limiter
	last   time.Time
}

func newClients() *clients { return &clients{known: map[string]*client{}} }

// allow reports whether a client may ask now.
func (c *clients) allow(address string, now time.Time) bool {
	if a, err := netip.ParseAddr(address); err == nil && a.Is6() && !a.Is4In6() {
		if p, err := a.WithZone("").Prefix(64); err == nil {
			address = p.String()
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	k := c.known[address]
	if k == nil {
		if len(c.known) >= 20_000 {
			for a, old := range c.known {
				if now.Sub(old.last).Abs() > 10*time.Second {
					delete(c.known, a)
				}
			}
		}
		if len(c.known) >= 20_000 {
			return false
		}
		k = &client{bucket: rate.NewLimiter(requestRate, requestBurst)}
		c.known[address] = k
	}
	k.last = now
	return k.bucket.AllowN(now, 1)
}
