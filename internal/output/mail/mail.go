// Package mail sends notices by e-mail: one message for all that wait, over
// SMTP (RFC 5321) with STARTTLS or TLS. It knows the nouns only; package app
// gives it what to send.
package mail

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"mime"
	"mime/quotedprintable"
	"net"
	netmail "net/mail"
	"net/smtp"
	"net/textproto"
	"strings"
	"time"

	"edgeward/internal/ident"
	"edgeward/internal/output/notice"
	"edgeward/internal/output/queue"
)

// Options say how and to whom.
type Options struct {
	Address  string // host:port; 587 when the port is absent, 465 with TLS from the start
	Implicit bool   // TLS from the start (RFC 8314)
	StartTLS string // required, optional or never; a password is never sent without encryption
	TLS      *tls.Config
	User     string
	Password string
	From     string
	To       []string
	Now      ident.Clock
}

// Client sends mails.
type Client struct {
	o        Options
	host     string
	from     *netmail.Address
	to       []*netmail.Address
	deadline time.Duration
}

var _ queue.Sender[*notice.Notice] = (*Client)(nil)

// New makes a Client.
func New(o Options) (*Client, error) {
	port := "587"
	if o.Implicit {
		port = "465"
	}
	host, p, err := net.SplitHostPort(o.Address)
	if err != nil {
		host, p = strings.Trim(o.Address, "[]"), port
	}
	if host == "" {
		return nil, ident.Errorf(ident.Usage, "give host:port", "no address of the mail server")
	}
	o.Address = net.JoinHostPort(host, p)
	switch o.StartTLS {
	case "", "required", "optional", "never":
	default:
		return nil, ident.Errorf(ident.Usage, "use required, optional or never", "unknown rule %q for encryption", o.StartTLS)
	}
	c := &Client{o: o, host: host, deadline: 30 * time.Second}
	if c.o.Now == nil {
		c.o.Now = time.Now
	}
	if c.from, err = netmail.ParseAddress(o.From); err != nil {
		return nil, ident.Errorf(ident.Usage, "give an address such as edgeward@example.org", "the sender %q is no mail address", o.From)
	}
	for _, a := range o.To {
		to, err := netmail.ParseAddress(a)
		if err != nil {
			return nil, ident.Errorf(ident.Usage, "give addresses such as security@example.org", "%q is no mail address", a)
		}
		c.to = append(c.to, to)
	}
	if len(c.to) == 0 {
		return nil, ident.Errorf(ident.Usage, "give at least one address", "nobody to send mail to")
	}
	return c, nil
}

// Send sends one mail about all items.
func (c *Client) Send(ctx context.Context, items []*notice.Notice) error {
	if len(items) == 0 {
		return nil
	}
	if err := c.send(ctx, c.message(items)); err != nil {
		var answer *textproto.Error
		if errors.As(err, &answer) && answer.Code >= 500 {
			return fmt.Errorf("mail: %w: %w", err, queue.ErrRefused)
		}
		return fmt.Errorf("mail: %w", err)
	}
	return nil
}

func (c *Client) send(ctx context.Context, message []byte) error {
	d := &net.Dialer{}
	conn, err := d.DialContext(ctx, "tcp", c.o.Address)
	if err != nil {
		return err
	}
	end := time.Now().Add(c.deadline)
	if t, ok := ctx.Deadline(); ok && t.Before(end) {
		end = t
	}
	_ = conn.SetDeadline(end)
	config := c.o.TLS.Clone()
	if config == nil {
		config = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	if config.ServerName == "" {
		config.ServerName = c.host
	}
	encrypted := c.o.Implicit
	if encrypted {
		conn = tls.Client(conn, config)
	}
	s, err := smtp.NewClient(conn, c.host)
	if err != nil {
		conn.Close()
		return err
	}
	defer s.Close()
	if ok, _ := s.Extension("STARTTLS"); !encrypted && c.o.StartTLS != "never" {
		if ok {
			if err := s.StartTLS(config); err != nil {
				return err
			}
			encrypted = true
		} else if c.o.StartTLS != "optional" {
			return errors.New("the server offers no encryption")
		}
	}
	if c.o.User != "" {
		if !encrypted {
			return errors.New("a password is not sent without encryption")
		}
		if err := s.Auth(smtp.PlainAuth("", c.o.User, c.o.Password, c.host)); err != nil {
			return err
		}
	}
	if err := s.Mail(c.from.Address); err != nil {
		return err
	}
	for _, to := range c.to {
		if err := s.Rcpt(to.Address); err != nil {
			return err
		}
	}
	w, err := s.Data()
	if err != nil {
		return err
	}
	if _, err := w.Write(message); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	return s.Quit()
}

// maxInMail bounds what is told in one mail in words.
const maxInMail = 50

// message makes a mail (RFC 5322) of plain text.
func (c *Client) message(items []*notice.Notice) []byte {
	first := items[0]
	for _, n := range items {
		if n.Severity > first.Severity {
			first = n
		}
	}
	subject := fmt.Sprintf("[%s] %s", first.Severity, notice.Line(first.Title, 150))
	if len(items) > 1 {
		subject += fmt.Sprintf(" and %d more", len(items)-1)
	}
	var b bytes.Buffer
	head := func(name, value string) { fmt.Fprintf(&b, "%s: %s\r\n", name, value) }
	head("From", c.from.String())
	var to []string
	for _, a := range c.to {
		to = append(to, a.String())
	}
	head("To", strings.Join(to, ",\r\n "))
	head("Subject", mime.QEncoding.Encode("utf-8", subject))
	head("Date", c.o.Now().Format(time.RFC1123Z))
	_, domain, _ := strings.Cut(c.from.Address, "@")
	head("Message-ID", fmt.Sprintf("<%s.%d@%s>", word(first.ID), c.o.Now().UnixNano(), domain))
	head("Auto-Submitted", "auto-generated") // RFC 3834
	head("MIME-Version", "1.0")
	head("Content-Type", "text/plain; charset=utf-8")
	head("Content-Transfer-Encoding", "quoted-printable")
	b.WriteString("\r\n")
	q := quotedprintable.NewWriter(&b)
	for i, n := range items {
		if i == maxInMail {
			fmt.Fprintf(q, "... and %d more.\r\n", len(items)-i)
			break
		}
		fmt.Fprintf(q, "%s  %s\r\n%s\r\n", strings.ToUpper(n.Severity.String()), notice.Line(n.Title, 200), notice.Line(n.Text, 2000))
		if f := n.Finding; f != nil {
			fmt.Fprintf(q, "Check %s, device %s (%s), %d times from %s to %s\r\n", f.Check, notice.Line(f.Label, 100), notice.Line(f.Address, 60), f.Count, ident.Time(f.FirstSeen), ident.Time(f.LastSeen))
			if f.Remedy != "" {
				fmt.Fprintf(q, "What to do: %s\r\n", notice.Line(f.Remedy, 1000))
			}
		}
		if n.Link != "" {
			fmt.Fprintf(q, "%s\r\n", n.Link)
		}
		fmt.Fprint(q, "\r\n")
	}
	_ = q.Close()
	return b.Bytes()
}

// word keeps what may stand in a message id.
func word(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' {
			return r
		}
		return -1
	}, s)
}
