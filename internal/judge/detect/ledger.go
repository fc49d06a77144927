package detect

import (
	"cmp"
	"math"
	"net/netip"
	"slices"
	"strings"

	"edgeward/internal/finding"
	"edgeward/internal/ident"
)

// Limits of the ledger. A check has maxOpen episodes at most, so that noise
// about one cannot crowd out the others; ended ones make room first.
const (
	maxOpen    = 512
	maxRecords = 8192
	maxPerHost = 128
)

// ledger holds the episodes: one record per check, host and group until the
// check's quiet time is over, then a new one.
type ledger struct {
	checks  map[string]*checkBook
	byHost  map[hostID][]*record // latest first
	records []*record            // in order of opening
	opened  func(*record)
	dropped uint64
}

// checkBook is a check with its latest record per host and group.
type checkBook struct {
	finding.Check
	latest map[recordKey]*record
	// full is the span in which no episode ends, while the book is full.
	full struct{ from, until int64 }
}

// recordKey tells episodes of one check apart.
type recordKey struct {
	hostID
	group uint64
}

// hostID is whom records are about: a device by its id, anybody else by host
// key. A device keeps its records when its host key changes.
type hostID struct {
	place ident.Place
	id    uint64
}

// record is an episode that becomes a finding. All methods work on nil, which
// stands for a claim that is not kept, so that detectors need not care.
type record struct {
	book       *checkBook
	key        recordKey
	group      string
	place      ident.Place
	host       ident.HostKey
	address    string
	addr       netip.Addr
	device     string
	episode    int64
	first      int64
	last       int64
	n          uint64
	severity   ident.Severity
	confidence float64
	memory     any    // what the detector keeps for its words
	proven     bool   // the attack is known to have worked
	acting     bool   // the host attacks others, where the check is mostly about the attacked
	title      string // instead of the check's when not empty
	peers      []string
	peerSet    distinct
	evidence   []finding.Evidence
	incident   string
	members    []*record
	id         string

	// tell puts what was seen into words; it is called when the finding is
	// read, so it may refer to state that still grows.
	tell func() string

	shown    uint64 // count when it was last given out by updates
	changed  bool   // something other than the count has changed
	anything bool   // it was given out before
}

func (l *ledger) init(checks []finding.Check) {
	l.checks = make(map[string]*checkBook, len(checks))
	l.byHost = make(map[hostID][]*record)
	for _, c := range checks {
		l.checks[c.ID] = &checkBook{Check: c, latest: map[recordKey]*record{}}
	}
}

// at gives the record of the episode of a check about a host at time t,
// opening one when needed. Group parts findings of one host and check.
func (l *ledger) at(check string, place ident.Place, host *actor, device string, g group, t int64) *record {
	b := l.checks[check]
	if b == nil {
		return nil
	}
	k := recordKey{hostID{place, uint64(host.key)}, g.key()}
	if r := b.latest[k]; r != nil && r.holds(t) {
		return r // also when the host has become a device meanwhile
	}
	if device != "" {
		k.id = textKey(device)
		if r := b.latest[k]; r != nil && r.holds(t) {
			return r
		}
	}
	if _, again := b.latest[k]; !again && len(b.latest) >= maxOpen {
		if t < b.full.from || t > b.full.until {
			b.forget(t)
		}
		if len(b.latest) >= maxOpen {
			l.dropped++
			return nil
		}
	}
	id := finding.ID(place, b.ID, host.key, g.String(), t)
	for _, r := range l.byHost[k.hostID] {
		if r.id == id || r.book == b && r.key == k && r.holds(t) { // told late, or the clock jumped away and back
			b.keep(k, r)
			return r
		}
	}
	r := &record{
		id: id, book: b, key: k, group: strings.Clone(g.String()), place: place, host: host.key, address: host.String(), addr: host.addr, device: device,
		episode: t, first: t, last: t, severity: b.Severity, confidence: b.Confidence,
	}
	b.keep(k, r)
	if len(l.records) >= maxRecords {
		l.dropOldest()
	}
	l.records = append(l.records, r)
	l.enlist(r)
	return r
}

