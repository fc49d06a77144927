package segment

import (
	"io/fs"
	"strings"
	"syscall"
	"testing"

	"edgeward/internal/ident"
)

func TestAFullDiskHasAName(t *testing.T) {
	l := &Log{}
	err := l.problem("seal the event log", &fs.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC})
	if ident.CodeOf(err) != ident.Unavailable || !strings.Contains(err.Error(), "disk is full") || ident.HintOf(err) == "" || l.lastError == "" {
		t.Errorf("%v", err)
	}
}

func TestFilter(t *testing.T) {
	x := newIndexer()
	for i := range int64(3000) {
		x.add(&row{SrcHost: i, Src: string([]byte{10, 0, byte(i >> 8), byte(i)})})
	}
	f := readIndex(x.encode())
	for i := range int64(3000) {
		if !f.may(hostHash(i)) || !f.may(addrHash(addrOf(string([]byte{10, 0, byte(i >> 8), byte(i)})))) {
			t.Fatalf("%d is in the file and the filter denies it", i)
		}
	}
	wrong := 0
	for i := range int64(10000) {
		if f.may(hostHash(i + 1e6)) {
			wrong++
		}
	}
	if wrong > 200 {
		t.Errorf("%d of 10000 absent values may be there", wrong)
	}
	for _, b := range [][]byte{nil, {1}, {200}, {3, 1, 2}} {
		if readIndex(b) != nil {
			t.Errorf("%v is taken for a filter", b)
		}
	}
}
