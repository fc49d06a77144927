package forward

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"edgeward/internal/ident"
)

// errAway says that there was no answer.
var errAway = errors.New("no answer from the hub")

// client speaks as much HTTP/1.1 (RFC 9112) as the hub's service for sensors
// needs: requests with a length, answers with a length, one after the other
// on one connection. It is used by one goroutine.
type client struct {
	id   *Identity
	conn *tls.Conn
	r    *bufio.Reader
}

const (
	dialTimeout     = 10 * time.Second
	requestTimeout  = 60 * time.Second
	downloadTimeout = 30 * time.Minute
	maxHeaderBytes  = 16 << 10
	defaultPort     = "8444"
)

func newClient(id *Identity) *client { return &client{id: id} }

func (c *client) close() {
	if c.conn != nil {
		c.conn.Close()
		c.conn = nil
	}
}

// HubAddress gives host and port of a hub's URL.
func HubAddress(hub string) (string, error) {
	u, err := url.Parse(hub)
	if err != nil || u.Scheme != "https" || u.Hostname() == "" || u.Path != "" && u.Path != "/" {
		return "", ident.Errorf(ident.Usage, "", "hub %q: want a URL such as https://hub.example.org:8444", hub)
	}
	port := u.Port()
	if port == "" {
		port = defaultPort
	}
	return net.JoinHostPort(u.Hostname(), port), nil
}

func (c *client) dial(ctx context.Context) error {
	addr, err := HubAddress(c.id.Hub)
	if err != nil {
		return err
	}
	cfg := c.id.config()
	cfg.ServerName, _, _ = net.SplitHostPort(addr)
	d := tls.Dialer{NetDialer: &net.Dialer{Timeout: dialTimeout}, Config: cfg}
	conn, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return refusal(err)
	}
	c.conn = conn.(*tls.Conn)
	c.r = bufio.NewReader(c.conn)
	return nil
}

// refusal tells a hub that does not want this sensor from one that is away.
func refusal(err error) error {
	if e := (*ident.Error)(nil); errors.As(err, &e) {
		return e
	}
	if a := tls.AlertError(0); errors.As(err, &a) || strings.Contains(err.Error(), "remote error: tls: ") {
		text := err.Error()
		switch {
		case strings.Contains(text, "expired certificate"):
			return ident.Errorf(ident.Denied, "enrol the sensor again with a new token", "the hub refuses this sensor's certificate, which has expired: %w", err)
		case strings.Contains(text, "certificate"), strings.Contains(text, "unknown certificate authority"):
			return ident.Errorf(ident.Denied, "enrol the sensor again with a new token", "the hub refuses this sensor's certificate: %w", err)
		}
	}
	return fmt.Errorf("%w: %w", errAway, err)
}

// call sends a request and reads the answer into out, as JSON.
func (c *client) call(ctx context.Context, method, path, kind string, body []byte, out any) error {
	rest, size, err := c.roundTrip(ctx, method, path, kind, body)
	if err != nil {
		return err
	}
	defer rest.stop()
	if size > maxAnswer {
		c.close()
		return fmt.Errorf("the hub's answer of %d bytes is too long", size)
	}
	b, err := io.ReadAll(rest)
	if err != nil {
		c.close()
		return refusal(err)
	}
	if rest.status >= 300 {
		return failed(rest.status, b)
	}
	if err := json.Unmarshal(b, out); err != nil {
		return fmt.Errorf("the hub's answer: %w", err)
	}
	return nil
}

// failed makes the error of an answer that is one.
func failed(status int, body []byte) error {
	var p problem
	_ = json.Unmarshal(body, &p)
	text := strings.TrimSpace(p.Detail)
	if text == "" {
		text = "status " + strconv.Itoa(status)
	}
	if len(text) > 500 {
		text = text[:500]
	}
	switch {
	case status == 401 || status == 403:
		return ident.Errorf(ident.Denied, "make a new token on the hub with edgeward sensors enrol", "the hub refuses this sensor: %s", text)
	case status == 404:
		return ident.Errorf(ident.NotFound, "", "the hub has no such thing: %s", text)
	case status == 429 || status >= 500:
		return ident.Errorf(ident.Unavailable, "", "the hub asks to come back later: %s", text)
	}
	return ident.Errorf(ident.Invalid, "", "the hub refuses the request: %s", text)
}

// answer is the body of an answer.
type answer struct {
	io.Reader
	status int
	stop   func() bool
}

