//go:build !sensor

package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"edgeward/internal/ident"
)

// Place is a hub and what lets the command line in.
type Place struct {
	URL   string `json:"url"`
	Token string `json:"token"`
	Pin   string `json:"pin,omitempty"` // SHA-256 of the hub's certificate, hexadecimal
}

// Find says which hub is meant: what flags and the environment say, then what
// edgeward login has stored, then the hub that runs on this machine.
func Find(url, token, data string) (Place, error) {
	if url == "" {
		url = os.Getenv("EDGEWARD_URL")
	}
	if token == "" {
		token = os.Getenv("EDGEWARD_TOKEN")
	}
	if url != "" && token != "" {
		return Place{URL: url, Token: token}, nil
	}
	var tried []string
	for _, path := range candidates(data) {
		p, err := read(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if errors.Is(err, fs.ErrPermission) {
			tried = append(tried, path)
			continue
		}
		if err != nil {
			return Place{}, err
		}
		if url != "" && p.URL != url {
			continue
		}
		if token != "" {
			p.Token = token
		}
		return p, nil
	}
	if len(tried) > 0 {
		return Place{}, ident.Errorf(ident.Denied, "run it as the hub's user, or log in with edgeward login", "%s is not readable", tried[0])
	}
	if url != "" {
		return Place{}, ident.Errorf(ident.Denied, "log in with edgeward login --url "+url+", or set EDGEWARD_TOKEN", "there is no token for %s", url)
	}
	return Place{}, ident.Errorf(ident.NotFound, "start one with edgeward run, or name one with --url and edgeward login", "no hub is known")
}

// candidates lists the files that may say which hub is meant, in order.
func candidates(data string) []string {
	var out []string
	if data == "" {
		data = os.Getenv("EDGEWARD_DATA")
	}
	if data != "" {
		return []string{filepath.Join(data, "local.json")}
	}
	if p, err := storePath(); err == nil {
		out = append(out, p)
	}
	if home, err := os.UserHomeDir(); err == nil {
		out = append(out, filepath.Join(home, ".local", "share", "edgeward", "local.json"))
	}
	return append(out, "/var/lib/edgeward/local.json")
}

func storePath() (string, error) {
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", fmt.Errorf("find the folder of settings: %w", err)
	}
	return filepath.Join(dir, "edgeward", "login.json"), nil
}

// maxPlace bounds the file.
const maxPlace = 64 << 10

func read(path string) (Place, error) {
	var p Place
	info, err := os.Stat(path)
	if err != nil {
		return p, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return p, ident.Errorf(ident.Denied, "chmod 600 "+path, "%s can be read by others", path)
	}
	if info.Size() > maxPlace {
		return p, ident.Errorf(ident.Invalid, "", "%s is too long", path)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return p, err
	}
	if err := json.Unmarshal(b, &p); err != nil || p.URL == "" {
		return p, ident.Errorf(ident.Invalid, "log in again with edgeward login", "%s is damaged", path)
	}
	return p, nil
}

// Store keeps a place for later calls, readable by its owner only.
func Store(p Place) (string, error) {
	path, err := storePath()
	if err != nil {
		return "", err
	}
	b, err := json.Marshal(p)
	if err != nil {
		return "", fmt.Errorf("store the login: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", fmt.Errorf("store the login: %w", err)
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".login-*") // made with 0600
	if err != nil {
		return "", fmt.Errorf("store the login: %w", err)
	}
	defer os.Remove(f.Name())
	if _, err := f.Write(b); err != nil {
		f.Close()
		return "", fmt.Errorf("store the login: %w", err)
	}
	if err := f.Close(); err != nil {
		return "", fmt.Errorf("store the login: %w", err)
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return "", fmt.Errorf("store the login: %w", err)
	}
	return path, nil
}

// Forget removes what Store kept.
func Forget() error {
	path, err := storePath()
	if err != nil {
		return err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("forget the login: %w", err)
	}
	return nil
}
