//go:build !sensor

package cli

import (
	"bytes"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
)

// TestUploadTwice gives a hub the same file twice: it is counted once, also
// after the upload's entry is gone, unless that is meant; and one that failed
// can be given again.
func TestUploadTwice(t *testing.T) {
	data := t.TempDir()
	s := start(t, "run", "--data", data, "--listen", "127.0.0.1:0")
	lab, err := os.ReadFile("../../test/lab/lab.pcap")
	if err != nil {
		t.Fatal(err)
	}
	token := local(t, data)
	upload := func(query string, b []byte) (int, string) {
		status, answer := s.do(http.MethodPost, "/api/v1/captures?"+query, token, bytes.NewReader(b))
		return status, string(answer)
	}
	idle := func() string {
		var list string
		s.eventually("the analysis", func() bool {
			_, b := s.do(http.MethodGet, "/api/v1/captures", token, nil)
			list = string(b)
			return !strings.Contains(list, `"analysing"`)
		})
		return list
	}
	if status, b := upload("name=lab.pcap", lab); status != http.StatusOK {
		t.Fatalf("the first: %d %s", status, b)
	}
	for range 2 { // while it is analysed, and when it is done
		if status, b := upload("name=other.pcap", lab); status != http.StatusConflict || !strings.Contains(b, "analysed before, as lab.pcap") || !strings.Contains(b, "--again") {
			t.Errorf("the second: %d %s", status, b)
		}
		idle()
	}
	list := idle()
	if strings.Count(list, `"id"`) != 1 || !strings.Contains(list, `"sha256":"`) {
		t.Errorf("uploads: %s", list)
	}
	_, id, _ := strings.Cut(list, `"id":"`)
	id, _, _ = strings.Cut(id, `"`)
	if status, b := s.do(http.MethodDelete, "/api/v1/captures/"+id, token, nil); status/100 != 2 {
		t.Fatalf("delete: %d %s", status, b)
	}
	if status, b := upload("name=other.pcap", lab); status != http.StatusConflict {
		t.Errorf("when its entry is gone: %d %s", status, b)
	}
	if status, b := upload("name=again.pcap&again=true", lab); status != http.StatusOK || !strings.Contains(b, `"again":true`) {
		t.Errorf("again: %d %s", status, b)
	}
	junk := append(bytes.Clone(lab[:4]), bytes.Repeat([]byte{0xff}, 100)...)
	for range 2 {
		if status, b := upload("name=junk.pcap", junk); status != http.StatusOK {
			t.Errorf("one that failed: %d %s", status, b)
		}
		if list := idle(); !strings.Contains(list, `"failed"`) {
			t.Fatalf("junk was analysed: %s", list)
		}
	}
	p, _ := program(t, nil, "captures", "upload", "--data", data, "../../test/lab/lab.pcap")
	<-p.ended
	if said := p.messages(); p.code != exitError || !strings.Contains(said, "analysed before") {
		t.Errorf("the command line: %d %s", p.code, said)
	}
	if code := s.stop(syscall.SIGTERM); code != exitOK {
		t.Errorf("SIGTERM gives %d: %s", code, s.messages())
	}
}
