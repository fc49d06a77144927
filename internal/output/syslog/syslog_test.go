package syslog

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"edgeward/internal/finding"
	"edgeward/internal/ident"
	"edgeward/internal/output/notice"
)

func sample() *notice.Notice {
	return notice.Of(notice.Opened, &finding.Record{Label: "cam] \"x\"|y=z\n<0>1 forged", Site: "north\\1", Finding: finding.Finding{
		ID: "f1", Check: "credential.guessed", Kind: finding.Detection, Severity: ident.High, Title: "Password guessed", Explanation: "first line\nCEF:0|forged|x",
		Address: "10.0.0.5", Peers: []string{"198.51.100.7"}, Count: 12, Attack: []string{"T1110"},
	}}, 1_700_000_000_123_456_000, "")
}

func send(t *testing.T, network, format string, n ...*notice.Notice) []string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	got := make(chan string, len(n))
	var address string
	if network == "udp" {
		c, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		address = c.LocalAddr().String()
		go func() {
			b := make([]byte, 65536)
			for range n {
				k, _, err := c.ReadFrom(b)
				if err != nil {
					return
				}
				got <- string(b[:k])
			}
		}()
	} else {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		address = l.Addr().String()
		go func() {
			c, err := l.Accept()
			if err != nil {
				return
			}
			defer c.Close()
			r := bufio.NewReader(c)
			for range n {
				length, err := r.ReadString(' ')
				if err != nil {
					return
				}
				k, err := strconv.Atoi(strings.TrimSpace(length))
				if err != nil {
					t.Errorf("length %q", length)
					return
				}
				b := make([]byte, k)
				if _, err := io.ReadFull(r, b); err != nil {
					return
				}
				got <- string(b)
			}
		}()
	}
	c, err := New(Options{Network: network, Address: address, Format: format, Host: "hub one", Version: "1|2"})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Send(ctx, n); err != nil {
		t.Fatal(err)
	}
	var list []string
	for range n {
		select {
		case m := <-got:
			list = append(list, m)
		case <-ctx.Done():
			t.Fatal("nothing came")
		}
	}
	return list
}

// rfc5424 is the header of RFC 5424, 6.
var rfc5424 = regexp.MustCompile(`^<(\d{1,3})>1 2023-11-14T22:13:20\.123456Z hubone edgeward \d+ opened (-|\[(?:[^\\\]]|\\.)*\]) `)

func TestPlain(t *testing.T) {
	for _, network := range []string{"udp", "tcp"} {
		for _, m := range send(t, network, "plain", sample(), sample()) {
			h := rfc5424.FindStringSubmatch(m)
			if h == nil || h[1] != "107" {
				t.Fatalf("%s: %q", network, m)
			}
			if strings.ContainsAny(m, "\n\r") || !strings.Contains(h[2], `site="north\\1"`) || !strings.Contains(h[2], `check="credential.guessed"`) {
				t.Errorf("%s: %q", network, m)
			}
			if rest := m[len(h[0]):]; !strings.HasPrefix(rest, "\ufeffPassword guessed: cam] \"x\"|y=z <0>1 forged: first line CEF:0") {
				t.Errorf("text %q", rest)
			}
		}
	}
}

func TestCEF(t *testing.T) {
	m := send(t, "udp", "cef", sample())[0]
	_, payload, ok := strings.Cut(m, " opened - ")
	want := `CEF:0|Edgeward|edgeward|1\|2|credential.guessed|Password guessed: cam] "x"\|y=z <0>1 forged|8|rt=1700000000123 externalId=f1-opened-0 act=opened src=10.0.0.5 dst=198.51.100.7 shost=cam] "x"|y\=z <0>1 forged cat=detection cnt=12 start=0 end=0 cs1Label=site cs1=north\\1 cs2Label=attack cs2=T1110 msg=first line CEF:0|forged|x`
	if !ok || payload != want {
		t.Errorf("got  %s\nwant %s", payload, want)
	}
}

func TestJSON(t *testing.T) {
	long := sample()
	long.Finding.Remedy = strings.Repeat("ä", 3000)
	for _, n := range []*notice.Notice{sample(), long} {
		m := send(t, "udp", "json", n)[0]
		_, payload, _ := strings.Cut(m, " opened - ")
		var v map[string]any
		if err := json.Unmarshal([]byte(payload), &v); err != nil || v["title"] == "" || len(m) > maxDatagram {
			t.Errorf("%v, %d bytes: %s", err, len(m), payload)
		}
	}
}

func TestReconnects(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	got := make(chan string, 4)
	gone := make(chan struct{}, 4)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			line, _ := bufio.NewReader(c).ReadString(' ')
			c.Close() // after every message
			got <- line
			gone <- struct{}{}
		}
	}()
	c, err := New(Options{Network: "tcp", Address: l.Addr().String()})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for i := range 3 {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		for end := time.Now().Add(5 * time.Second); c.Send(ctx, []*notice.Notice{sample()}) != nil; {
			if time.Now().After(end) {
				t.Fatal("it does not connect again")
			}
		}
		cancel()
		select {
		case <-got:
			<-gone
		case <-time.After(5 * time.Second):
			t.Fatalf("message %d did not come", i)
		}
	}
}

func TestOptions(t *testing.T) {
	for _, o := range []Options{{}, {Network: "udp"}, {Network: "icmp", Address: "x"}, {Network: "tcp", Address: "x", Format: "xml"}} {
		if _, err := New(o); ident.CodeOf(err) != ident.Usage {
			t.Errorf("%+v: %v", o, err)
		}
	}
}

func FuzzMessage(f *testing.F) {
	f.Add("title", "text", "host", "cef")
	f.Add("a\n<13>1", "b|c=d\\", "h h", "plain")
	f.Fuzz(func(t *testing.T, title, text, host, format string) {
		n := &notice.Notice{Event: notice.System, Title: title, Text: text, Finding: &finding.Record{Label: text, Site: title, Finding: finding.Finding{ID: title, Check: text, Address: host}}}
		c := &Client{o: Options{Network: "udp", Format: format, Host: host, Version: title}, pid: "1"}
		m, err := c.message(n)
		if err != nil {
			t.Fatal(err)
		}
		if len(m) > maxDatagram || strings.ContainsAny(string(m), "\n\r\x00") || !strings.HasPrefix(string(m), fmt.Sprintf("<%d>1 ", priority(0))) {
			t.Errorf("%q", m)
		}
	})
}
