// Command apidoc writes the OpenAPI document of the service from its code.
// `make docs` runs it; a test wants the document in the repository to be the
// one that it writes.
package main

import (
	"flag"
	"fmt"
	"os"

	"edgeward/internal/api"
)

func main() {
	path := flag.String("o", "docs/reference/openapi.json", "file to write")
	flag.Parse()
	b, err := document()
	if err == nil {
		err = os.WriteFile(*path, b, 0o644)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "apidoc:", err)
		os.Exit(1)
	}
}

// document gives the document. Its version is that of the interface, so that
// it changes with the code only.
func document() ([]byte, error) { return api.Document() }