// enlist puts a record among those of its host.
func (l *ledger) enlist(r *record) {
	list := l.byHost[r.key.hostID]
	if len(list) >= maxPerHost {
		list = list[:maxPerHost-1]
	}
	l.byHost[r.key.hostID] = slices.Insert(list, 0, r)
}

// holds reports whether time t falls into the record's episode; a clock that
// jumps back by more than the quiet time begins a new one.
func (r *record) holds(t int64) bool {
	quiet := int64(r.book.Quiet)
	return t <= r.last+quiet && t >= r.first-quiet
}

// keep makes a record the latest of its key.
func (b *checkBook) keep(k recordKey, r *record) {
	b.latest[k] = r
	b.narrow(r)
}

// narrow takes a record into account in what is known of a full book.
func (b *checkBook) narrow(r *record) {
	quiet := int64(b.Quiet)
	b.full.from, b.full.until = max(b.full.from, r.first-quiet), min(b.full.until, r.last+quiet)
}

// forget drops the records whose episode is over from the book, and notes for
// how long doing it again is of no use.
func (b *checkBook) forget(t int64) {
	b.full.from, b.full.until = math.MinInt64, math.MaxInt64
	for k, r := range b.latest {
		if r.holds(t) {
			b.narrow(r)
		} else {
			delete(b.latest, k)
		}
	}
}

// dropOldest forgets a quarter of the records, those that ended first.
func (l *ledger) dropOldest() {
	byEnd := slices.Clone(l.records)
	slices.SortStableFunc(byEnd, func(a, b *record) int { return cmp.Compare(a.last, b.last) })
	gone := make(map[*record]bool, len(byEnd)/4)
	for _, r := range byEnd[:len(byEnd)/4] {
		gone[r] = true
		if r.book.latest[r.key] == r {
			delete(r.book.latest, r.key)
		}
	}
	for id, list := range l.byHost {
		if list = slices.DeleteFunc(list, func(r *record) bool { return gone[r] }); len(list) == 0 {
			delete(l.byHost, id)
		} else {
			l.byHost[id] = list
		}
	}
	l.dropped += uint64(len(gone))
	l.records = slices.DeleteFunc(l.records, func(r *record) bool { return gone[r] })
}

// has gives the first record of a check about a host whose episode, with the
// quiet time around it, meets the span, whatever its group; nil when there is
// none.
func (l *ledger) has(check string, id hostID, from, to int64) *record {
	var best *record
	for _, r := range l.byHost[id] {
		if r.book.ID == check && r.n > 0 && from <= r.last+int64(r.book.Quiet) && to >= r.first-int64(r.book.Quiet) && (best == nil || r.first < best.first || r.first == best.first && r.id < best.id) {
			best = r
		}
	}
	return best
}

// isNew reports whether nothing was counted yet: the record was just opened.
func (r *record) isNew() bool { return r != nil && r.n == 0 }

// add counts n more at time t and reports whether the record is kept. The
// first call announces the record to those who link findings.
func (r *record) add(l *ledger, t int64, n uint64) bool {
	if r == nil {
		return false
	}
	opened := r.n == 0
	r.n += n
	r.first, r.last = min(r.first, t), max(r.last, t)
	if opened && l.opened != nil {
		l.opened(r)
	}
	return true
}

// until moves the end of a record to that of the conversation that it tells of.
func (r *record) until(end int64) {
	if r != nil && end > r.last && end-r.last <= 24*hour {
		r.last = end
	}
}

// since moves the beginning of a record that was just opened back to the
// first of the marks that led to it.
func (r *record) since(marks []mark, span int64) {
	if r == nil {
		return
	}
	for _, m := range marks {
		if m.time < r.first && near(m.time, r.episode, span) {
			r.first = m.time
		}
	}
}

