//go:build !sensor

package api

import (
	"context"
	"io"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"edgeward/internal/ident"
)

func (s *Server) listBackups(ctx context.Context, _ *nothing) (*reply[Page[Backup]], error) {
	if s.Backups == nil {
		return ok(Page[Backup]{Items: []Backup{}})
	}
	found, err := s.Backups.Backups(ctx)
	if err != nil {
		return nil, err
	}
	return ok(Page[Backup]{Items: list(found), Total: len(found)})
}

func (s *Server) createBackup(ctx context.Context, in *backupInput) (*reply[Backup], error) {
	if s.Backups == nil {
		return nil, away("making backups")
	}
	b, err := s.Backups.Backup(ctx, plain(in.Body.Note))
	if err != nil {
		return nil, err
	}
	who(ctx).object = b.Name
	return ok(b)
}

func (s *Server) downloadBackup(ctx context.Context, in *backupName) (*huma.StreamResponse, error) {
	if err := s.knownBackup(ctx, in.Name); err != nil {
		return nil, err
	}
	r, err := s.Backups.OpenBackup(ctx, in.Name)
	if err != nil {
		return nil, err
	}
	return file(in.Name, "application/octet-stream", func(w io.Writer) error {
		defer r.Close()
		_, err := io.Copy(w, r)
		return err
	}), nil
}

// knownBackup wants a name to be one of the list, so that no other file can
// be asked for, whatever the name.
func (s *Server) knownBackup(ctx context.Context, name string) error {
	if s.Backups == nil {
		return unknown("backup")
	}
	found, err := s.Backups.Backups(ctx)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(found, func(b Backup) bool { return b.Name == name }) {
		return unknown("backup")
	}
	return nil
}

func (s *Server) deleteBackup(ctx context.Context, in *backupName) (*none, error) {
	if err := s.knownBackup(ctx, in.Name); err != nil {
		return nil, err
	}
	return &none{}, s.Backups.DeleteBackup(ctx, in.Name)
}

func (s *Server) getContent(ctx context.Context, _ *nothing) (*reply[ContentStatus], error) {
	if s.Content == nil {
		return nil, away("the state of the reference knowledge")
	}
	st, err := s.Content.Status(ctx)
	if err != nil {
		return nil, err
	}
	st.Previous = list(st.Previous)
	return ok(st)
}

func (s *Server) installContent(ctx context.Context, in *contentInstall) (*reply[ContentTrial], error) {
	if s.Content == nil {
		return nil, away("the installation of bundles")
	}
	t, err := s.Content.Install(ctx, in.body, in.DryRun)
	if err != nil {
		return nil, err
	}
	c := who(ctx)
	c.object = t.Version
	if in.DryRun {
		c.detail = "tried only"
	}
	t.New, t.Gone = list(t.New), list(t.Gone)
	return ok(t)
}

func (s *Server) rollbackContent(ctx context.Context, in *contentRollback) (*reply[ContentStatus], error) {
	if s.Content == nil {
		return nil, away("going back to an earlier bundle")
	}
	st, err := s.Content.Rollback(ctx, in.Body.Version)
	if err != nil {
		return nil, err
	}
	who(ctx).object = st.Version
	st.Previous = list(st.Previous)
	return ok(st)
}

func (s *Server) about(ctx context.Context, _ *nothing) (*reply[About], error) {
	a := About{
		Version: s.Version, Commit: s.Commit, Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH,
		Started: Time(s.started), Now: Time(s.now()), State: "ready", Parts: []Part{}, Storage: map[string]int64{}, Licences: licences(),
	}
	if s.Health != nil {
		a.Parts = list(s.Health.Parts(ctx))
		if st := s.Health.Storage(ctx); st != nil {
			a.Storage = st
		}
	}
	if c, tells := s.Health.(interface{ Confinement() string }); tells {
		a.Confined = c.Confinement()
	}
	if !who(ctx).role.AtLeast("operator") { // what is wrong inside is for those who mend it
		for i := range a.Parts {
			a.Parts[i].Hint = ""
		}
	}
	if slices.ContainsFunc(a.Parts, func(p Part) bool { return !p.Ready }) {
		a.State = "degraded"
	}
	if s.Content != nil {
		if st, err := s.Content.Status(ctx); err == nil {
			a.Content = st.Version
		} else if ident.CodeOf(err) != ident.NotFound {
			s.Log.WarnContext(ctx, "ask for the state of the content", "error", err)
		}
	}
	return ok(a)
}

// licences lists what others wrote, as it was built into this program. The
// licence's name is that of the module's file, as read when it was chosen.
func licences() []Licence {
	out := []Licence{}
	info, found := debug.ReadBuildInfo()
	if !found {
		return out
	}
	for _, m := range info.Deps {
		if m.Replace != nil {
			m = m.Replace
		}
		out = append(out, Licence{m.Path, m.Version, licenceOf(m.Path)})
	}
	return out
}

// licenceOf knows the licences of the modules that are used; SPDX identifiers.
func licenceOf(module string) string {
	for _, x := range []struct{ prefix, licence string }{
		{"github.com/spf13/cobra", "Apache-2.0"}, {"github.com/nats-io/", "Apache-2.0"}, {"github.com/minio/", "Apache-2.0"}, {"github.com/parquet-go/", "Apache-2.0"},
		{"github.com/coreos/go-oidc", "Apache-2.0"}, {"github.com/go-jose/", "Apache-2.0"}, {"github.com/pquerna/otp", "Apache-2.0"}, {"github.com/prometheus/", "Apache-2.0"},
		{"github.com/pierrec/lz4", "BSD-3-Clause"}, {"github.com/twmb/", "BSD-3-Clause"}, {"github.com/gosnmp/", "BSD-2-Clause"}, {"golang.org/x/", "BSD-3-Clause"},
		{"google.golang.org/protobuf", "BSD-3-Clause"}, {"modernc.org/", "BSD-3-Clause"}, {"github.com/klauspost/compress", "Apache-2.0 AND BSD-3-Clause AND MIT"},
		{"github.com/spf13/pflag", "BSD-3-Clause"}, {"github.com/google/uuid", "BSD-3-Clause"},
		{"github.com/danielgtaylor/huma", "MIT"}, {"github.com/jackc/", "MIT"}, {"github.com/goccy/go-yaml", "MIT"},
		{"github.com/boombuler/barcode", "MIT"}, {"github.com/klauspost/", "MIT"}, {"github.com/dustin/go-humanize", "MIT"}, {"github.com/rs/xid", "MIT"},
		{"github.com/cespare/xxhash", "MIT"}, {"github.com/beorn7/perks", "MIT"}, {"github.com/mattn/", "MIT"},
		{"github.com/andybalholm/brotli", "MIT"}, {"github.com/ncruces/", "MIT"},
	} {
		if strings.HasPrefix(module, x.prefix) {
			return x.licence
		}
	}
	return "see the bill of materials"
}
