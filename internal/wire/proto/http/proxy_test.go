package http

import (
	"fmt"
	"testing"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto/prototest"
	"edgeward/internal/wire/proto/prototest/dialogue"
)

func TestProxy(t *testing.T) {
	tests := []struct {
		name, request, response, want string
		becomes                       bool
	}{
		{"connect", "CONNECT mail.example:25 HTTP/1.1\nHost: mail.example:25\n\n", "HTTP/1.1 200 Connection established\n\n", "connect mail.example:25 true", true},
		{"connect refused", "CONNECT mail.example:25 HTTP/1.1\n\n", "HTTP/1.1 403 No\nContent-Length: 0\n\n", "connect mail.example:25 false", false},
		{"absolute form", "GET http://site.example/ HTTP/1.1\n\n", "HTTP/1.1 200 OK\nVia: 1.1 proxy\nContent-Length: 0\n\n", "GET site.example true", false},
		{"absolute form to a server that is no proxy", "GET http://site.example/ HTTP/1.1\n\n", "HTTP/1.1 200 OK\nContent-Length: 0\n\n", "GET site.example false", false},
		{"absolute form of the server itself", "GET http://192.0.2.2:80/ HTTP/1.1\n\n", "HTTP/1.1 200 OK\nContent-Length: 0\n\n", "", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, c := Protocol.New(), prototest.NewConn(6, 3128)
			prototest.Feed(p, c, event.ToServer, []byte(crlf(tt.request)), 0)
			prototest.Feed(p, c, event.ToClient, []byte(crlf(tt.response)), 0)
			next, becomes := c.Becoming()
			if becomes != tt.becomes || next != event.ProtoUnknown {
				t.Errorf("becomes %v, %v", next, becomes)
			}
			got := ""
			for _, s := range dialogue.Facts[event.SOCKS](c) {
				got += fmt.Sprintf("%s %s %v", s.Command, s.Target, s.Granted)
			}
			if got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestConnectHoldsBytesForTheNextProtocol(t *testing.T) {
	p, c := Protocol.New(), prototest.NewConn(6, 3128)
	connect := crlf("CONNECT h:443 HTTP/1.1\n\n")
	if n, err := p.Data(c, event.ToServer, []byte(connect+"early")); n != len(connect) || err != nil {
		t.Errorf("took %d, %v", n, err)
	}
	granted := crlf("HTTP/1.1 200 OK\n\n")
	if n, err := p.Data(c, event.ToClient, []byte(granted+"late")); n != len(granted) || err != nil {
		t.Errorf("took %d, %v", n, err)
	}
}

func TestWebSocketUpgrade(t *testing.T) {
	p, c := Protocol.New(), prototest.NewConn(6, 80)
	prototest.Feed(p, c, event.ToServer, []byte(crlf("GET /mqtt HTTP/1.1\nHost: broker.example\nUpgrade: websocket\nConnection: Upgrade\nSec-WebSocket-Protocol: mqtt, mqttv3.1\n\n")), 0)
	prototest.Feed(p, c, event.ToClient, []byte(crlf("HTTP/1.1 101 Switching Protocols\nUpgrade: websocket\nSec-WebSocket-Protocol: mqtt\n\n")), 0)
	if next, ok := c.Becoming(); !ok || next != event.ProtoWebSocket {
		t.Fatalf("becomes %v, %v", next, ok)
	}
	if c.Note != "broker.example\n/mqtt\nmqtt" {
		t.Errorf("note %q", c.Note)
	}
	if f := dialogue.Facts[event.HTTP](c); len(f) != 1 || f[0].Upgrade != "websocket" || f[0].Status != 101 {
		t.Errorf("facts %+v", f)
	}
}
