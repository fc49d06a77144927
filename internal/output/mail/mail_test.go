package mail

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/http/httptest"
	netmail "net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"edgeward/internal/finding"
	"edgeward/internal/ident"
	"edgeward/internal/output/notice"
	"edgeward/internal/output/queue"
)

// server is a small SMTP server on loopback: enough of RFC 5321 for one client.
type server struct {
	config   *tls.Config // STARTTLS is offered when set
	refuse   string      // answer to RCPT
	mu       sync.Mutex
	auth     string
	secure   bool
	rcpt     []string
	messages []string
}

func (s *server) start(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	t.Cleanup(func() { l.Close(); wg.Wait() })
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			s.serve(c)
		}
	})
	return l.Addr().String()
}

func (s *server) serve(c net.Conn) {
	defer func() { c.Close() }()
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	r := bufio.NewReader(c)
	say := func(line string) { io.WriteString(c, line+"\r\n") }
	say("220 test")
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		s.mu.Lock()
		switch verb := strings.ToUpper(strings.Fields(line + " x")[0]); verb {
		case "EHLO":
			if s.config != nil && !s.secure {
				say("250-test\r\n250 STARTTLS")
			} else {
				say("250-test\r\n250 AUTH PLAIN")
			}
		case "STARTTLS":
			say("220 go on")
			secure := tls.Server(c, s.config)
			c, r, s.secure = secure, bufio.NewReader(secure), true
		case "AUTH":
			s.auth = strings.TrimSpace(line)
			say("235 ok")
		case "RCPT":
			if s.refuse != "" {
				say(s.refuse)
			} else {
				s.rcpt = append(s.rcpt, strings.TrimSpace(line))
				say("250 ok")
			}
		case "DATA":
			say("354 go on")
			var m strings.Builder
			for {
				line, err := r.ReadString('\n')
				if err != nil || line == ".\r\n" {
					break
				}
				m.WriteString(strings.TrimPrefix(line, "."))
			}
			s.messages = append(s.messages, m.String())
			say("250 ok")
		case "QUIT":
			say("221 bye")
			s.mu.Unlock()
			return
		default:
			say("250 ok")
		}
		s.mu.Unlock()
	}
}

func sample(title string) *notice.Notice {
	return notice.Of(notice.Opened, &finding.Record{Label: "Kamera\r\nBcc: evil@example.org", Finding: finding.Finding{
		ID: "f1", Check: "credential.guessed", Severity: ident.High, Title: title, Explanation: "wörtlich\r\n.\r\nMAIL FROM:<x>", Remedy: "change it",
	}}, 0, "https://console.example")
}

// authority makes a certificate for loopback and what trusts it.
func authority(t *testing.T) (*tls.Config, *tls.Config) {
	s := httptest.NewUnstartedServer(nil)
	s.StartTLS()
	defer s.Close()
	pool := x509.NewCertPool()
	pool.AddCert(s.Certificate())
	return &tls.Config{Certificates: s.TLS.Certificates}, &tls.Config{RootCAs: pool, ServerName: "example.com"}
}

func TestMail(t *testing.T) {
	ours, theirs := authority(t)
	s := &server{config: ours}
	c, err := New(Options{Address: s.start(t), TLS: theirs, User: "u", Password: "p", From: "Edgeward <hub@example.org>", To: []string{"a@example.org", "b@example.org"}})
	if err != nil {
		t.Fatal(err)
	}
	low := sample("low one")
	low.Severity = ident.Low
	if err := c.Send(context.Background(), []*notice.Notice{low, sample("Passwort erraten: ä")}); err != nil {
		t.Fatal(err)
	}
	if !s.secure || s.auth == "" || len(s.rcpt) != 2 || len(s.messages) != 1 {
		t.Fatalf("%+v", s)
	}
	m, err := netmail.ReadMessage(strings.NewReader(s.messages[0]))
	if err != nil {
		t.Fatal(err)
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	if err != nil || subject != "[high] Passwort erraten: ä: Kamera  Bcc: evil@example.org and 1 more" || m.Header.Get("Bcc") != "" {
		t.Errorf("subject %q, %v, headers %v", subject, err, m.Header)
	}
	body, err := io.ReadAll(quotedprintable.NewReader(m.Body))
	if err != nil || !strings.Contains(string(body), "wörtlich") || !strings.Contains(string(body), "What to do: change it") || !strings.Contains(string(body), "https://console.example/findings/f1") {
		t.Errorf("%v: %s", err, body)
	}
}

func TestNoPasswordInTheClear(t *testing.T) {
	for _, rule := range []string{"", "optional", "never"} {
		s := &server{}
		c, err := New(Options{Address: s.start(t), StartTLS: rule, User: "u", Password: "p", From: "hub@example.org", To: []string{"a@example.org"}})
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Send(context.Background(), []*notice.Notice{sample("x")}); err == nil || s.auth != "" || len(s.messages) != 0 {
			t.Errorf("rule %q: %v, auth %q", rule, err, s.auth)
		}
	}
}

func TestRefused(t *testing.T) {
	for answer, refused := range map[string]bool{"550 no such user": true, "451 try later": false} {
		s := &server{refuse: answer}
		c, err := New(Options{Address: s.start(t), StartTLS: "optional", From: "hub@example.org", To: []string{"a@example.org"}})
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Send(context.Background(), []*notice.Notice{sample("x")}); err == nil || errors.Is(err, queue.ErrRefused) != refused {
			t.Errorf("%s: %v", answer, err)
		}
	}
}

func TestOptions(t *testing.T) {
	good := Options{Address: "mail.example.org", From: "hub@example.org", To: []string{"a@example.org"}}
	if _, err := New(good); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*Options){
		"address": func(o *Options) { o.Address = "" }, "from": func(o *Options) { o.From = "hub\r\nBcc: x" }, "to": func(o *Options) { o.To = []string{"nobody"} },
		"nobody": func(o *Options) { o.To = nil }, "rule": func(o *Options) { o.StartTLS = "maybe" },
	} {
		o := good
		spoil(&o)
		if _, err := New(o); ident.CodeOf(err) != ident.Usage {
			t.Errorf("%s: %v", name, err)
		}
	}
}
