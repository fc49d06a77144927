// Package syslog sends notices to a syslog collector: RFC 5424 messages with a
// plain text, CEF or JSON payload, over UDP (RFC 5426), TCP (RFC 6587, octet
// counting) or TLS (RFC 5425). It knows the nouns only; package app gives it
// what to send.
package syslog

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"edgeward/internal/ident"
	"edgeward/internal/output/notice"
	"edgeward/internal/output/queue"
)

// Options say where to send and in which shape.
type Options struct {
	Network string // udp, tcp or tls
	Address string // host:port; 514 or 6514 when the port is absent
	Format  string // plain, cef or json
	TLS     *tls.Config
	Host    string // our name in messages; the machine's when empty
	Version string // of the program
}

// Client sends notices over one connection, which it opens when it needs to.
type Client struct {
	o    Options
	pid  string
	dial func(ctx context.Context) (net.Conn, error)

	mu   sync.Mutex
	conn net.Conn
}

var _ queue.Sender[*notice.Notice] = (*Client)(nil)

// The bounds of messages. A datagram must not be cut into fragments; a
// collector need not take more than 8 KiB of a stream.
const (
	maxDatagram = 1400
	maxMessage  = 8192
)

// facility is 13, log audit, which most collectors treat as security.
const facility = 13

// New makes a Client.
func New(o Options) (*Client, error) {
	port := "514"
	switch o.Network {
	case "udp", "tcp":
	case "tls":
		port = "6514"
	default:
		return nil, ident.Errorf(ident.Usage, "use udp, tcp or tls", "unknown transport %q of syslog", o.Network)
	}
	switch o.Format {
	case "", "plain", "cef", "json":
	default:
		return nil, ident.Errorf(ident.Usage, "use plain, cef or json", "unknown format %q of syslog", o.Format)
	}
	host, p, err := net.SplitHostPort(o.Address)
	if err != nil {
		host, p = strings.Trim(o.Address, "[]"), port
	}
	if host == "" {
		return nil, ident.Errorf(ident.Usage, "give host:port", "no address of the syslog collector")
	}
	address := net.JoinHostPort(host, p)
	c := &Client{o: o, pid: strconv.Itoa(os.Getpid())}
	if c.o.Host == "" {
		c.o.Host, _ = os.Hostname()
	}
	d := &net.Dialer{KeepAlive: 30 * time.Second}
	c.dial = func(ctx context.Context) (net.Conn, error) { return d.DialContext(ctx, o.Network, address) }
	if o.Network == "tls" {
		config := o.TLS.Clone()
		if config == nil {
			config = &tls.Config{MinVersion: tls.VersionTLS12}
		}
		if config.ServerName == "" {
			config.ServerName = host
		}
		c.dial = func(ctx context.Context) (net.Conn, error) {
			return (&tls.Dialer{NetDialer: d, Config: config}).DialContext(ctx, "tcp", address)
		}
	}
	return c, nil
}

// Close ends the connection.
func (c *Client) Close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.drop()
}

func (c *Client) drop() {
	if c.conn != nil {
		c.conn.Close()
		c.conn = nil
	}
}

// Send writes the notices. Syslog has no answers: what a collector loses after
// it took the bytes is lost.
func (c *Client) Send(ctx context.Context, items []*notice.Notice) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.conn != nil && closed(c.conn, c.o.Network) {
		c.drop()
	}
	if c.conn == nil {
		conn, err := c.dial(ctx)
		if err != nil {
			return fmt.Errorf("syslog: %w", err)
		}
		c.conn = conn
	}
	deadline, _ := ctx.Deadline()
	_ = c.conn.SetWriteDeadline(deadline)
	for _, n := range items {
		m, err := c.message(n)
		if err != nil {
			return fmt.Errorf("syslog: %w: %w", err, queue.ErrRefused)
		}
		if c.o.Network != "udp" {
			m = append([]byte(strconv.Itoa(len(m))+" "), m...) // RFC 6587, 3.4.1
		}
		if _, err := c.conn.Write(m); err != nil {
			c.drop()
			return fmt.Errorf("syslog: %w", err)
		}
	}
	return nil
}

// closed reports whether a collector has ended its stream, which a write would
// learn one message too late.
func closed(conn net.Conn, network string) bool {
	if network == "udp" {
		return false
	}
	_ = conn.SetReadDeadline(time.Now().Add(time.Microsecond))
	_, err := conn.Read(make([]byte, 1))
	if t := net.Error(nil); errors.As(err, &t) && t.Timeout() {
		return false
	}
	return err != nil
}

// priority gives PRI: facility and severity as in RFC 5424, 6.2.1.
func priority(s ident.Severity) int {
	level := map[ident.Severity]int{ident.Critical: 2, ident.High: 3, ident.Medium: 4, ident.Low: 5, ident.Info: 6}[s]
	return facility*8 + level
}

