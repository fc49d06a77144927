package main

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"edgeward/internal/shared"
)

// pack makes a release of what fits into a test, in a new folder.
func pack(t *testing.T, only string) string {
	t.Helper()
	dir := t.TempDir()
	if err := run([]string{"-o", dir, "-version", "v1.2.3-4-gabc", "-only", only}, io.Discard); err != nil {
		t.Fatal(err)
	}
	return dir
}

func setUp(t *testing.T) {
	t.Helper()
	if testing.Short() || shared.Race {
		t.Skip("skipped: builds the program")
	}
	for _, tool := range []string{"dpkg-deb", "dpkg"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("skipped: %s is missing", tool)
		}
	}
	t.Chdir(filepath.Join("..", ".."))
	t.Setenv("SOURCE_DATE_EPOCH", "1700000000")
	t.Setenv("GOFLAGS", "-pgo=off") // which takes minutes, and is the compiler's business
}

func TestPackageIsReproducibleAndInstalls(t *testing.T) {
	setUp(t)
	const only = "edgeward-linux-amd64"
	one, two := pack(t, only), pack(t, only)
	a, err := os.ReadFile(filepath.Join(one, "SHA256SUMS"))
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(two, "SHA256SUMS"))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(a, b) || strings.Count(string(a), "\n") != 4 {
		t.Fatalf("two releases of the same source differ:\n%s\n%s", a, b)
	}
	check := exec.Command("sha256sum", "-c", "SHA256SUMS")
	check.Dir = one
	if out, err := check.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	t.Run("deb", func(t *testing.T) { install(t, filepath.Join(one, "edgeward_1.2.3+4+gabc_amd64.deb")) })
	t.Run("oci", func(t *testing.T) { layoutHolds(t, filepath.Join(one, "edgeward-oci.tar")) })
	t.Run("sbom", func(t *testing.T) { billNames(t, filepath.Join(one, "edgeward-linux-amd64.cdx.json")) })
}

// TestSmallBuildsStaySmall packs the programs for routers, which fails when one
// is larger than it may be.
func TestSmallBuildsStaySmall(t *testing.T) {
	setUp(t)
	const profiled = 320 << 10 // which the profile adds, and this test does without
	for _, target := range targets {
		if target.limit == 0 {
			continue
		}
		info, err := os.Stat(filepath.Join(pack(t, target.name()), target.name()))
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s has %d of %d bytes", target.name(), info.Size(), target.limit)
		if target.mips == "" && info.Size()+profiled > target.limit {
			t.Errorf("%s has %d bytes; with the profile it has more than %d", target.name(), info.Size(), target.limit)
		}
	}
}

// install puts the package into an empty root, as dpkg does it, and runs it.
func install(t *testing.T, deb string) {
	root := t.TempDir()
	for _, d := range []string{"var/lib/dpkg/info", "var/lib/dpkg/updates", "var/lib/dpkg/triggers", "var/log"} {
		if err := os.MkdirAll(filepath.Join(root, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range []string{"var/lib/dpkg/status", "var/lib/dpkg/available"} {
		if err := os.WriteFile(filepath.Join(root, f), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	args := []string{"--root=" + root, "--force-not-root", "--force-bad-path", "-i", deb}
	out, err := exec.Command("dpkg", args...).CombinedOutput()
	if err != nil {
		t.Fatalf("dpkg %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	version, err := exec.Command(filepath.Join(root, "usr/bin/edgeward"), "version").CombinedOutput()
	if err != nil || !strings.Contains(string(version), "v1.2.3-4-gabc") {
		t.Errorf("the installed program says %q, %v", version, err)
	}
	for _, f := range []string{"lib/systemd/system/edgeward.service", "lib/systemd/system/edgeward-sensor.service", "usr/share/doc/edgeward/copyright"} {
		if _, err := os.Stat(filepath.Join(root, f)); err != nil {
			t.Error(err)
		}
	}
	if out, err := exec.Command("dpkg", "--root="+root, "--force-not-root", "--force-bad-path", "--purge", "edgeward").CombinedOutput(); err != nil {
		t.Errorf("purge: %v\n%s", err, out)
	}
	if _, err := os.Stat(filepath.Join(root, "usr/bin/edgeward")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the program is still there: %v", err)
	}
}

// layoutHolds walks from the index down to the program as a runtime would,
// and wants every blob to have the digest and size that names it.
func layoutHolds(t *testing.T, path string) {
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	files := make(map[string][]byte)
	for r := tar.NewReader(f); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if files[h.Name], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	}
	get := func(d descriptor) []byte {
		b := files["blobs/sha256/"+strings.TrimPrefix(d.Digest, "sha256:")]
		h := sha256.Sum256(b)
		if int64(len(b)) != d.Size || "sha256:"+hex.EncodeToString(h[:]) != d.Digest {
			t.Fatalf("blob %s is not what it is called", d.Digest)
		}
		return b
	}
	type doc struct {
		Manifests []descriptor `json:"manifests"`
		Config    descriptor   `json:"config"`
		Layers    []descriptor `json:"layers"`
	}
	read := func(b []byte) (v doc) {
		if err := json.Unmarshal(b, &v); err != nil {
			t.Fatal(err)
		}
		return v
	}
	top := read(files["index.json"])
	index := read(get(top.Manifests[0]))
	manifest := read(get(index.Manifests[0]))
	var config struct {
		Config struct {
			User       string
			Entrypoint []string
		} `json:"config"`
	}
	if err := json.Unmarshal(get(manifest.Config), &config); err != nil || config.Config.User != "65532:65532" || config.Config.Entrypoint[0] != "/usr/bin/edgeward" {
		t.Errorf("config %+v, %v", config, err)
	}
	if len(get(manifest.Layers[0])) < 1<<20 {
		t.Error("the layer holds no program")
	}
	if skopeo, err := exec.LookPath("skopeo"); err == nil {
		if out, err := exec.Command(skopeo, "inspect", "oci-archive:"+path).CombinedOutput(); err != nil {
			t.Errorf("skopeo: %v\n%s", err, out)
		}
	}
}

func billNames(t *testing.T, path string) {
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Format     string      `json:"bomFormat"`
		Components []component `json:"components"`
	}
	if err := json.Unmarshal(b, &doc); err != nil || doc.Format != "CycloneDX" {
		t.Fatal(err, doc.Format)
	}
	want := map[string]bool{"go": true, "github.com/spf13/cobra": true, "modernc.org/sqlite": true, "react": true}
	seen := make(map[string]bool)
	for _, c := range doc.Components {
		delete(want, c.Name)
		if c.Ref == "" || seen[c.Ref] {
			t.Errorf("component %q has the reference %q", c.Name, c.Ref)
		}
		seen[c.Ref] = true
	}
	if len(want) > 0 {
		t.Errorf("not listed: %v", want)
	}
}

func TestDebVersion(t *testing.T) {
	for v, want := range map[string]string{"v1.2.3": "1.2.3", "v1.2.3-4-gabc": "1.2.3+4+gabc", "abc123": "0~abc123", "development": "0~development", "": "0~"} {
		if got := debVersion(v); got != want {
			t.Errorf("%q: %q, want %q", v, got, want)
		}
	}
}
