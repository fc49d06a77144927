package segment

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"sync"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"edgeward/internal/hub"
	"edgeward/internal/ident"
)

// ObjectOptions says where an S3-compatible object store is.
type ObjectOptions struct {
	Endpoint  string // host and port
	Bucket    string // must exist
	Prefix    string // of all names in it; may be empty
	Region    string
	AccessKey string
	SecretKey string
	Plain     bool  // HTTP instead of HTTPS
	Cache     int64 // bytes of files kept locally; 0 for 4 GiB
}

const defaultCache = 4 << 30

// ObjectStore keeps the files in an S3-compatible object store. Files that
// were asked for stay in a local cache of bounded size. One hub writes to a
// bucket and prefix; others may read.
type ObjectStore struct {
	o      ObjectOptions
	client *minio.Client
}

// NewObjectStore checks that the bucket can be reached.
func NewObjectStore(ctx context.Context, o ObjectOptions) (*ObjectStore, error) {
	if o.Cache <= 0 {
		o.Cache = defaultCache
	}
	o.Prefix = strings.Trim(o.Prefix, "/")
	if o.Prefix != "" {
		o.Prefix += "/"
	}
	client, err := minio.New(o.Endpoint, &minio.Options{
		Creds: credentials.NewStaticV4(o.AccessKey, o.SecretKey, ""), Secure: !o.Plain, Region: o.Region, BucketLookup: minio.BucketLookupPath,
	})
	if err != nil {
		return nil, ident.Errorf(ident.Usage, "the endpoint is a host with a port, such as s3.example.org:9000", "object store %q: %w", o.Endpoint, err)
	}
	there, err := client.BucketExists(ctx, o.Bucket)
	if err != nil {
		return nil, ident.Errorf(ident.Unavailable, "", "object store %s: %w", o.Endpoint, err)
	}
	if !there {
		return nil, ident.Errorf(ident.NotFound, "make it first; the hub needs the rights to list, read, write and delete in it", "object store %s: there is no bucket %q", o.Endpoint, o.Bucket)
	}
	return &ObjectStore{o: o, client: client}, nil
}

// objectFiles is an object store with its local cache.
type objectFiles struct {
	store *ObjectStore
	dir   string
	mu    sync.Mutex // one download and one trim at a time
}

func (f *objectFiles) key(name string) string { return f.store.o.Prefix + name + extension }

// cached gives the local path of a file.
func (f *objectFiles) cached(name string) string {
	return filepath.Join(f.dir, "cache", strings.ReplaceAll(name, "/", "_")+extension)
}

func (f *objectFiles) put(ctx context.Context, name, path string) error {
	info, err := f.store.client.FPutObject(ctx, f.store.o.Bucket, f.key(name), path, minio.PutObjectOptions{ContentType: "application/vnd.apache.parquet"})
	if err != nil {
		return away(err)
	}
	if st, err := os.Stat(path); err != nil || st.Size() != info.Size {
		return fmt.Errorf("the object store took %d bytes of %s: %w", info.Size, path, errors.Join(errSize, err))
	}
	// What was just written is asked for most: it goes into the cache.
	if err := os.MkdirAll(filepath.Dir(f.cached(name)), 0o750); err != nil {
		return err
	}
	if err := os.Rename(path, f.cached(name)); err != nil {
		return err
	}
	return f.trim()
}

// away gives an error of the store its class.
func away(err error) error {
	return ident.Errorf(ident.Unavailable, "", "object store: %w", err)
}

func missing(err error) bool {
	r := minio.ToErrorResponse(err)
	return r.Code == minio.NoSuchKey || r.StatusCode == http.StatusNotFound
}

func (f *objectFiles) open(ctx context.Context, s *hub.Segment) (source, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	path := f.cached(s.ID)
	if st, err := os.Stat(path); err != nil || st.Size() != s.Bytes {
		if err := f.download(ctx, s, path); err != nil {
			return nil, err
		}
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	_ = os.Chtimes(path, now, now) // only says what was used last
	if err := f.trim(); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

// download fetches a file into the cache and checks it.
func (f *objectFiles) download(ctx context.Context, s *hub.Segment, path string) (err error) {
	o, err := f.store.client.GetObject(ctx, f.store.o.Bucket, f.key(s.ID), minio.GetObjectOptions{})
	if err != nil {
		return away(err)
	}
	defer o.Close()
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Join(f.dir, temporary), "fetch-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(tmp.Name())
		}
	}()
	sum := crc32.New(castagnoli)
	n, err := io.Copy(io.MultiWriter(tmp, sum), io.LimitReader(o, s.Bytes+1))
	err = errors.Join(err, tmp.Close())
	switch {
	case err != nil && missing(err):
		return errMissing
	case err != nil:
		return away(err)
	case n != s.Bytes:
		return fmt.Errorf("%w: %d bytes, not %d", errSize, n, s.Bytes)
	case uint64(sum.Sum32()) != s.Sum:
		return fmt.Errorf("%w: the checksum is another one", errCorrupt)
	}
	return os.Rename(tmp.Name(), path)
}

// trim removes those files of the cache that were used least lately. Who has
// one open keeps it.
func (f *objectFiles) trim() error {
	entries, err := os.ReadDir(filepath.Join(f.dir, "cache"))
	if err != nil {
		return err
	}
	var infos []os.FileInfo
	var total int64
	for _, e := range entries {
		if info, err := e.Info(); err == nil {
			infos = append(infos, info)
			total += info.Size()
		}
	}
	sort.Slice(infos, func(i, j int) bool { return infos[i].ModTime().Before(infos[j].ModTime()) })
	for _, info := range infos {
		if total <= f.store.o.Cache {
			break
		}
		total -= info.Size()
		if err := removeIfThere(filepath.Join(f.dir, "cache", info.Name())); err != nil {
			return err
		}
	}
	return nil
}

func (f *objectFiles) list(ctx context.Context) (map[string]int64, error) {
	out := map[string]int64{}
	for o := range f.store.client.ListObjects(ctx, f.store.o.Bucket, minio.ListObjectsOptions{Prefix: f.store.o.Prefix, Recursive: true}) {
		if o.Err != nil {
			return nil, away(o.Err)
		}
		name := strings.TrimPrefix(o.Key, f.store.o.Prefix)
		if strings.HasPrefix(name, "tenant=") && strings.HasSuffix(name, extension) {
			out[strings.TrimSuffix(name, extension)] = o.Size
		}
	}
	return out, ctx.Err()
}

func (f *objectFiles) remove(ctx context.Context, name string) error {
	err := f.store.client.RemoveObject(ctx, f.store.o.Bucket, f.key(name), minio.RemoveObjectOptions{})
	if err != nil && !missing(err) {
		return away(err)
	}
	return removeIfThere(f.cached(name))
}
