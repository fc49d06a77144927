package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"time"
)

// imageOf is a binary that gets an image.
type imageOf struct {
	target target
	binary string
}

type descriptor struct {
	MediaType   string            `json:"mediaType"`
	Digest      string            `json:"digest"`
	Size        int64             `json:"size"`
	Platform    *platform         `json:"platform,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

type platform struct {
	OS      string `json:"os"`
	Arch    string `json:"architecture"`
	Variant string `json:"variant,omitempty"`
}

// The media types of the OCI image specification 1.1.
const (
	indexType    = "application/vnd.oci.image.index.v1+json"
	manifestType = "application/vnd.oci.image.manifest.v1+json"
	configType   = "application/vnd.oci.image.config.v1+json"
	layerType    = "application/vnd.oci.image.layer.v1.tar+gzip"
)

// image writes an OCI image layout as one tar archive: for each platform an
// image that holds the program and nothing else, to be run by a user without
// rights, with its data in /data.
func (p *packer) image() error {
	if len(p.images) == 0 {
		return nil
	}
	l := &layout{made: p.made, blobs: make(map[string][]byte)}
	var manifests []descriptor
	for _, i := range p.images {
		d, err := l.add(i, p.version)
		if err != nil {
			return err
		}
		manifests = append(manifests, d)
	}
	index, err := json.Marshal(map[string]any{"schemaVersion": 2, "mediaType": indexType, "manifests": manifests})
	if err != nil {
		return err
	}
	top := l.blob(indexType, index)
	top.Annotations = map[string]string{"org.opencontainers.image.ref.name": p.version}
	root, err := json.Marshal(map[string]any{"schemaVersion": 2, "mediaType": indexType, "manifests": []descriptor{top}})
	if err != nil {
		return err
	}
	const name = "edgeward-oci.tar"
	p.files = append(p.files, name)
	return l.write(p.path(name), root)
}

// layout collects the blobs of an image layout.
type layout struct {
	made  time.Time
	order []string
	blobs map[string][]byte // by hexadecimal digest
}

func (l *layout) blob(mediaType string, b []byte) descriptor {
	h := sha256.Sum256(b)
	d := hex.EncodeToString(h[:])
	if _, ok := l.blobs[d]; !ok {
		l.order = append(l.order, d)
		l.blobs[d] = b
	}
	return descriptor{MediaType: mediaType, Digest: "sha256:" + d, Size: int64(len(b))}
}

const nobody = 65532 // as in images without a distribution

func (l *layout) add(i imageOf, version string) (descriptor, error) {
	program, err := os.ReadFile(i.binary)
	if err != nil {
		return descriptor{}, err
	}
	var plain bytes.Buffer
	w := tar.NewWriter(&plain)
	for _, e := range []struct {
		header tar.Header
		body   []byte
	}{
		{tar.Header{Name: "data/", Typeflag: tar.TypeDir, Mode: 0o700, Uid: nobody, Gid: nobody}, nil},
		{tar.Header{Name: "etc/", Typeflag: tar.TypeDir, Mode: 0o755}, nil},
		{tar.Header{Name: "etc/passwd", Typeflag: tar.TypeReg, Mode: 0o644}, []byte("edgeward:x:65532:65532::/data:/usr/bin/edgeward\n")},
		{tar.Header{Name: "tmp/", Typeflag: tar.TypeDir, Mode: 0o1777}, nil},
		{tar.Header{Name: "usr/", Typeflag: tar.TypeDir, Mode: 0o755}, nil},
		{tar.Header{Name: "usr/bin/", Typeflag: tar.TypeDir, Mode: 0o755}, nil},
		{tar.Header{Name: "usr/bin/edgeward", Typeflag: tar.TypeReg, Mode: 0o755}, program},
	} {
		e.header.Size, e.header.ModTime = int64(len(e.body)), l.made
		if err := w.WriteHeader(&e.header); err != nil {
			return descriptor{}, err
		}
		if _, err := w.Write(e.body); err != nil {
			return descriptor{}, err
		}
	}
	if err := w.Close(); err != nil {
		return descriptor{}, err
	}
	diff := sha256.Sum256(plain.Bytes())
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := z.Write(plain.Bytes()); err != nil {
		return descriptor{}, err
	}
	if err := z.Close(); err != nil {
		return descriptor{}, err
	}
	layer := l.blob(layerType, packed.Bytes())
	where := platform{OS: i.target.os, Arch: i.target.arch}
	if i.target.arm != "" {
		where.Variant = "v" + i.target.arm
	}
	config, err := json.Marshal(map[string]any{
		"created": l.made.Format(time.RFC3339), "os": where.OS, "architecture": where.Arch, "variant": where.Variant,
		"config": map[string]any{
			"User": fmt.Sprintf("%d:%d", nobody, nobody), "Entrypoint": []string{"/usr/bin/edgeward"}, "Cmd": []string{"run", "--data", "/data"}, "WorkingDir": "/data",
			"Volumes": map[string]any{"/data": map[string]any{}}, "StopSignal": "SIGTERM",
			"Labels": map[string]string{"org.opencontainers.image.title": "edgeward", "org.opencontainers.image.version": version, "org.opencontainers.image.licenses": "Apache-2.0"},
		},
		"rootfs":  map[string]any{"type": "layers", "diff_ids": []string{"sha256:" + hex.EncodeToString(diff[:])}},
		"history": []map[string]any{{"created": l.made.Format(time.RFC3339), "created_by": "tools/pack"}},
	})
	if err != nil {
		return descriptor{}, err
	}
	manifest, err := json.Marshal(map[string]any{"schemaVersion": 2, "mediaType": manifestType, "config": l.blob(configType, config), "layers": []descriptor{layer}})
	if err != nil {
		return descriptor{}, err
	}
	d := l.blob(manifestType, manifest)
	d.Platform = &where
	return d, nil
}

func (l *layout) write(path string, index []byte) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	w := tar.NewWriter(f)
	put := func(name string, b []byte) error {
		if err := w.WriteHeader(&tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: 0o644, Size: int64(len(b)), ModTime: l.made}); err != nil {
			return err
		}
		_, err := w.Write(b)
		return err
	}
	if err := put("oci-layout", []byte(`{"imageLayoutVersion":"1.0.0"}`)); err != nil {
		return err
	}
	if err := put("index.json", index); err != nil {
		return err
	}
	for _, d := range l.order {
		if err := put("blobs/sha256/"+d, l.blobs[d]); err != nil {
			return err
		}
	}
	if err := w.Close(); err != nil {
		return err
	}
	return f.Close()
}