// grade raises severity and confidence; it never lowers them.
func (r *record) grade(s ident.Severity, confidence float64) {
	if r == nil {
		return
	}
	if s > r.severity {
		r.severity, r.changed = s, true
	}
	r.confidence = max(r.confidence, confidence)
}

// rate sets severity and confidence of a record that was just opened, and
// otherwise raises them.
func (r *record) rate(s ident.Severity, confidence float64) {
	if r.isNew() {
		r.severity, r.confidence = s, confidence
		return
	}
	r.grade(s, confidence)
}

// peer notes one on the other side.
func (r *record) peer(a *actor) {
	if r == nil || !a.valid() {
		return
	}
	h := addrKey(a.addr)
	if !a.addr.IsValid() {
		h = mix(h, uint64(a.mac[0])<<40|uint64(a.mac[1])<<32|uint64(a.mac[2])<<24|uint64(a.mac[3])<<16|uint64(a.mac[4])<<8|uint64(a.mac[5]))
	}
	if r.peerSet.add(h) && len(r.peers) < finding.MaxPeers {
		r.peers = append(r.peers, a.String())
	}
}

// list names a peer that is counted already.
func (r *record) list(a netip.Addr) {
	if r == nil || len(r.peers) >= finding.MaxPeers {
		return
	}
	if text := a.String(); !slices.Contains(r.peers, text) {
		r.peerSet.add(addrKey(a))
		r.peers = append(r.peers, text)
	}
}

// finding makes the record's finding.
func (r *record) finding() *finding.Finding {
	b := r.book
	f := &finding.Finding{
		ID: r.id, Check: b.ID, Kind: b.Kind, Severity: r.severity, Confidence: r.confidence, Status: finding.Open,
		Title: b.Title, Explanation: b.Explanation, Remedy: b.Remedy, Attack: b.Attack,
		Host: r.host, Address: r.address, Device: r.device, Place: r.place,
		Peers: slices.Clone(r.peers), PeerCount: max(r.peerSet.count(), len(r.peers)),
		Count: r.n, FirstSeen: r.first, LastSeen: r.last, Evidence: slices.Clone(r.evidence),
		Incident: r.incident, Episode: r.episode, Claim: finding.Claim(r.place, b.ID, r.host, r.group),
	}
	if r.title != "" {
		f.Title = r.title
	}
	if r.tell != nil {
		if said := r.tell(); said != "" {
			f.Explanation = strings.TrimSpace(said + " " + b.Explanation)
		}
	}
	for _, m := range r.members {
		f.Members = append(f.Members, m.id)
	}
	return f
}

// count gives the number of findings.
func (l *ledger) count() (n int) {
	for _, r := range l.records {
		if r.n > 0 {
			n++
		}
	}
	return n
}

// findings gives all findings, gravest first.
func (l *ledger) findings() []*finding.Finding {
	all := make([]*finding.Finding, 0, len(l.records))
	for _, r := range l.records {
		if r.n > 0 {
			all = append(all, r.finding())
		}
	}
	slices.SortStableFunc(all, func(a, b *finding.Finding) int {
		return cmp.Or(cmp.Compare(b.Severity, a.Severity), cmp.Compare(a.FirstSeen, b.FirstSeen), cmp.Compare(min(len(b.Members), 1), min(len(a.Members), 1)), cmp.Compare(a.ID, b.ID))
	})
	return all
}

// updates gives what is new or grew notably since the last call, in order of
// opening.
func (l *ledger) updates() []*finding.Finding {
	return l.tell(func(r *record) bool { return r.n >= 2*r.shown })
}

// growth gives what changed in any way since it was given last.
func (l *ledger) growth() []*finding.Finding {
	return l.tell(func(r *record) bool { return r.n != r.shown })
}

func (l *ledger) tell(grew func(*record) bool) []*finding.Finding {
	var out []*finding.Finding
	for _, r := range l.records {
		if r.n == 0 || r.anything && !r.changed && !grew(r) {
			continue
		}
		r.anything, r.changed, r.shown = true, false, r.n
		out = append(out, r.finding())
	}
	return out
}
