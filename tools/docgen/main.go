// Command docgen writes the reference pages in docs/reference from what the
// program itself holds: the registry of facts, the catalogue of checks, the
// list of device types, the list of protocols and the help of the commands.
// `make docs` runs it; a test wants the pages in the repository to be those
// that it writes.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"edgeward/internal/app/config"
)

// pages lists what is written, and by what.
var pages = []struct {
	name  string
	write func() ([]byte, error)
}{
	{"checks.md", checks},
	{"commands.md", commands},
	{"config.schema.json", config.Schema},
	{"configuration.md", configuration},
	{"events.md", events},
	{"protocols.md", protocols},
	{"types.md", types},
}

func main() {
	dir := flag.String("o", "docs/reference", "folder to write to")
	flag.Parse()
	if err := run(*dir); err != nil {
		fmt.Fprintln(os.Stderr, "docgen:", err)
		os.Exit(1)
	}
}

func run(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("write reference pages: %w", err)
	}
	for _, p := range pages {
		b, err := p.write()
		if err != nil {
			return fmt.Errorf("make %s: %w", p.name, err)
		}
		if err := os.WriteFile(filepath.Join(dir, p.name), b, 0o644); err != nil {
			return fmt.Errorf("write reference pages: %w", err)
		}
	}
	return nil
}
