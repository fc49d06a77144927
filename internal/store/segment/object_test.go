package segment_test

import (
	"context"
	"io"
	"log"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"edgeward/internal/hub"
	"edgeward/internal/ident"
	"edgeward/internal/query"
	"edgeward/internal/store/segment"
)

// TestObjectStore runs against an S3 implementation in this process: it shows
// that the files go there and come back, not how a real service behaves.
func TestObjectStore(t *testing.T) {
	backend := s3mem.New()
	server := httptest.NewServer(gofakes3.New(backend, gofakes3.WithLogger(gofakes3.StdLog(log.New(io.Discard, "", 0)))).Server())
	defer server.Close()
	ctx := context.Background()
	o := segment.ObjectOptions{Endpoint: strings.TrimPrefix(server.URL, "http://"), Bucket: "facts", Prefix: "hub/", Region: "us-east-1", AccessKey: "a", SecretKey: "b", Plain: true}
	if _, err := segment.NewObjectStore(ctx, o); ident.CodeOf(err) != ident.NotFound {
		t.Fatalf("without a bucket: %v", err)
	}
	if err := backend.CreateBucket("facts"); err != nil {
		t.Fatal(err)
	}
	store, err := segment.NewObjectStore(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(8, 8))
	dir, m := t.TempDir(), newManifest()
	now := time.Unix(0, start+100*hour)
	l := open(t, segment.Options{Dir: dir, Objects: store, Manifest: m, Clock: func() time.Time { return now }})
	for i := range 3 {
		appendAll(t, l, batches(t, "s", uint64(i+1), 0, facts(r, 100)))
		seal(t, l)
	}
	now = now.Add(time.Hour)
	if err := l.Maintain(ctx); err != nil {
		t.Fatal(err)
	}
	want := everything(t, l, query.Request{})
	if len(want) != 300 {
		t.Fatalf("%d facts", len(want))
	}
	objects, err := backend.ListBucket("facts", &gofakes3.Prefix{HasPrefix: true, Prefix: "hub/tenant=0/family="}, gofakes3.ListBucketPage{})
	if err != nil || len(objects.Contents) != len(m.rows) {
		t.Fatalf("%d objects, %d rows, %v", len(objects.Contents), len(m.rows), err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	// Another machine, or one that lost its cache.
	other := t.TempDir()
	o.Cache = 1
	store, err = segment.NewObjectStore(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	l = open(t, segment.Options{Dir: other, Objects: store, Manifest: m})
	if got := everything(t, l, query.Request{}); !reflect.DeepEqual(got, want) {
		t.Fatalf("%d facts from the store, want %d", len(got), len(want))
	}
	if left, err := os.ReadDir(filepath.Join(other, "cache")); err != nil || len(left) != 0 {
		t.Errorf("%d files in a cache of one byte, %v", len(left), err)
	}
	// An object that was taken away, and a store that is away.
	if _, err := backend.DeleteObject("facts", objects.Contents[0].Key); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	l = open(t, segment.Options{Dir: other, Objects: store, Manifest: m})
	if n := len(l.Status().Broken); n != 1 {
		t.Errorf("%d broken files", n)
	}
	server.Close()
	appendAll(t, l, batches(t, "s", 9, 0, facts(r, 10)))
	short, cancel := context.WithTimeout(ctx, 200*time.Millisecond)
	defer cancel()
	if err := l.Seal(short, &hub.Checkpoint{}); ident.CodeOf(err) != ident.Unavailable || l.Status().Waiting != 10 {
		t.Errorf("the store is away: %v, %+v", err, l.Status())
	}
	if _, err := segment.Open(short, segment.Options{Dir: other, Objects: store, Manifest: m}); ident.CodeOf(err) != ident.Unavailable {
		t.Errorf("open while the store is away: %v", err)
	}
}
