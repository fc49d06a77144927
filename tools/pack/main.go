// Command pack makes what is released: static binaries for every platform,
// Debian packages, an OCI image layout, a bill of materials and checksums.
// The same source gives the same bytes: paths are trimmed and all times are
// that of the commit. Run it from the root of the repository, with the console
// built before.
package main

import (
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// target is one binary.
type target struct {
	os, arch, arm, mips string
	sensor              bool   // without hub, store and console
	deb                 string // Debian's name of the architecture; empty for no package
	limit               int64  // bytes that it may have at most; 0 for no limit
}

// targets lists what is released. SQLite does not build for MIPS, so there is
// the sensor only.
var targets = []target{
	{os: "linux", arch: "amd64", deb: "amd64"},
	{os: "linux", arch: "arm64", deb: "arm64"},
	{os: "linux", arch: "arm", arm: "7", deb: "armhf"},
	{os: "linux", arch: "amd64", sensor: true, deb: "amd64", limit: 12 << 20},
	{os: "linux", arch: "arm64", sensor: true, deb: "arm64"},
	{os: "linux", arch: "arm", arm: "6", sensor: true, deb: "armel"},
	{os: "linux", arch: "mipsle", mips: "softfloat", sensor: true, limit: 25 << 19},
}

func (t target) name() string {
	name := "edgeward"
	if t.sensor {
		name += "-sensor"
	}
	name += "-" + t.os + "-" + t.arch
	if t.arm != "" {
		name += "v" + t.arm
	}
	return name
}

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "pack:", err)
		os.Exit(1)
	}
}

func run(args []string, out io.Writer) error {
	fs := flag.NewFlagSet("pack", flag.ContinueOnError)
	dir := fs.String("o", "bin/dist", "folder to write to")
	version := fs.String("version", "", "version; from git by default")
	only := fs.String("only", "", "only targets whose name contains this")
	if err := fs.Parse(args); err != nil {
		return err
	}
	if *version == "" {
		b, err := exec.Command("git", "describe", "--tags", "--always", "--dirty").Output()
		if err != nil {
			return fmt.Errorf("find the version: %w", err)
		}
		*version = strings.TrimSpace(string(b))
	}
	made, err := commitTime()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(*dir, 0o755); err != nil {
		return err
	}
	p := &packer{dir: *dir, version: *version, made: made}
	for _, t := range targets {
		if !strings.Contains(t.name(), *only) {
			continue
		}
		if err := p.make(t); err != nil {
			return fmt.Errorf("%s: %w", t.name(), err)
		}
		fmt.Fprintln(out, t.name())
	}
	if err := p.image(); err != nil {
		return fmt.Errorf("image: %w", err)
	}
	return p.sums()
}

// commitTime gives the time that all files get.
func commitTime() (time.Time, error) {
	if v := os.Getenv("SOURCE_DATE_EPOCH"); v != "" {
		n, err := strconv.ParseInt(v, 10, 64)
		return time.Unix(n, 0).UTC(), err
	}
	b, err := exec.Command("git", "log", "-1", "--format=%ct").Output()
	if err != nil {
		return time.Time{}, fmt.Errorf("find the time of the commit: %w", err)
	}
	n, err := strconv.ParseInt(strings.TrimSpace(string(b)), 10, 64)
	return time.Unix(n, 0).UTC(), err
}

// packer writes into one folder.
type packer struct {
	dir     string
	version string
	made    time.Time
	files   []string // to sum up
	images  []imageOf
}

func (p *packer) path(name string) string { return filepath.Join(p.dir, name) }

// make builds one binary with its bill of materials and its package.
func (p *packer) make(t target) error {
	bin := p.path(t.name())
	ldflags := "-s -w -buildid= -X edgeward/internal/cli.version=" + p.version
	args := []string{"build", "-trimpath", "-buildvcs=false", "-o", bin}
	if t.sensor {
		small, err := smallFlags("cold")
		if err != nil {
			return err
		}
		args = append(append(args, "-tags", "sensor"), small...)
		ldflags += " -funcalign=1"
	}
	if t.mips != "" {
		small, err := smallFlags("cold-mips")
		if err != nil {
			return err
		}
		args = append(append(args, "-pgo=off"), small...) // the profile would inline more than there is room for
	}
	args = append(args, "-ldflags", ldflags)
	cmd := exec.Command("go", append(args, "./cmd/edgeward")...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+t.os, "GOARCH="+t.arch, "GOARM="+t.arm, "GOMIPS="+t.mips)
	if b, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build: %w\n%s", err, b)
	}
	if info, err := os.Stat(bin); err != nil {
		return err
	} else if t.limit > 0 && info.Size() > t.limit {
		return fmt.Errorf("%s has %d bytes, more than the %d that it may have (docs/performance.md)", t.name(), info.Size(), t.limit)
	}
	p.files = append(p.files, t.name())
	if err := p.bill(t, bin); err != nil {
		return fmt.Errorf("bill of materials: %w", err)
	}
	if t.deb != "" {
		if err := p.deb(t, bin); err != nil {
			return fmt.Errorf("debian package: %w", err)
		}
	}
	if !t.sensor {
		p.images = append(p.images, imageOf{target: t, binary: bin})
	}
	return nil
}

// smallFlags gives the flags that make a program without hub small: the
// packages of a list in the folder packaging are compiled without inlining.
func smallFlags(list string) ([]string, error) {
	b, err := os.ReadFile(filepath.Join("packaging", list))
	if err != nil {
		return nil, fmt.Errorf("read a list of packages: %w", err)
	}
	var args []string
	for l := range strings.Lines(string(b)) {
		if l = strings.TrimSpace(l); l != "" && l[0] != '#' {
			args = append(args, "-gcflags="+l+"=-l")
		}
	}
	return args, nil
}

// sums writes SHA256SUMS, which sha256sum -c reads.
func (p *packer) sums() error {
	slices.Sort(p.files)
	var b strings.Builder
	for _, name := range p.files {
		h, err := hashFile(p.path(name))
		if err != nil {
			return err
		}
		fmt.Fprintf(&b, "%s  %s\n", h, name)
	}
	return os.WriteFile(p.path("SHA256SUMS"), []byte(b.String()), 0o644)
}

func hashFile(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