// roundTrip sends a request, on a new connection when the old one turns out
// to be closed, and reads the answer's head.
func (c *client) roundTrip(ctx context.Context, method, path, kind string, body []byte) (*answer, int64, error) {
	reused := c.conn != nil
	for {
		if c.conn == nil {
			if err := c.dial(ctx); err != nil {
				return nil, 0, err
			}
		}
		a, size, err := c.try(ctx, method, path, kind, body)
		if err == nil {
			return a, size, nil
		}
		c.close()
		if !reused || ctx.Err() != nil {
			return nil, 0, refusal(err)
		}
		reused = false // the hub closed an idle connection; requests may be repeated
	}
}

func (c *client) try(ctx context.Context, method, path, kind string, body []byte) (*answer, int64, error) {
	conn := c.conn
	_ = conn.SetDeadline(time.Now().Add(requestTimeout))
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	head := fmt.Appendf(nil, "%s %s HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n", method, path, conn.RemoteAddr(), len(body))
	if kind != "" {
		head = fmt.Appendf(head, "Content-Type: %s\r\n", kind)
	}
	head = append(head, "\r\n"...)
	if _, err := conn.Write(append(head, body...)); err != nil {
		// The hub may have answered before it had read everything.
		if a, size, readErr := c.readHead(stop); readErr == nil {
			return a, size, nil
		}
		stop()
		return nil, 0, err
	}
	a, size, err := c.readHead(stop)
	if err != nil {
		stop()
	}
	return a, size, err
}

// readHead reads status line and header fields (RFC 9112, 4 and 5).
func (c *client) readHead(stop func() bool) (*answer, int64, error) {
	left := maxHeaderBytes
	line := func() (string, error) {
		b, err := c.r.ReadSlice('\n')
		if err != nil {
			return "", err
		}
		if left -= len(b); left < 0 {
			return "", errors.New("the head of the hub's answer is too long")
		}
		return strings.TrimRight(string(b), "\r\n"), nil
	}
	first, err := line()
	if err != nil {
		return nil, 0, err
	}
	proto, rest, _ := strings.Cut(first, " ")
	code, _, _ := strings.Cut(rest, " ")
	status, err := strconv.Atoi(code)
	if err != nil || !strings.HasPrefix(proto, "HTTP/1.") || status < 200 || status > 599 {
		return nil, 0, fmt.Errorf("the hub's answer is not HTTP: %q", first)
	}
	size, last := int64(-1), false
	for {
		l, err := line()
		if err != nil {
			return nil, 0, err
		}
		if l == "" {
			break
		}
		name, value, _ := strings.Cut(l, ":")
		value = strings.TrimSpace(value)
		switch strings.ToLower(name) {
		case "content-length":
			if size, err = strconv.ParseInt(value, 10, 64); err != nil || size < 0 || size > MaxArtefact {
				return nil, 0, fmt.Errorf("the hub's answer has the length %q", value)
			}
		case "connection":
			last = strings.EqualFold(value, "close")
		}
	}
	if size < 0 {
		return nil, 0, errors.New("the hub's answer has no length")
	}
	a := &answer{Reader: io.LimitReader(c.r, size), status: status, stop: stop}
	if last {
		a.stop = func() bool { c.close(); return stop() }
	}
	return a, size, nil
}

// download writes an artefact to w.
func (c *client) download(ctx context.Context, kind, name string, w io.Writer) error {
	rest, _, err := c.roundTrip(ctx, "GET", PathArtefacts+kind+"/"+url.PathEscape(name), "", nil)
	if err != nil {
		return err
	}
	defer rest.stop()
	if rest.status >= 300 {
		b, _ := io.ReadAll(io.LimitReader(rest, maxAnswer))
		c.close()
		return failed(rest.status, b)
	}
	if c.conn != nil {
		_ = c.conn.SetDeadline(time.Now().Add(downloadTimeout))
	}
	n, err := io.Copy(w, rest)
	if left := rest.Reader.(*io.LimitedReader).N; err == nil && left > 0 {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		c.close()
		return fmt.Errorf("download %s %s: after %d bytes: %w", kind, name, n, err)
	}
	return nil
}

// Download writes an artefact of the hub to w: kind is "program" or "content".
func Download(ctx context.Context, id *Identity, kind, name string, w io.Writer) error {
	c := newClient(id)
	defer c.close()
	return c.download(ctx, kind, name, w)
}
