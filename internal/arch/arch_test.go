// Package arch holds no code: its test keeps the rules of the house that
// docs/architecture.md describes.
package arch

import (
	"bytes"
	"encoding/json"
	"errors"
	"go/parser"
	"go/token"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// layers lists the rooms from the bottom up. A package may import packages of
// its own layer and of lower ones.
var layers = [][]string{
	{"internal/ident"},
	{"internal/event", "internal/asset", "internal/finding", "internal/policy", "internal/account", "content"},
	{"internal/wire"},
	{"internal/judge"},
	{"internal/query", "internal/bus", "internal/bundle", "internal/confine"},
	{"internal/hub"},
	{"internal/store", "internal/output"},
	{"internal/api", "internal/console"},
	{"internal/app"},
	{"internal/client"},
	{"internal/cli"},
	{"cmd"},
}

// wire lists the stages of the packet path from the bottom up.
var wire = []string{"internal/wire/capture", "internal/wire/decode", "internal/wire/proto", "internal/wire/flow", "internal/wire/pipeline"}

// thirdParties says which package may import whose module: few, and each in
// one place.
var thirdParties = map[string][]string{
	"github.com/spf13/cobra":        {"internal/cli"},
	"github.com/spf13/pflag":        {"internal/cli"}, // the flags of cobra
	"golang.org/x/term":             {"internal/cli"},
	"golang.org/x/sys":              {"internal/wire/capture", "internal/app", "internal/confine", "internal/store"},
	"golang.org/x/net":              {"internal/wire/capture", "internal/judge/profile"}, // BPF; the public suffix list
	"github.com/klauspost/compress": {"internal/wire/capture", "internal/bundle", "internal/store"},
	"go.yaml.in/yaml/v3":            {"content/yaml", "internal/judge/profile/document"},
	"github.com/goccy/go-yaml":      {"internal/app/config", "tools"}, // YAML with the place of every value

	// The hub's engines, each behind an interface of ours.
	"github.com/nats-io/nats-server/v2":   {"internal/bus/jetstream"},
	"github.com/nats-io/nats.go":          {"internal/bus/jetstream"},
	"modernc.org/sqlite":                  {"internal/store/state"},
	"github.com/jackc/pgx/v5":             {"internal/store/state"},
	"github.com/parquet-go/parquet-go":    {"internal/store/segment"},
	"github.com/minio/minio-go/v7":        {"internal/store/segment"},
	"github.com/danielgtaylor/huma/v2":    {"internal/api", "tools"},
	"github.com/coreos/go-oidc/v3":        {"internal/api"},
	"golang.org/x/oauth2":                 {"internal/api"},
	"github.com/pquerna/otp":              {"internal/api"},
	"golang.org/x/crypto":                 {"internal/api"},
	"github.com/prometheus/client_golang": {"internal/api"},
	"github.com/twmb/franz-go":            {"internal/output/kafka"},
	"github.com/gosnmp/gosnmp":            {"internal/hub/tables"},
	"golang.org/x/time":                   {"internal/api"},
	"github.com/smallstep/pkcs7":          {"internal/judge/profile/mud"}, // detached signatures, RFC 8520 section 13
}

type pkg struct {
	ImportPath string
	Dir        string
	Doc        string
	Imports    []string
	GoFiles    []string
}

func packages(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Dir,Doc,Imports,GoFiles", "edgeward/...")
	out, err := cmd.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			t.Fatalf("go list: %v\n%s", err, exit.Stderr)
		}
		t.Fatal(err)
	}
	var list []pkg
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return list
		} else if err != nil {
			t.Fatal(err)
		}
		list = append(list, p)
	}
}

func within(path, room string) bool { return path == room || strings.HasPrefix(path, room+"/") }

// rank gives the place of a package in a list of rooms, -1 when it is in none.
func rank(path string, rooms ...string) int {
	return slices.IndexFunc(rooms, func(r string) bool { return within(path, r) })
}

func layerOf(path string) int {
	return slices.IndexFunc(layers, func(rooms []string) bool { return rank(path, rooms...) >= 0 })
}

func TestImportsPointDown(t *testing.T) {
	for _, p := range packages(t) {
		from := strings.TrimPrefix(p.ImportPath, "edgeward/")
		for _, i := range p.Imports {
			to, ours := strings.CutPrefix(i, "edgeward/")
			if !ours || rank(from, "internal/arch", "internal/shared", "tools", "test") >= 0 {
				continue
			}
			if lf, lt := layerOf(from), layerOf(to); lf < 0 {
				t.Errorf("%s is in no room of the house", from)
			} else if lt > lf {
				t.Errorf("%s imports %s, which is above it", from, to)
			} else if lf == 1 && lt == 1 {
				t.Errorf("%s imports %s: the nouns import only ident", from, to)
			}
			if wf, wt := rank(from, wire...), rank(to, wire...); wf >= 0 && wt > wf {
				t.Errorf("%s imports %s, which is a later stage", from, to)
			}
		}
	}
}

// TestCodecsStandAlone wants the code that meets hostile bytes first to
// depend on the standard library only.
func TestCodecsStandAlone(t *testing.T) {
	for _, p := range packages(t) {
		from := strings.TrimPrefix(p.ImportPath, "edgeward/")
		if rank(from, "internal/ident", "internal/event", "internal/asset", "internal/finding", "internal/wire/decode", "internal/wire/proto", "internal/wire/flow") < 0 {
			continue
		}
		for _, i := range p.Imports {
			if first, _, _ := strings.Cut(i, "/"); strings.Contains(first, ".") {
				t.Errorf("%s imports %s: only the standard library is allowed there", from, i)
			}
		}
	}
}

func TestThirdPartiesStayInTheirPlace(t *testing.T) {
	for _, p := range packages(t) {
		from := strings.TrimPrefix(p.ImportPath, "edgeward/")
		for _, i := range p.Imports {
			first, _, _ := strings.Cut(i, "/")
			if !strings.Contains(first, ".") {
				continue
			}
			ok := false
			for module, rooms := range thirdParties {
				ok = ok || within(i, module) && rank(from, rooms...) >= 0
			}
			if !ok {
				t.Errorf("%s imports %s: add it to the list in this test with a reason, or do without it", from, i)
			}
		}
	}
}

// TestNobodyImportsTestSupport keeps what is for tests out of the program.
func TestNobodyImportsTestSupport(t *testing.T) {
	for _, p := range packages(t) {
		for _, i := range p.Imports {
			if to := strings.TrimPrefix(i, "edgeward/"); rank(to, "internal/shared", "internal/wire/proto/prototest") >= 0 && rank(strings.TrimPrefix(p.ImportPath, "edgeward/"), "tools", "test", "internal/wire/proto/prototest") < 0 {
				t.Errorf("%s imports %s outside its tests", p.ImportPath, i)
			}
		}
	}
}

// TestEveryPackageSaysWhatItIs wants a doc comment on every package.
func TestEveryPackageSaysWhatItIs(t *testing.T) {
	for _, p := range packages(t) {
		if len(p.GoFiles) == 0 {
			continue
		}
		if p.Doc == "" {
			t.Errorf("%s has no package comment", p.ImportPath)
		}
		for _, f := range p.GoFiles {
			if _, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, f), nil, parser.PackageClauseOnly); err != nil {
				t.Error(err)
			}
		}
	}
}
