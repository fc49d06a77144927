//go:build !sensor

package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"edgeward/internal/bus"
	"edgeward/internal/bus/forward"
	"edgeward/internal/bus/jetstream"
	"edgeward/internal/bus/spool"
	"edgeward/internal/hub"
	"edgeward/internal/ident"
)

// ImportOptions say what is imported, and into which hub.
type ImportOptions struct {
	From string // folder with sealed files
	Data string // data folder of the hub; empty for the default
	// SkipGaps goes on behind files that are missing: what they hold is given
	// up, since a sensor's batches are taken in order.
	SkipGaps bool
	// NATS is the external cluster that the hub uses, if any; needed only
	// while the hub does not run.
	NATS NATS
	File func(ImportedFile) // told of each file; may be nil
}

// ImportedFile is what became of a file.
type ImportedFile struct {
	Path    string
	Number  uint64
	Batches int64
	Skipped bool // it was imported before
}

// ImportResult sums an import up.
type ImportResult struct {
	Files   int
	Skipped int
	Batches int64
	Gaps    []string // what is missing, for people
	Damaged []string
}

// importedFile is the file of the data folder that remembers how far each
// folder of a sensor has been imported.
const importedFile = "imported.json"

// Import gives the batches of carried files to a hub: to the one that runs on
// the data folder, or else into its stream, where the hub finds them at its
// next start. Importing twice changes nothing.
func Import(ctx context.Context, o ImportOptions) (ImportResult, error) {
	var r ImportResult
	if o.Data == "" {
		o.Data = defaultData()
	}
	files, damaged, err := spool.Scan(o.From)
	if err != nil {
		return r, err
	}
	for _, d := range damaged {
		r.Damaged = append(r.Damaged, d.Error())
	}
	if len(files) == 0 && len(damaged) == 0 {
		return r, ident.Errorf(ident.NotFound, "name the folder that edgeward sensor --out wrote", "%s holds no sealed files", o.From)
	}
	to, err := openImport(ctx, &o)
	if err != nil {
		return r, err
	}
	defer to.close()
	next, err := readImported(o.Data) // next number by chain
	if err != nil {
		return r, err
	}
	stopped := map[string]bool{}
	for _, f := range files {
		if stopped[f.Chain] {
			continue
		}
		want := max(next[f.Chain], 1)
		if f.Number < want {
			r.Skipped++
			tell(o.File, ImportedFile{Path: f.Path, Number: f.Number, Skipped: true})
			continue
		}
		if f.Number > want {
			r.Gaps = append(r.Gaps, missingFiles(want, f.Number, f.Path))
			if !o.SkipGaps {
				stopped[f.Chain] = true
				continue
			}
		}
		n, err := f.Each(func(payload []byte) error { return to.put(ctx, payload) })
		bad := ident.CodeOf(err) == ident.Invalid
		if bad {
			r.Damaged = append(r.Damaged, err.Error())
			if !o.SkipGaps {
				stopped[f.Chain] = true
				continue
			}
		} else if err != nil {
			return r, err
		}
		next[f.Chain] = f.Number + 1
		if err := to.flush(ctx); err != nil {
			return r, err
		}
		if err := writeImported(o.Data, next); err != nil {
			return r, err
		}
		if bad {
			continue
		}
		r.Files++
		r.Batches += n
		tell(o.File, ImportedFile{Path: f.Path, Number: f.Number, Batches: n})
	}
	if len(stopped) > 0 {
		return r, ident.Errorf(ident.Invalid, "carry them here and import again, or give them up with --skip-gaps", "files are missing or damaged; what comes after them was not imported")
	}
	return r, nil
}

func tell(f func(ImportedFile), x ImportedFile) {
	if f != nil {
		f(x)
	}
}

func missingFiles(from, to uint64, path string) string {
	if to == from+1 {
		return fmt.Sprintf("file %d is missing before %s", from, path)
	}
	return fmt.Sprintf("files %d to %d are missing before %s", from, to-1, path)
}

func readImported(data string) (map[string]uint64, error) {
	next := map[string]uint64{}
	b, err := os.ReadFile(filepath.Join(data, importedFile))
	if errors.Is(err, fs.ErrNotExist) {
		return next, nil
	}
	if err == nil {
		err = json.Unmarshal(b, &next)
	}
	if err != nil {
		return nil, fmt.Errorf("read what was imported before: %w", err)
	}
	return next, nil
}

func writeImported(data string, next map[string]uint64) error {
	b, err := json.MarshalIndent(next, "", "  ")
	if err != nil {
		return err
	}
	return writeWhole(filepath.Join(data, importedFile), append(b, '\n'), 0o600)
}

// importer is a hub that takes batches.
type importer struct {
	put   func(ctx context.Context, payload []byte) error
	flush func(ctx context.Context) error
	close func()
}

// openImport finds the hub: running, or as its stream.
func openImport(ctx context.Context, o *ImportOptions) (*importer, error) {
	socket := filepath.Join(o.Data, importSocket)
	if c, err := net.Dial("unix", socket); err == nil {
		c.Close()
		return overSocket(socket), nil
	}
	f, err := openFolder(o.Data)
	if err != nil {
		return nil, err
	}
	so := jetstream.Options{Dir: f.in("stream"), Sync: jetstream.SyncAlways}
	var s *jetstream.Stream
	if err = o.NATS.into(&so); err == nil {
		s, err = jetstream.Open(ctx, so)
	}
	if err != nil {
		_ = f.close()
		return nil, err
	}
	return &importer{
		put: func(ctx context.Context, payload []byte) error {
			h, err := bus.Peek(payload)
			if err != nil {
				return err
			}
			_, err = s.Publish(ctx, hub.MessageID(h), bytes.Clone(payload))
			return err
		},
		flush: func(context.Context) error { return nil },
		close: func() { s.Close(); _ = f.close() },
	}, nil
}

// importBytes is how much goes in one request.
const importBytes = 2 << 20

// overSocket sends to the hub that runs.
func overSocket(socket string) *importer {
	client := &http.Client{
		Timeout: 5 * time.Minute,
		Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, "unix", socket)
		}},
	}
	var body bytes.Buffer
	count := 0
	flush := func(ctx context.Context) error {
		if count == 0 {
			return nil
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://hub"+forward.PathBatches, &body)
		if err != nil {
			return err
		}
		resp, err := client.Do(req)
		if err != nil {
			return ident.Errorf(ident.Unavailable, "", "give batches to the hub: %w", err)
		}
		defer resp.Body.Close()
		b, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
		if err != nil {
			return fmt.Errorf("give batches to the hub: %w", err)
		}
		var a forward.Accepted
		if err := json.Unmarshal(b, &a); err != nil || resp.StatusCode != http.StatusOK || a.Accepted != count {
			return ident.Errorf(ident.Unavailable, "import again; what the hub has is skipped", "the hub took %d of %d batches: %s", a.Accepted, count, b)
		}
		body.Reset()
		count = 0
		return nil
	}
	return &importer{
		put: func(ctx context.Context, payload []byte) error {
			if body.Len()+len(payload) > importBytes {
				if err := flush(ctx); err != nil {
					return err
				}
			}
			count++
			return bus.WriteFrame(&body, payload)
		},
		flush: flush, close: client.CloseIdleConnections,
	}
}
