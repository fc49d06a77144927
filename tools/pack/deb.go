package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// debVersion makes a version that Debian orders: it begins with a digit.
func debVersion(v string) string {
	v = strings.TrimPrefix(v, "v")
	v = regexp.MustCompile(`[^A-Za-z0-9.+~-]`).ReplaceAllString(v, "~")
	v = strings.ReplaceAll(v, "-", "+")
	if v == "" || v[0] < '0' || v[0] > '9' {
		v = "0~" + v
	}
	return v
}

// deb makes a Debian package with dpkg-deb. The sensor's package has the
// sensor's unit only.
func (p *packer) deb(t target, bin string) error {
	name, about := "edgeward", "network defence for the Internet of Things"
	units := []string{"edgeward.service", "edgeward-sensor.service"}
	if t.sensor {
		name, about, units = "edgeward-sensor", "network sensor for the Internet of Things", units[1:]
	}
	root, err := os.MkdirTemp("", "edgeward-deb")
	if err != nil {
		return err
	}
	defer os.RemoveAll(root)
	install := func(from, to string, mode os.FileMode) error {
		b, err := os.ReadFile(from)
		if err != nil {
			return err
		}
		return p.put(filepath.Join(root, to), b, mode)
	}
	if err := install(bin, "usr/bin/edgeward", 0o755); err != nil {
		return err
	}
	for _, u := range units {
		if err := install(filepath.Join("packaging", u), "lib/systemd/system/"+u, 0o644); err != nil {
			return err
		}
	}
	if err := install("LICENSE", "usr/share/doc/"+name+"/copyright", 0o644); err != nil {
		return err
	}
	size := int64(0)
	if err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		size += (info.Size() + 1023) / 1024
		return err
	}); err != nil {
		return err
	}
	conflicts := "edgeward-sensor"
	if t.sensor {
		conflicts = "edgeward"
	}
	control := fmt.Sprintf(`Package: %s
Version: %s
Architecture: %s
Maintainer: The Edgeward authors <security@edgeward.example>
Installed-Size: %d
Conflicts: %s
Section: net
Priority: optional
Description: %s
 Finds the devices on a network, says what is exposed and who attacks whom,
 with the evidence. One static program without dependencies.
`, name, debVersion(p.version), t.deb, size, conflicts, about)
	if err := p.put(filepath.Join(root, "DEBIAN", "control"), []byte(control), 0o644); err != nil {
		return err
	}
	if err := p.date(root); err != nil {
		return err
	}
	file := fmt.Sprintf("%s_%s_%s.deb", name, debVersion(p.version), t.deb)
	cmd := exec.Command("dpkg-deb", "--root-owner-group", "-Zxz", "--build", root, p.path(file))
	cmd.Env = append(os.Environ(), "SOURCE_DATE_EPOCH="+strconv.FormatInt(p.made.Unix(), 10))
	if b, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("dpkg-deb: %w\n%s", err, b)
	}
	p.files = append(p.files, file)
	return nil
}

// put writes a file with exactly these rights.
func (p *packer) put(path string, b []byte, mode os.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(path, b, mode); err != nil {
		return err
	}
	return os.Chmod(path, mode)
}

// date gives everything below a folder the time of the commit, and folders
// the rights that they have everywhere.
func (p *packer) date(root string) error {
	return filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if err := os.Chmod(path, 0o755); err != nil {
				return err
			}
		}
		return os.Chtimes(path, p.made, p.made)
	})
}
