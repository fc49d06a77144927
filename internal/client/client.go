//go:build !sensor

// Package client speaks to a hub's API for the command line: it finds out
// which hub and with which token, sends requests, and makes the hub's problems
// errors with hints. It knows no resource; what is asked for and how it is
// shown is package cli's.
package client

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"edgeward/internal/ident"
)

// prefix is where the service lives.
const prefix = "/api/v1"

// maxAnswer bounds an answer that is read into memory.
const maxAnswer = 256 << 20

// Client speaks to one hub.
type Client struct {
	base  *url.URL
	token string
	http  *http.Client
}

// New makes a client for a place. The address is http, https, or
// unix:/path/of/socket.
func New(p Place) (*Client, error) {
	u, err := url.Parse(p.URL)
	if err != nil || u.Scheme != "unix" && (u.Scheme != "http" && u.Scheme != "https" || u.Host == "") {
		return nil, ident.Errorf(ident.Usage, "such as https://hub.example.org or http://127.0.0.1:8480", "%q is no address of a hub", p.URL)
	}
	t := &http.Transport{Proxy: http.ProxyFromEnvironment, TLSHandshakeTimeout: 10 * time.Second, ResponseHeaderTimeout: 5 * time.Minute, ForceAttemptHTTP2: true}
	if u.Scheme == "unix" {
		socket := cmp.Or(u.Path, u.Opaque)
		t.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", socket)
		}
		u = &url.URL{Scheme: "http", Host: "localhost"}
	}
	if u.Scheme == "http" && t.DialContext == nil && !isLoopback(u.Hostname()) && p.Token != "" {
		return nil, ident.Errorf(ident.Usage, "use https, or a tunnel to the machine itself", "the token would go to %s for everybody to read", u.Host)
	}
	if p.Pin != "" {
		t.TLSClientConfig = pinned(p.Pin)
	}
	return &Client{base: u, token: p.Token, http: &http.Client{Transport: t, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse // a token goes where it was meant to go, and nowhere else
	}}}, nil
}

// pinned trusts one certificate and no authority: the one whose fingerprint
// stands beside the local token.
func pinned(pin string) *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12, InsecureSkipVerify: true, //nolint:gosec // the fingerprint is checked below instead
		VerifyPeerCertificate: func(raw [][]byte, _ [][]*x509.Certificate) error {
			if len(raw) > 0 {
				if sum := sha256.Sum256(raw[0]); hex.EncodeToString(sum[:]) == strings.ToLower(pin) {
					return nil
				}
			}
			return errors.New("the hub's certificate is not the one that is known")
		},
	}
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Do sends a request and reads the answer into out, unless that is nil.
func (c *Client) Do(ctx context.Context, method, path string, query url.Values, body, out any) error {
	var r io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return fmt.Errorf("write a request: %w", err)
		}
		r = bytes.NewReader(b)
	}
	res, err := c.send(ctx, method, path, query, r, "application/json")
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if out == nil {
		return nil
	}
	d := json.NewDecoder(io.LimitReader(res.Body, maxAnswer))
	d.UseNumber()
	if err := d.Decode(out); err != nil {
		return fmt.Errorf("read the hub's answer: %w", err)
	}
	return nil
}

// Upload sends a file and reads the answer into out.
func (c *Client) Upload(ctx context.Context, path string, query url.Values, mediaType string, body io.Reader, out any) error {
	res, err := c.send(ctx, http.MethodPost, path, query, body, mediaType)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if err := json.NewDecoder(io.LimitReader(res.Body, maxAnswer)).Decode(out); err != nil {
		return fmt.Errorf("read the hub's answer: %w", err)
	}
	return nil
}

// Download copies an answer as it comes. One that breaks off is an error.
func (c *Client) Download(ctx context.Context, method, path string, query url.Values, body any, w io.Writer) error {
	var r io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return fmt.Errorf("write a request: %w", err)
		}
		r = bytes.NewReader(b)
	}
	res, err := c.send(ctx, method, path, query, r, "application/json")
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if _, err := io.Copy(w, res.Body); err != nil {
		return fmt.Errorf("download: %w", err)
	}
	return nil
}

func (c *Client) send(ctx context.Context, method, path string, query url.Values, body io.Reader, mediaType string) (*http.Response, error) {
	u := *c.base
	ref, err := url.Parse(strings.TrimRight(u.EscapedPath(), "/") + prefix + path)
	if err != nil {
		return nil, fmt.Errorf("ask the hub: %w", err)
	}
	u.Path, u.RawPath = ref.Path, ref.RawPath
	u.RawQuery = query.Encode()
	req, err := http.NewRequestWithContext(ctx, method, u.String(), body)
	if err != nil {
		return nil, fmt.Errorf("ask the hub: %w", err)
	}
	if body != nil {
		req.Header.Set("Content-Type", mediaType)
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	res, err := c.http.Do(req)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		var ue *url.Error
		if errors.As(err, &ue) {
			err = ue.Err
		}
		return nil, ident.Errorf(ident.Unavailable, "is it running, and is --url its address?", "reach the hub at %s: %w", c.base, err)
	}
	if res.StatusCode >= 300 {
		defer res.Body.Close()
		return nil, problem(res)
	}
	return res, nil
}

// problem makes an error of the hub's answer (RFC 9457).
func problem(res *http.Response) error {
	var p struct {
		Type   string `json:"type"`
		Title  string `json:"title"`
		Detail string `json:"detail"`
		Errors []struct {
			Message  string `json:"message"`
			Location string `json:"location"`
		} `json:"errors"`
	}
	_ = json.NewDecoder(io.LimitReader(res.Body, 1<<20)).Decode(&p) // without one, the status says it
	text := cmp.Or(p.Detail, p.Title, res.Status)
	for _, e := range p.Errors {
		text += "; " + strings.TrimSpace(e.Location+" "+e.Message)
	}
	code, hint := ident.Internal, ""
	switch res.StatusCode {
	case http.StatusUnauthorized:
		code, hint = ident.Denied, "log in with edgeward login, or set EDGEWARD_TOKEN"
		if strings.HasSuffix(p.Type, ":token") {
			hint = "make another with edgeward tokens create or in the console, and use it with edgeward login or EDGEWARD_TOKEN"
		}
	case http.StatusForbidden:
		code = ident.Denied
	case http.StatusNotFound:
		code = ident.NotFound
	case http.StatusUnprocessableEntity, http.StatusBadRequest:
		code = ident.Usage
	case http.StatusConflict, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType:
		code = ident.Invalid
	case http.StatusServiceUnavailable, http.StatusTooManyRequests:
		code = ident.Unavailable
		if after := res.Header.Get("Retry-After"); after != "" {
			hint = "try again in " + after + " s"
		}
	}
	return ident.Errorf(code, hint, "%s", text)
}
