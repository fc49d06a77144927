package webhook

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"edgeward/internal/finding"
	"edgeward/internal/ident"
	"edgeward/internal/output/notice"
	"edgeward/internal/output/queue"
)

func sample() *notice.Notice {
	return notice.Of(notice.Opened, &finding.Record{Label: "camera\r\nX-Evil: 1", Finding: finding.Finding{
		ID: "f1", Check: "credential.guessed", Kind: finding.Detection, Severity: ident.Critical, Title: "Password guessed", Explanation: "why",
		Evidence: []finding.Evidence{{Summary: "login", Bytes: []byte("secret packet")}},
	}}, 1_700_000_000_000_000_000, "https://console.example/")
}

func TestSignedPost(t *testing.T) {
	key := []byte("shared")
	var got map[string]any
	var header http.Header
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		header = r.Header
		var at int64
		var signature string
		if _, err := fmt.Sscanf(strings.ReplaceAll(r.Header.Get("Edgeward-Signature"), ",", " "), "t=%d v1=%s", &at, &signature); err != nil || signature != Sign(key, at, body) || at != 1234 {
			t.Errorf("signature %q: %v", r.Header.Get("Edgeward-Signature"), err)
		}
		if err := json.Unmarshal(body, &got); err != nil {
			t.Error(err)
		}
		if strings.Contains(string(body), "secret packet") {
			t.Error("bytes of a packet left the hub")
		}
	}))
	defer s.Close()
	c, err := New(Options{URL: s.URL + "/hook?token=s3cret", Key: key, Now: func() time.Time { return time.Unix(1234, 0) }})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Send(context.Background(), []*notice.Notice{sample()}); err != nil {
		t.Fatal(err)
	}
	f, _ := got["finding"].(map[string]any)
	if got["event"] != "opened" || got["severity"] != "critical" || got["link"] != "https://console.example/findings/f1" || f["check"] != "credential.guessed" {
		t.Errorf("%v", got)
	}
	if got["title"] != "Password guessed: camera  X-Evil: 1" {
		t.Errorf("title %q", got["title"])
	}
	if header.Get("Idempotency-Key") != "f1-opened-0" || header.Get("Content-Type") != "application/json" {
		t.Errorf("%v", header)
	}
}

func TestNoKeyNoSignature(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if v, signed := r.Header["Edgeward-Signature"]; signed {
			t.Errorf("signed without a key: %q", v)
		}
	}))
	defer s.Close()
	for _, key := range [][]byte{nil, {}} {
		c, err := New(Options{URL: s.URL, Key: key})
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Send(context.Background(), []*notice.Notice{sample()}); err != nil {
			t.Error(err)
		}
		c.Close()
	}
}

func TestAnswers(t *testing.T) {
	var status int
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a redirect was followed") }))
	defer elsewhere.Close()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", elsewhere.URL)
		w.WriteHeader(status)
	}))
	c, err := New(Options{URL: s.URL + "/s3cret"})
	if err != nil {
		t.Fatal(err)
	}
	for code, refused := range map[int]bool{302: true, 400: true, 404: true, 408: false, 429: false, 503: false} {
		status = code
		err := c.Send(context.Background(), []*notice.Notice{sample()})
		if err == nil || errors.Is(err, queue.ErrRefused) != refused {
			t.Errorf("%d: %v", code, err)
		}
	}
	s.Close()
	err = c.Send(context.Background(), []*notice.Notice{sample()})
	if err == nil || errors.Is(err, queue.ErrRefused) || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("a server that is away: %v", err)
	}
}

func TestAddress(t *testing.T) {
	for _, u := range []string{"", "chat.example.org", "ftp://x/y", "https://", "http://%zz"} {
		if _, err := New(Options{URL: u}); ident.CodeOf(err) != ident.Usage {
			t.Errorf("%q: %v", u, err)
		}
	}
}
