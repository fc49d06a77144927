package main

import (
	"bytes"
	"os"
	"testing"
)

// TestDocumentIsUpToDate wants the document in the repository to be the one
// that the code gives.
func TestDocumentIsUpToDate(t *testing.T) {
	want, err := document()
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("../../docs/reference/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("docs/reference/openapi.json is not what the code gives: run make docs and commit it")
	}
}