// message makes one RFC 5424 message.
func (c *Client) message(n *notice.Notice) ([]byte, error) {
	limit := maxMessage
	if c.o.Network == "udp" {
		limit = maxDatagram
	}
	b := fmt.Appendf(nil, "<%d>1 %s %s edgeward %s %s ", priority(n.Severity), time.Unix(0, n.Time).UTC().Format("2006-01-02T15:04:05.000000Z"),
		word(c.o.Host, 255), c.pid, word(string(n.Event), 32))
	room := limit - len(b)
	switch c.o.Format {
	case "cef":
		return append(append(b, "- "...), ident.Clip(c.cef(n), room)...), nil
	case "json":
		j, err := n.MarshalJSON()
		if err != nil {
			return nil, err
		}
		if len(j)+2 > room { // cut JSON is no JSON: the long parts go
			short := *n
			short.Finding, short.Text = nil, notice.Line(n.Text, 200)
			if j, err = short.MarshalJSON(); err != nil {
				return nil, err
			}
		}
		return append(append(b, "- "...), ident.Clip(string(j), room)...), nil
	}
	b = append(b, structured(n)...)
	b = append(b, ' ')
	return append(b, ident.Clip("\ufeff"+notice.Line(n.Title+": "+n.Text, 4096), limit-len(b))...), nil
}

// word makes a header field: printable ASCII without spaces, "-" for none.
func word(s string, max int) string {
	s = strings.Map(func(r rune) rune {
		if r <= ' ' || r > '~' {
			return -1
		}
		return r
	}, s)
	if s == "" {
		return "-"
	}
	return s[:min(len(s), max)]
}

// enterprise is the private enterprise number of documentation examples (RFC
// 5612), since the project has none of its own.
const enterprise = "32473"

// structured gives STRUCTURED-DATA (RFC 5424, 6.3).
func structured(n *notice.Notice) string {
	f := n.Finding
	if f == nil {
		return "-"
	}
	var b strings.Builder
	b.WriteString("[finding@" + enterprise)
	for _, p := range [][2]string{{"id", f.ID}, {"check", f.Check}, {"severity", f.Severity.String()}, {"device", f.Device}, {"address", f.Address}, {"site", f.Site}, {"status", string(f.Status)}} {
		if p[1] != "" {
			fmt.Fprintf(&b, ` %s="%s"`, p[0], paramValue.Replace(notice.Line(p[1], 128)))
		}
	}
	fmt.Fprintf(&b, ` count="%d"]`, f.Count)
	return b.String()
}

var paramValue = strings.NewReplacer(`\`, `\\`, `"`, `\"`, `]`, `\]`)

var (
	cefHeader = strings.NewReplacer(`\`, `\\`, `|`, `\|`)
	cefValue  = strings.NewReplacer(`\`, `\\`, `=`, `\=`)
)

// cef gives the payload in ArcSight's Common Event Format, version 0, whose
// severities go from 0 to 10.
func (c *Client) cef(n *notice.Notice) string {
	head := func(s string) string { return cefHeader.Replace(notice.Line(s, 200)) }
	id, level := string(n.Event), map[ident.Severity]int{ident.Critical: 10, ident.High: 8, ident.Medium: 6, ident.Low: 3, ident.Info: 1}[n.Severity]
	if n.Finding != nil {
		id = n.Finding.Check
	}
	var b strings.Builder
	fmt.Fprintf(&b, "CEF:0|Edgeward|edgeward|%s|%s|%s|%d|", head(c.o.Version), head(id), head(n.Title), level)
	put := func(key, value string) {
		if value != "" {
			fmt.Fprintf(&b, "%s=%s ", key, cefValue.Replace(notice.Line(value, 1023)))
		}
	}
	put("rt", strconv.FormatInt(n.Time/1e6, 10))
	put("externalId", n.ID)
	put("act", string(n.Event))
	if f := n.Finding; f != nil {
		if a := net.ParseIP(f.Address); a != nil {
			put("src", f.Address)
		} else {
			put("smac", f.Address)
		}
		if len(f.Peers) > 0 {
			if net.ParseIP(f.Peers[0]) != nil {
				put("dst", f.Peers[0])
			}
		}
		put("shost", f.Label)
		put("cat", string(f.Kind))
		put("cnt", strconv.FormatUint(f.Count, 10))
		put("start", strconv.FormatInt(f.FirstSeen/1e6, 10))
		put("end", strconv.FormatInt(f.LastSeen/1e6, 10))
		put("cs1Label", "site")
		put("cs1", f.Site)
		put("cs2Label", "attack")
		put("cs2", strings.Join(f.Attack, ","))
	}
	put("request", n.Link)
	put("msg", n.Text)
	return strings.TrimRight(b.String(), " ")
}
