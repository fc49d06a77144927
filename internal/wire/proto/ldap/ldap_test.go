package ldap

import (
	"fmt"
	"strings"
	"testing"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/ber"
	"edgeward/internal/wire/proto/prototest"
	"edgeward/internal/wire/proto/prototest/dialogue"
)

func octets(s string) []byte { return ber.Append(nil, ber.OctetString, []byte(s)) }

func message(id int64, op ber.Tag, parts ...[]byte) []byte {
	var body []byte
	for _, p := range parts {
		body = append(body, p...)
	}
	return ber.Append(nil, ber.Sequence, append(ber.AppendInt(nil, ber.Integer, id), ber.Append(nil, ber.Application|op, body)...))
}

func simple(id int64, dn, password string) []byte {
	return message(id, ber.Constructed|BindRequest, ber.AppendInt(nil, ber.Integer, 3), octets(dn), ber.Append(nil, ber.Context|0, []byte(password)))
}

func bySASL(id int64, mechanism, token string) []byte {
	return message(id, ber.Constructed|BindRequest, ber.AppendInt(nil, ber.Integer, 3), octets(""),
		ber.Append(nil, ber.Context|ber.Constructed|3, append(octets(mechanism), octets(token)...)))
}

func result(id int64, op ber.Tag, code int64) []byte {
	return message(id, ber.Constructed|op, ber.AppendInt(nil, ber.Universal|10, code), octets(""), octets("why"))
}

func search(id int64) []byte {
	return message(id, ber.Constructed|SearchRequest, octets("dc=test"), make([]byte, 300))
}

func summary(c *proto.Conn) string {
	var out []string
	for _, f := range c.Env.Out.Facts() {
		switch b := f.Body.(type) {
		case *event.Login:
			out = append(out, fmt.Sprintf("%s:%s:%d:%s:%v", b.Mechanism, b.User, b.Secret.Len, b.Outcome, b.Clear))
		case *event.Anomaly:
			out = append(out, "anomaly:"+b.Event)
		}
	}
	return strings.Join(out, " ")
}

func TestBinds(t *testing.T) {
	C, S := dialogue.C[[]byte], dialogue.S[[]byte]
	for _, tt := range []struct {
		name  string
		turns []dialogue.Turn
		want  string
	}{
		{"simple", []dialogue.Turn{C(simple(1, "cn=bob", "pw")), S(result(1, BindResponse, 0)), C(search(2)), C(simple(3, "cn=eve", "x")), S(result(3, BindResponse, 49))},
			"simple:cn=bob:2:success:true simple:cn=eve:1:failure:true"},
		{"anonymous", []dialogue.Turn{C(simple(1, "", "")), S(result(1, BindResponse, 0))}, ""},
		{"not answered", []dialogue.Turn{C(simple(1, "a", "b"))}, "simple:a:1:unknown:true"},
		{"SASL PLAIN", []dialogue.Turn{C(bySASL(1, "PLAIN", "\x00bob\x00pass")), S(result(1, BindResponse, 0))}, "plain:bob:4:success:true"},
		{"SASL DIGEST-MD5 in two steps", []dialogue.Turn{
			C(bySASL(1, "DIGEST-MD5", "")), S(result(1, BindResponse, SASLBindInProgress)),
			C(bySASL(2, "DIGEST-MD5", `username="bob",realm="x"`)), S(result(2, BindResponse, 49)),
		}, "digest-md5:bob:0:failure:false"},
	} {
		for name, run := range map[string]func(testing.TB, proto.Protocol, *proto.Conn, ...dialogue.Turn){"": dialogue.Play, ", byte by byte": dialogue.PlayBytes} {
			t.Run(tt.name+name, func(t *testing.T) {
				c := prototest.NewConn(6, 389)
				run(t, Protocol, c, tt.turns...)
				if got := summary(c); got != tt.want {
					t.Errorf("got  %s\nwant %s", got, tt.want)
				}
			})
		}
	}
}

func TestStartTLS(t *testing.T) {
	c := prototest.NewConn(6, 389)
	p := Protocol.New()
	p.Data(c, event.ToServer, message(1, ber.Constructed|ExtendedRequest, ber.Append(nil, ber.Context|0, []byte(startTLS))))
	p.Data(c, event.ToClient, result(1, ExtendedResponse, 0))
	if next, ok := c.Becoming(); !ok || next != event.ProtoTLS {
		t.Errorf("becomes %v, %v", next, ok)
	}
}

func TestProbe(t *testing.T) {
	for in, want := range map[string]proto.Match{
		string(simple(1, "a", "b")):                  proto.Yes,
		string(search(1)):                            proto.Weak,
		string(simple(1, "a", "b")[:5]):              proto.More,
		string(result(1, BindResponse, 0)):           proto.No, // a client does not answer
		"\x30\x26\x02\x01\x01\x04\x06public\xa0\x19": proto.No, // SNMP
		"GET / HTTP/1.1\r\n":                         proto.No,
		"0123456789":                                 proto.No,
	} {
		if got := dialogue.Recognise(Protocol, prototest.NewConn(6, 389), dialogue.C(in)); got != want {
			t.Errorf("%.20q: %d, want %d", in, got, want)
		}
	}
}

func FuzzLDAP(f *testing.F) {
	dialogue.Fuzz(f, Protocol, 6, 389,
		dialogue.Seed(dialogue.C(simple(1, "a", "b")), dialogue.S(result(1, BindResponse, 49)), dialogue.C(search(2))),
		dialogue.Seed(dialogue.C(bySASL(1, "GSS-SPNEGO", "NTLMSSP\x00\x03\x00\x00\x00")), dialogue.S(result(1, BindResponse, 14))))
}
