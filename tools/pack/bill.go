package main

import (
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"
)

// component is a part of the program, in CycloneDX 1.6.
type component struct {
	Type    string `json:"type"`
	Ref     string `json:"bom-ref,omitempty"`
	Name    string `json:"name"`
	Version string `json:"version"`
	Scope   string `json:"scope,omitempty"`
	PURL    string `json:"purl,omitempty"`
	Hashes  []hash `json:"hashes,omitempty"`
}

type hash struct {
	Alg     string `json:"alg"`
	Content string `json:"content"`
}

// bill writes the bill of materials of a binary: the Go modules that the
// binary itself names, and the packages of the console that were bundled.
func (p *packer) bill(t target, bin string) error {
	info, err := buildinfo.ReadFile(bin)
	if err != nil {
		return err
	}
	sum, err := hashFile(bin)
	if err != nil {
		return err
	}
	parts := []component{{Type: "framework", Ref: "go", Name: "go", Version: strings.TrimPrefix(info.GoVersion, "go"), PURL: "pkg:golang/stdlib@" + strings.TrimPrefix(info.GoVersion, "go")}}
	for _, m := range info.Deps {
		if m.Replace != nil {
			m = m.Replace
		}
		c := component{Type: "library", Name: m.Path, Version: m.Version, PURL: "pkg:golang/" + m.Path + "@" + m.Version}
		c.Ref = c.PURL
		if h, ok := strings.CutPrefix(m.Sum, "h1:"); ok {
			if b, err := base64.StdEncoding.DecodeString(h); err == nil {
				c.Hashes = []hash{{"SHA-256", hex.EncodeToString(b)}}
			}
		}
		parts = append(parts, c)
	}
	if !t.sensor {
		web, err := consoleParts("web/package-lock.json")
		if err != nil {
			return err
		}
		parts = append(parts, web...)
	}
	serial := sha256.Sum256([]byte(t.name() + sum))
	u := serial[:16]
	u[6], u[8] = u[6]&0x0f|0x80, u[8]&0x3f|0x80 // a UUID of version 8 (RFC 9562)
	b, err := json.MarshalIndent(map[string]any{
		"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1,
		"serialNumber": fmt.Sprintf("urn:uuid:%x-%x-%x-%x-%x", u[:4], u[4:6], u[6:8], u[8:10], u[10:]),
		"metadata": map[string]any{
			"timestamp": p.made.Format("2006-01-02T15:04:05Z"),
			"component": component{Type: "application", Ref: "edgeward", Name: t.name(), Version: p.version, Hashes: []hash{{"SHA-256", sum}}},
		},
		"components": parts,
	}, "", "  ")
	if err != nil {
		return err
	}
	name := t.name() + ".cdx.json"
	p.files = append(p.files, name)
	return os.WriteFile(p.path(name), append(b, '\n'), 0o644)
}

// consoleParts lists the npm packages that go into the console; those that
// only build it do not.
func consoleParts(lock string) ([]component, error) {
	b, err := os.ReadFile(lock)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var doc struct {
		Packages map[string]struct {
			Version   string `json:"version"`
			Integrity string `json:"integrity"`
			Dev       bool   `json:"dev"`
			Optional  bool   `json:"optional"`
		} `json:"packages"`
	}
	if err := json.Unmarshal(b, &doc); err != nil {
		return nil, fmt.Errorf("read %s: %w", lock, err)
	}
	var list []component
	for path, q := range doc.Packages {
		i := strings.LastIndex(path, "node_modules/")
		if i < 0 || q.Dev || q.Optional {
			continue
		}
		name := path[i+len("node_modules/"):]
		purl := "pkg:npm/" + strings.ReplaceAll(url.PathEscape(name), "%2F", "/") + "@" + q.Version
		c := component{Type: "library", Ref: purl, Name: name, Version: q.Version, PURL: purl}
		if h, ok := strings.CutPrefix(q.Integrity, "sha512-"); ok {
			if raw, err := base64.StdEncoding.DecodeString(h); err == nil {
				c.Hashes = []hash{{"SHA-512", hex.EncodeToString(raw)}}
			}
		}
		list = append(list, c)
	}
	slices.SortFunc(list, func(a, b component) int { return strings.Compare(a.PURL, b.PURL) })
	return slices.CompactFunc(list, func(a, b component) bool { return a.PURL == b.PURL }), nil
}
