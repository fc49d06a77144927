// Package webhook posts notices to a web server as JSON, signed with a key
// that both sides know. It follows no redirects: it talks to the address that
// the operator gave and to no other. It knows the nouns only; package app
// gives it what to send.
package webhook

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"edgeward/internal/ident"
	"edgeward/internal/output/notice"
	"edgeward/internal/output/queue"
)

// Options say where to post.
type Options struct {
	URL  string
	Key  []byte      // of the signature; empty for none
	TLS  *tls.Config // nil for the system's authorities
	Now  ident.Clock
	Name string // of the program, for the User-Agent header
}

// Client posts notices.
type Client struct {
	o    Options
	http *http.Client
}

var _ queue.Sender[*notice.Notice] = (*Client)(nil)

// New makes a Client. It reaches out only when there is something to send.
func New(o Options) (*Client, error) {
	u, err := url.Parse(o.URL)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, ident.Errorf(ident.Usage, "give an address such as https://chat.example.org/hook", "the address of the webhook is not valid")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Name == "" {
		o.Name = "edgeward"
	}
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.TLSClientConfig, t.MaxIdleConns, t.MaxConnsPerHost = o.TLS, 1, 2
	return &Client{o: o, http: &http.Client{Transport: t, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}, nil
}

// Close ends idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Sign gives the signature of a body: HMAC-SHA256 over the time in seconds, a
// dot and the body, in hexadecimal. Receivers compare it in constant time and
// refuse times that are long gone.
func Sign(key []byte, seconds int64, body []byte) string {
	m := hmac.New(sha256.New, key)
	m.Write(strconv.AppendInt(nil, seconds, 10))
	m.Write([]byte{'.'})
	m.Write(body)
	return hex.EncodeToString(m.Sum(nil))
}

// Send posts each notice. The header Edgeward-Signature holds "t=SECONDS,
// v1=SIGNATURE"; Idempotency-Key is the same when a notice is sent again.
func (c *Client) Send(ctx context.Context, items []*notice.Notice) error {
	for _, n := range items {
		body, err := json.Marshal(n)
		if err != nil {
			return fmt.Errorf("webhook: %w: %w", err, queue.ErrRefused)
		}
		if err := c.post(ctx, n.ID, body); err != nil {
			return err
		}
	}
	return nil
}

func (c *Client) post(ctx context.Context, id string, body []byte) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.o.URL, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("webhook: the address is not valid: %w", queue.ErrRefused)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", c.o.Name)
	r.Header.Set("Idempotency-Key", id)
	if len(c.o.Key) > 0 {
		now := c.o.Now().Unix()
		r.Header.Set("Edgeward-Signature", fmt.Sprintf("t=%d,v1=%s", now, Sign(c.o.Key, now, body)))
	}
	a, err := c.http.Do(r)
	if err != nil {
		if u := (*url.Error)(nil); errors.As(err, &u) {
			err = u.Err // the text has the address, which may hold a token
		}
		return fmt.Errorf("webhook: %w", err)
	}
	defer a.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(a.Body, 64<<10))
	switch {
	case a.StatusCode < 300:
		return nil
	case a.StatusCode < 400:
		return fmt.Errorf("webhook: the server answers with a redirect (%d), which is not followed: %w", a.StatusCode, queue.ErrRefused)
	case a.StatusCode == http.StatusRequestTimeout || a.StatusCode == http.StatusTooManyRequests || a.StatusCode >= 500:
		return fmt.Errorf("webhook: the server answers %s", a.Status)
	}
	return fmt.Errorf("webhook: the server answers %s: %w", a.Status, queue.ErrRefused)
}
