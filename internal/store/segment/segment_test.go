package segment_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"sort"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"edgeward/internal/bus"
	"edgeward/internal/event"
	"edgeward/internal/hub"
	"edgeward/internal/ident"
	"edgeward/internal/query"
	"edgeward/internal/store/segment"
)

// manifest keeps rows in memory, as store/state does in a database.
type manifest struct {
	mu   sync.Mutex
	rows map[string]hub.Segment
	cp   *hub.Checkpoint
	// fail is given by the next swaps; with taken, the rows are stored even so.
	fail  error
	taken bool
}

func newManifest() *manifest { return &manifest{rows: map[string]hub.Segment{}} }

func (m *manifest) Segments(context.Context) ([]hub.Segment, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []hub.Segment
	for _, s := range m.rows {
		out = append(out, s)
	}
	return out, nil
}

func (m *manifest) SwapSegments(_ context.Context, add []hub.Segment, remove []string, cp *hub.Checkpoint) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail != nil && !m.taken {
		return m.fail
	}
	for _, s := range add {
		m.rows[s.ID] = s
	}
	for _, id := range remove {
		delete(m.rows, id)
	}
	if cp != nil {
		m.cp = cp
	}
	return m.fail
}

func open(t testing.TB, o segment.Options) *segment.Log {
	t.Helper()
	l, err := segment.Open(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

const hour = int64(time.Hour)

var start = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC).UnixNano()

// facts makes facts of several kinds, in no order of time.
func facts(r *rand.Rand, n int) []*event.Fact {
	out := make([]*event.Fact, n)
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	for i := range out {
		a := netip.AddrFrom4([4]byte{10, 0, byte(r.IntN(3)), byte(r.IntN(40))})
		b := netip.AddrFrom4([4]byte{192, 0, 2, byte(r.IntN(20))})
		if r.IntN(10) == 0 {
			a = netip.MustParseAddr(fmt.Sprintf("2001:db8::%x", r.IntN(9)))
		}
		f := &event.Fact{Header: event.Header{
			Time: start + r.Int64N(6*hour), Src: a, Dst: b, SrcPort: uint16(40000 + r.IntN(500)), DstPort: uint16(r.IntN(4) + 80), Transport: 6,
			SrcMAC: ident.MAC{2, 0, 0, 0, 0, byte(r.IntN(5))}, Flow: r.Uint64(), Packet: uint64(i + 1), Offset: int64(i * 100), VLAN: uint16(r.IntN(2)),
		}, Ingest: start + 7, SrcHost: ident.HostKey(r.Uint64N(30) + 1<<63), DstHost: ident.HostKey(r.Uint64N(20))}
		switch r.IntN(5) {
		case 0:
			f.Body = &event.Flow{AppProto: event.ProtoMQTT, PktsToServer: 3, PktsToClient: 4, BytesToServer: r.Uint64N(5000), BytesToClient: 7, ConnState: pick("SF", "S0", "REJ"), OneSided: r.IntN(2) == 0}
		case 1:
			f.Body = &event.DNS{Type: "response", RRName: pick("time.example.org", "api.vendor.example", "c2.Bad.example"), RRType: "A", RCode: pick("NOERROR", "NXDOMAIN"),
				Answers: []event.DNSAnswer{{Name: "x", Type: "A", TTL: uint32(r.IntN(600)), Data: pick("192.0.2.1", "192.0.2.2")}}}
		case 2:
			f.Body = &event.HTTP{Host: pick("cam.local", "nvr.local"), Method: pick("GET", "POST"), URL: pick("/", "/login?u=a b", "/cgi-bin/x"), Status: uint16(200 + r.IntN(3)*100), UserAgent: pick("curl/8", "Mozilla", "")}
		case 3:
			f.Body = &event.MQTT{Type: "publish", ClientID: pick("plug1", "plug2"), Publish: event.MQTTPublish{Topic: pick("home/plug/1", "home/+", "$SYS/x"), QoS: uint8(r.IntN(3)), Retain: r.IntN(2) == 0}}
		case 4:
			f.Body = &event.Login{Service: event.ProtoTelnet, User: pick("root", "admin"), Outcome: pick("success", "failure"), Secret: event.Secret{Seen: true, Len: 5, Hash: r.Uint64()}}
		}
		out[i] = f
	}
	return out
}

// batches encodes facts as a sensor does and decodes them as the hub does.
func batches(t testing.TB, sensor string, boot uint64, tenant uint16, facts []*event.Fact) []*bus.Batch {
	t.Helper()
	var out []*bus.Batch
	rec := bus.NewRecorder(bus.RecorderOptions{Tenant: tenant, Sensor: sensor, Boot: boot, Emit: func(_ bus.Header, m []byte) error {
		b, err := bus.Decode(slices.Clone(m), bus.Limits{})
		out = append(out, b)
		return err
	}})
	for _, f := range facts {
		rec.Fact(f)
	}
	if err := rec.Flush(); err != nil {
		t.Fatal(err)
	}
	return out
}

func appendAll(t testing.TB, l *segment.Log, list []*bus.Batch) {
	t.Helper()
	for _, b := range list {
		if err := l.Append(context.Background(), b, "stream", b.Seq); err != nil {
			t.Fatal(err)
		}
	}
}

func seal(t testing.TB, l *segment.Log) {
	t.Helper()
	if err := l.Seal(context.Background(), &hub.Checkpoint{Stream: "stream", Seq: 9}); err != nil {
		t.Fatal(err)
	}
}

// everything reads the whole log, oldest first.
func everything(t testing.TB, l *segment.Log, r query.Request) []query.Record {
	t.Helper()
	var out []query.Record
	err := l.Replay(context.Background(), r, func(rec *query.Record) error {
		out = append(out, *rec)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// pages reads an answer page by page.
func pages(t testing.TB, l *segment.Log, r query.Request) []query.Record {
	t.Helper()
	var out []query.Record
	for {
		res, err := l.Search(context.Background(), r)
		if err != nil {
			t.Fatal(err)
		}
		if res.Partial != "" {
			t.Fatalf("partial: %s", res.Partial)
		}
		out = append(out, res.Records...)
		if res.Next == "" {
			return out
		}
		r.Cursor = res.Next
	}
}

func ids(list []query.Record) []string {
	out := make([]string, len(list))
	for i := range list {
		out[i] = list[i].ID
	}
	return out
}

// mixed gives a log of which parts are sealed, compacted and in memory.
func mixed(t testing.TB, n int) *segment.Log {
	r := rand.New(rand.NewPCG(7, 7))
	now := time.Unix(0, start+100*hour)
	l := open(t, segment.Options{Dir: t.TempDir(), Manifest: newManifest(), Clock: func() time.Time { return now }})
	for i := range 4 {
		appendAll(t, l, batches(t, fmt.Sprintf("s%d", i%2), uint64(i+1), 0, facts(r, n/5)))
		seal(t, l)
	}
	appendAll(t, l, batches(t, "other", 1, 5, facts(r, 50))) // another tenant
	appendAll(t, l, batches(t, "s1", 9, 0, facts(r, n/5)))
	return l
}

var questions = []string{
	"", "kind:dns", "proto:mqtt", "host:10.0.1.7", "host:10.0.0.0/16 kind:(http, mqtt)", "src:2001:db8::3", "port:81", "dport>=82 dport<84",
	"name:*.example.org", "name~VENDOR", "name=c2.Bad.example", "c2.bad", "not kind:flow", "kind:flow bytes>4k", "status:(NXDOMAIN,REJ)",
	"http.status:200..299", "http.http_user_agent:curl*", "dns.answers.rdata:192.0.2.1", "mqtt.publish.retain:false", "mqtt.publish.qos<2 or http.http_method:POST",
	"login.outcome:failure user:root", "mac:02:00:00:00:00:03", "sensor:s1", "time>=2026-03-01T02:00 time<2026-03-01T03:30", "time:2026-03-01T04 or kind:login",
	"-(kind:dns or kind:http) vlan:1", "http.status!=200", "transport:tcp", "192.0.2.3", "10.0.1.0/24 mqtt", "flow.one_sided:true", "packets:7", "name:* -name:*.example",
	"path:\"/login?u=a b\"", "path:home/*", "user:*", "kind:nothing",
}

func TestAnswersAreThoseOfALinearScan(t *testing.T) {
	n := 3000
	if testing.Short() {
		n = 750
	}
	l := mixed(t, n)
	all := everything(t, l, query.Request{})
	if len(all) != n {
		t.Fatalf("%d facts", len(all))
	}
	if !sort.SliceIsSorted(all, func(i, j int) bool { return all[i].Time < all[j].Time }) {
		t.Fatal("replayed out of order")
	}
	sort.Slice(all, func(i, j int) bool { return all[i].ID < all[j].ID })
	for _, text := range questions {
		q, err := query.Parse(context.Background(), text, query.Options{})
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		var want []query.Record
		for i := range all {
			if q.Matches(&all[i]) {
				want = append(want, all[i])
			}
		}
		if len(want) == 0 && text != "kind:nothing" {
			t.Errorf("%q matches nothing: the test proves nothing", text)
		}
		got := pages(t, l, query.Request{Text: text, Oldest: true, Limit: 700})
		if !slices.Equal(ids(got), ids(want)) {
			t.Errorf("%q: %d facts, want %d", text, len(got), len(want))
			continue
		}
		for i := range got {
			if !reflect.DeepEqual(got[i], want[i]) {
				t.Fatalf("%q: %+v\nwant %+v", text, got[i], want[i])
			}
		}
		slices.Reverse(want)
		if got := pages(t, l, query.Request{Text: text, Limit: 450}); !slices.Equal(ids(got), ids(want)) {
			t.Errorf("%q, newest first: %d facts, want %d", text, len(got), len(want))
		}
		buckets, err := l.Histogram(context.Background(), query.Request{Text: text, From: start, To: start + 6*hour}, 6)
		if err != nil || len(buckets.Buckets) != 6 || buckets.Partial != "" {
			t.Fatalf("%q: %+v, %v", text, buckets, err)
		}
		var sums [6]query.Bucket
		for i := range want {
			b := &sums[(want[i].Time-start)/hour]
			b.Count++
			b.Bytes += want[i].BytesOut + want[i].BytesIn
		}
		for i, b := range buckets.Buckets {
			if b.Count != sums[i].Count || b.Bytes != sums[i].Bytes || b.Start != start+int64(i)*hour {
				t.Errorf("%q: bucket %d is %+v, want %+v", text, i, b, sums[i])
			}
		}
		for _, field := range []string{"src", "host", "name", "dport", "http.http_method", "mqtt.publish.qos", "kind"} {
			top, err := l.Top(context.Background(), query.Request{Text: text}, field, 5)
			if err != nil {
				t.Fatal(err)
			}
			counts := countBy(want, field)
			for _, c := range top.Values {
				if counts[c.Value] != c.Count {
					t.Errorf("%q: %s %q counts %d, want %d", text, field, c.Value, c.Count, counts[c.Value])
				}
			}
			if len(top.Values) != min(5, len(counts)) || top.Partial != "" {
				t.Errorf("%q: %d values of %s, want %d", text, len(top.Values), field, min(5, len(counts)))
			}
		}
	}
	for _, i := range []int{0, n / 2, n - 1} {
		rec, err := l.Event(context.Background(), 0, all[i].ID)
		if err != nil || !reflect.DeepEqual(*rec, all[i]) {
			t.Errorf("one fact: %+v %v", rec, err)
		}
		if _, err := l.Event(context.Background(), 5, all[i].ID); ident.CodeOf(err) != ident.NotFound {
			t.Errorf("one fact of another tenant: %v", err)
		}
	}
	if _, err := l.Event(context.Background(), 0, "x"); ident.CodeOf(err) != ident.NotFound {
		t.Errorf("no fact: %v", err)
	}
}

func countBy(list []query.Record, field string) map[string]uint64 {
	counts := map[string]uint64{}
	f := query.FieldByName(field)
	for i := range list {
		r := &list[i]
		switch field {
		case "src":
			counts[r.Src.String()]++
		case "host":
			counts[r.Src.String()]++
			counts[r.Dst.String()]++
		case "name":
			if r.Name != "" {
				counts[r.Name]++
			}
		case "dport":
			counts[fmt.Sprint(r.DstPort)]++
		case "kind":
			counts[r.KindName]++
		default:
			r.Fact.Body.Visit(func(i int, v event.Value) bool {
				if r.Kind == f.Body[0].Kind && i == f.Body[0].Index {
					counts[v.String()]++
				}
				return true
			})
		}
	}
	return counts
}

func TestRequestsAreBounded(t *testing.T) {
	l := mixed(t, 1000)
	hosts := []ident.HostKey{1<<63 + 3, 7}
	for _, rec := range pages(t, l, query.Request{Hosts: hosts, Limit: 50}) {
		if !slices.Contains(hosts, rec.SrcHost) && !slices.Contains(hosts, rec.DstHost) {
			t.Fatalf("a fact of other hosts: %+v", rec)
		}
	}
	if got := pages(t, l, query.Request{Sensors: []string{"s0"}}); len(got) != 400 || got[0].Sensor != "s0" {
		t.Errorf("%d facts of one sensor", len(got))
	}
	if got := pages(t, l, query.Request{Sensors: []string{}}); len(got) != 0 {
		t.Errorf("%d facts of no sensor", len(got))
	}
	if got := pages(t, l, query.Request{Tenant: 5}); len(got) != 50 || got[0].Place.Tenant != 5 {
		t.Errorf("%d facts of the other tenant", len(got))
	}
	if _, err := l.Search(context.Background(), query.Request{Cursor: "nonsense"}); ident.CodeOf(err) != ident.Invalid {
		t.Errorf("a wrong cursor: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := l.Search(ctx, query.Request{}); !errors.Is(err, context.Canceled) {
		t.Errorf("a search that was called off: %v", err)
	}
}

func TestWhatWasSealedIsThereAfterARestart(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	dir, m := t.TempDir(), newManifest()
	l := open(t, segment.Options{Dir: dir, Manifest: m})
	appendAll(t, l, batches(t, "s", 1, 0, facts(r, 500)))
	if n := len(everything(t, l, query.Request{})); n != 500 || l.Status().Waiting != 500 {
		t.Fatalf("%d facts before sealing", n)
	}
	seal(t, l)
	want := everything(t, l, query.Request{})
	appendAll(t, l, batches(t, "s", 2, 0, facts(r, 10))) // not sealed: comes again from the stream
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	// What a crash leaves behind.
	for _, p := range []string{"tmp/x.parquet", "tenant=0/family=flow/date=2026-03-01/0-orphan.parquet"} {
		if err := os.WriteFile(filepath.Join(dir, p), []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	l = open(t, segment.Options{Dir: dir, Manifest: m})
	got := everything(t, l, query.Request{})
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("%d facts after a restart, want %d", len(got), len(want))
	}
	if m.cp == nil || m.cp.Seq != 9 {
		t.Errorf("the checkpoint is %+v", m.cp)
	}
	if n := len(files(t, dir)); n != len(m.rows) {
		t.Errorf("%d files, %d rows", n, len(m.rows))
	}
	for _, s := range m.rows {
		if s.Stream != "stream" || s.First != 1 || s.Last != 1 || len(s.Sensors) != 1 {
			t.Errorf("%s: messages %d to %d of %s, sensors %v", s.ID, s.First, s.Last, s.Stream, s.Sensors)
		}
	}
}

func files(t testing.TB, dir string) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(dir, func(p string, e os.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			out = append(out, p)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestDamagedFilesAreLeftOutVisibly(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	dir, m := t.TempDir(), newManifest()
	l := open(t, segment.Options{Dir: dir, Manifest: m})
	for i := range 4 {
		appendAll(t, l, batches(t, "s", uint64(i+1), 0, facts(r, 300)))
		seal(t, l)
	}
	var flows []string
	for _, s := range m.rows {
		if s.Family == "flow" {
			flows = append(flows, s.ID)
		}
	}
	sort.Strings(flows)
	path := func(i int) string { return filepath.Join(dir, flows[i]+".parquet") }
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(path(0)); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path(1), 100); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path(2))
	if err != nil {
		t.Fatal(err)
	}
	for i := 4; i < len(b)-8; i += 3 {
		b[i] ^= 0x5a
	}
	if err := os.WriteFile(path(2), b, 0o600); err != nil {
		t.Fatal(err)
	}
	l = open(t, segment.Options{Dir: dir, Manifest: m})
	if n := len(l.Status().Broken); n != 2 {
		t.Errorf("%d broken files known at the start: %+v", n, l.Status().Broken)
	}
	res, err := l.Search(context.Background(), query.Request{Text: "kind:flow", Limit: 10000})
	if err != nil || res.Partial == "" || len(res.Records) == 0 {
		t.Fatalf("%d facts, partial %q, %v", len(res.Records), res.Partial, err)
	}
	if n := len(l.Status().Broken); n != 3 {
		t.Errorf("%d broken files after a search", n)
	}
	h, err := l.Histogram(context.Background(), query.Request{Text: "kind:flow"}, 10)
	if err != nil || h.Partial == "" || len(h.Buckets) == 0 {
		t.Errorf("a histogram does not say what it left out: %+v, %v", h, err)
	}
	top, err := l.Top(context.Background(), query.Request{Text: "kind:flow"}, "src", 10)
	if err != nil || top.Partial == "" || len(top.Values) == 0 {
		t.Errorf("top values do not say what they left out: %+v, %v", top, err)
	}
	for i := range 3 {
		if m.rows[flows[i]].Broken == "" {
			t.Errorf("the manifest has no reason for %s", flows[i])
		}
	}
	if got := pages(t, l, query.Request{Text: "kind:dns"}); len(got) == 0 {
		t.Error("other files are not read")
	}
}

func TestAFlippedBitIsFoundByVerify(t *testing.T) {
	dir, m := t.TempDir(), newManifest()
	l := open(t, segment.Options{Dir: dir, Manifest: m})
	appendAll(t, l, batches(t, "s", 1, 0, facts(rand.New(rand.NewPCG(2, 2)), 300)))
	seal(t, l)
	if broken, err := l.Verify(context.Background()); err != nil || len(broken) != 0 {
		t.Fatalf("%v %v", broken, err)
	}
	path := files(t, dir)[0]
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)/2] ^= 1
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	if broken, err := l.Verify(context.Background()); err != nil || len(broken) != 1 || broken[0].Why == "" {
		t.Fatalf("%v %v", broken, err)
	}
}

// TestEveryDamageIsAnError cuts and changes a file in many places: a query
// gives an answer or says what is wrong, and never crashes.
func TestEveryDamageIsAnError(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	dir, m := t.TempDir(), newManifest()
	l := open(t, segment.Options{Dir: dir, Manifest: m})
	appendAll(t, l, batches(t, "s", 1, 0, facts(r, 200)))
	seal(t, l)
	path := files(t, dir)[0]
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	rounds := 400
	if testing.Short() {
		rounds = 60
	}
	for range rounds {
		b := slices.Clone(good)
		for range 1 + r.IntN(4) {
			b[r.IntN(len(b))] = byte(r.Uint32())
		}
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		m.mu.Lock()
		for id, s := range m.rows {
			s.Broken = ""
			m.rows[id] = s
		}
		m.mu.Unlock()
		l, err := segment.Open(context.Background(), segment.Options{Dir: dir, Manifest: m})
		if err != nil {
			t.Fatal(err)
		}
		for _, q := range []string{"", "host:10.0.1.7", "dns.rcode:NXDOMAIN or http.status:200"} {
			_, _ = l.Search(context.Background(), query.Request{Text: q, Limit: 5000})
			_, _ = l.Top(context.Background(), query.Request{Text: q}, "host", 5)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAManifestThatFailsLosesAndDoublesNothing(t *testing.T) {
	for _, taken := range []bool{false, true} {
		dir, m := t.TempDir(), newManifest()
		l := open(t, segment.Options{Dir: dir, Manifest: m})
		r := rand.New(rand.NewPCG(3, 3))
		appendAll(t, l, batches(t, "s", 1, 0, facts(r, 100)))
		m.fail, m.taken = errors.New("the database is away"), taken
		if err := l.Seal(context.Background(), &hub.Checkpoint{Seq: 1}); ident.CodeOf(err) != ident.Unavailable {
			t.Fatalf("%v", err)
		}
		if l.Status().Error == "" || !l.Due() {
			t.Error("the state does not show it")
		}
		appendAll(t, l, batches(t, "s", 2, 0, facts(r, 100)))
		if n := len(everything(t, l, query.Request{})); n != 200 {
			t.Fatalf("%d facts while the manifest is away", n)
		}
		m.fail = nil
		if err := l.Seal(context.Background(), &hub.Checkpoint{Seq: 2}); err != nil {
			t.Fatal(err)
		}
		if n := len(everything(t, l, query.Request{})); n != 200 || l.Status().Error != "" || l.Status().Waiting != 0 {
			t.Fatalf("%d facts, %+v", n, l.Status())
		}
		l2 := open(t, segment.Options{Dir: dir, Manifest: m})
		if n := len(everything(t, l2, query.Request{})); n != 200 || m.cp.Seq != 2 {
			t.Fatalf("%d facts after a restart", n)
		}
	}
}

func TestWhatCannotBeWrittenWaits(t *testing.T) {
	dir, m := t.TempDir(), newManifest()
	l := open(t, segment.Options{Dir: dir, Manifest: m, SealBytes: 64 << 10})
	r := rand.New(rand.NewPCG(3, 3))
	list := batches(t, "s", 1, 0, facts(r, 2000))
	appendAll(t, l, list[:1])
	// A folder that takes no files stands for a disk that is full; the error
	// of a full one is checked in package segment.
	if err := os.RemoveAll(filepath.Join(dir, "tmp")); err != nil {
		t.Fatal(err)
	}
	if err := l.Seal(context.Background(), nil); ident.CodeOf(err) != ident.Unavailable {
		t.Fatalf("%v", err)
	}
	if n := len(everything(t, l, query.Request{})); n != 512 || len(m.rows) != 0 {
		t.Fatalf("%d facts, %d rows", n, len(m.rows))
	}
	var refused error
	for _, b := range list[1:] {
		if refused = l.Append(context.Background(), b, "stream", b.Seq); refused != nil {
			break
		}
	}
	if ident.CodeOf(refused) != ident.Unavailable {
		t.Fatalf("what waits has no bound: %v", refused)
	}
	if err := os.Mkdir(filepath.Join(dir, "tmp"), 0o750); err != nil {
		t.Fatal(err)
	}
	n := l.Status().Waiting
	seal(t, l)
	if got := len(everything(t, l, query.Request{})); got != n || l.Status().Error != "" {
		t.Fatalf("%d facts, want %d: %+v", got, n, l.Status())
	}
}

func TestCompactionChangesNoAnswer(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	dir, m := t.TempDir(), newManifest()
	now := time.Unix(0, start+7*hour)
	l := open(t, segment.Options{Dir: dir, Manifest: m, Clock: func() time.Time { return now }})
	for i := range 12 {
		appendAll(t, l, batches(t, "s", uint64(i+1), 0, facts(r, 200)))
		seal(t, l)
	}
	want := everything(t, l, query.Request{Text: "host:10.0.0.0/8"})
	before := len(m.rows)
	// A reader that began before still has its files.
	n := 0
	err := l.Replay(context.Background(), query.Request{Text: "host:10.0.0.0/8"}, func(*query.Record) error {
		if n++; n == 5 {
			now = time.Unix(0, start+100*hour)
			return l.Maintain(context.Background())
		}
		return nil
	})
	if err != nil || n != len(want) {
		t.Fatalf("%d of %d facts while files were put together: %v", n, len(want), err)
	}
	if len(m.rows) >= before/4 {
		t.Errorf("%d files became %d", before, len(m.rows))
	}
	got := everything(t, l, query.Request{Text: "host:10.0.0.0/8"})
	byID := func(a, b query.Record) int { return cmp.Compare(a.ID, b.ID) }
	slices.SortFunc(got, byID)
	slices.SortFunc(want, byID)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%d facts, want %d", len(got), len(want))
	}
	if n := len(files(t, dir)); n != len(m.rows) {
		t.Errorf("%d files for %d rows", n, len(m.rows))
	}
	for _, s := range m.rows {
		if s.Level == 0 || s.First != 1 || s.Last != 1 {
			t.Errorf("%s: level %d, messages %d to %d", s.ID, s.Level, s.First, s.Last)
		}
	}
	l2 := open(t, segment.Options{Dir: dir, Manifest: m})
	if n := len(everything(t, l2, query.Request{})); n != 2400 {
		t.Errorf("%d facts after a restart", n)
	}
}

func TestRetention(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 6))
	dir, m := t.TempDir(), newManifest()
	now := time.Unix(0, start+20*hour)
	l := open(t, segment.Options{Dir: dir, Manifest: m, Clock: func() time.Time { return now }})
	for day := range 4 {
		list := facts(r, 100)
		for _, f := range list {
			f.Time += int64(day) * 24 * hour
		}
		appendAll(t, l, batches(t, "s", uint64(day+1), 0, list))
		seal(t, l)
	}
	now = time.Unix(0, start+4*24*hour)
	l.SetRetention(segment.Retention{MaxAge: 60 * time.Hour})
	if err := l.Retain(context.Background()); err != nil {
		t.Fatal(err)
	}
	if n := len(everything(t, l, query.Request{})); n != 200 || l.Status().First < start+2*24*hour {
		t.Errorf("%d facts after removal by age", n)
	}
	list := facts(r, 10) // of a capture of ten years ago, read today
	for _, f := range list {
		f.Time -= 10 * 365 * 24 * hour
	}
	appendAll(t, l, batches(t, "s", 9, 0, list))
	seal(t, l)
	if err := l.Retain(context.Background()); err != nil {
		t.Fatal(err)
	}
	if n := len(everything(t, l, query.Request{})); n != 210 {
		t.Errorf("%d facts with those of an old capture", n)
	}
	half := l.Status().Bytes / 2
	l.SetRetention(segment.Retention{MaxBytes: half + 200})
	if err := l.Retain(context.Background()); err != nil {
		t.Fatal(err)
	}
	s := l.Status()
	if n := len(everything(t, l, query.Request{})); n == 0 || n > 150 || s.Bytes > half+200 {
		t.Errorf("%d facts, %d bytes after removal by size", n, s.Bytes)
	}
	if n := len(files(t, dir)); n != len(m.rows) || n != s.Segments {
		t.Errorf("%d files, %d rows", n, len(m.rows))
	}
}

// TestEverythingAtOnce appends, seals, compacts and asks at the same time:
// every answer has what was appended before it was asked for, once.
func TestEverythingAtOnce(t *testing.T) {
	r := rand.New(rand.NewPCG(10, 10))
	m := newManifest()
	var clock atomic.Int64
	clock.Store(start)
	l := open(t, segment.Options{Dir: t.TempDir(), Manifest: m, Clock: func() time.Time { return time.Unix(0, clock.Load()) }})
	var list []*bus.Batch
	rounds := 40
	if testing.Short() {
		rounds = 12
	}
	for i := range rounds {
		list = append(list, batches(t, "s", uint64(i+1), 0, facts(r, 60))...)
	}
	var appended atomic.Int64
	done := make(chan struct{})
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				before := appended.Load()
				res, err := l.Search(context.Background(), query.Request{Limit: 10000})
				if err != nil || res.Partial != "" {
					t.Errorf("%q %v", res.Partial, err)
					return
				}
				if n := int64(len(res.Records)); n < before || n > appended.Load()+60 {
					t.Errorf("%d facts, between %d and %d were appended", n, before, appended.Load())
					return
				}
				top, err := l.Top(context.Background(), query.Request{}, "sensor", 1)
				if err != nil || before > 0 && int64(top.Values[0].Count) < before {
					t.Errorf("%v %v, %d were appended", top, err, before)
					return
				}
			}
		})
	}
	wg.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
			}
			if err := l.Maintain(context.Background()); err != nil {
				t.Error(err)
				return
			}
			l.Status()
		}
	})
	for i, b := range list {
		if err := l.Append(context.Background(), b, "stream", uint64(i+1)); err != nil {
			t.Fatal(err)
		}
		appended.Add(int64(len(b.Facts)))
		if i%3 == 2 {
			if err := l.Seal(context.Background(), &hub.Checkpoint{Stream: "stream", Seq: uint64(i + 1)}); err != nil {
				t.Fatal(err)
			}
			clock.Add(4 * hour) // hours end, and files are put together
		}
	}
	close(done)
	wg.Wait()
	if n := len(everything(t, l, query.Request{})); n != 60*rounds {
		t.Errorf("%d facts", n)
	}
}
