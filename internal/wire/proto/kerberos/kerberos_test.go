package kerberos

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/ber"
	"edgeward/internal/wire/proto/prototest"
	"edgeward/internal/wire/proto/prototest/dialogue"
)

func ctx(n int, value []byte) []byte { return ber.Append(nil, contextTag|ber.Tag(n), value) }

func num(v int64) []byte { return ber.AppendInt(nil, ber.Integer, v) }

func str(s string) []byte { return ber.Append(nil, 27, []byte(s)) }

func seq(parts ...[]byte) []byte {
	var all []byte
	for _, p := range parts {
		all = append(all, p...)
	}
	return ber.Append(nil, ber.Sequence, all)
}

func principal(parts ...string) []byte {
	var all [][]byte
	for _, p := range parts {
		all = append(all, str(p))
	}
	return seq(ctx(0, num(1)), ctx(1, seq(all...)))
}

func message(kind int, body []byte) []byte {
	return ber.Append(nil, applicationTag|ber.Tag(kind), body)
}

func asReq(user string, preauth bool) []byte {
	pa := int64(128)
	if preauth {
		pa = 2
	}
	return message(ASReq, seq(ctx(1, num(5)), ctx(2, num(ASReq)), ctx(3, seq(seq(ctx(1, num(pa)), ctx(2, ber.Append(nil, ber.OctetString, []byte("x")))))),
		ctx(4, seq(ctx(0, ber.Append(nil, ber.BitString, []byte{0, 0x40, 0, 0, 0})), ctx(1, principal(user)), ctx(2, str("CORP.TEST")),
			ctx(3, principal("krbtgt", "CORP.TEST")), ctx(8, seq(num(18), num(23))),
			ctx(9, seq(seq(ctx(0, num(20)), ctx(1, ber.Append(nil, ber.OctetString, []byte("PC-3            "))))))))))
}

func rep(kind int, etype, ticket int64) []byte {
	enc := func(e int64) []byte {
		return seq(ctx(0, num(e)), ctx(2, ber.Append(nil, ber.OctetString, []byte("secret"))))
	}
	t := ber.Append(nil, ticketTag, seq(ctx(0, num(5)), ctx(1, str("CORP.TEST")), ctx(2, principal("cifs", "files")), ctx(3, enc(ticket))))
	return message(kind, seq(ctx(0, num(5)), ctx(1, num(int64(kind))), ctx(3, str("CORP.TEST")), ctx(4, principal("bob")), ctx(5, t), ctx(6, enc(etype))))
}

func failure(code int64) []byte {
	return message(Error, seq(ctx(0, num(5)), ctx(1, num(Error)), ctx(4, ber.Append(nil, ber.GeneralizedTime, []byte("20250101000000Z"))), ctx(5, num(1)),
		ctx(6, num(code)), ctx(9, str("CORP.TEST")), ctx(10, principal("krbtgt", "CORP.TEST"))))
}

func tgsReq() []byte {
	return message(TGSReq, seq(ctx(1, num(5)), ctx(2, num(TGSReq)), ctx(4, seq(ctx(2, str("CORP.TEST")), ctx(3, principal("cifs", "files")), ctx(8, seq(num(23)))))))
}

func framed(m []byte) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(m))), m...)
}

func summary(c *proto.Conn) string {
	var out []string
	for _, f := range c.Env.Out.Facts() {
		switch b := f.Body.(type) {
		case *event.KRB5:
			out = append(out, fmt.Sprintf("%s:%s:%s:%s:%s:%s:%v", b.MsgType, b.Client, b.Service, b.ErrorCode, b.FailedRequest, b.TicketEncryption, b.Weak))
		case *event.Login:
			out = append(out, fmt.Sprintf("login:%s:%s:%s", b.User, b.Mechanism, b.Outcome))
		case *event.Identity:
			out = append(out, "id:"+b.Name)
		case *event.Anomaly:
			out = append(out, "anomaly:"+b.Event)
		}
	}
	return strings.Join(out, "\n")
}

func TestExchanges(t *testing.T) {
	for _, tt := range []struct {
		name   string
		client []byte
		server []byte
		want   string
	}{
		{"success", asReq("bob", true), rep(ASRep, 18, 18), "id:PC-3\nKRB_AS_REP:bob:krbtgt/CORP.TEST:::aes256-cts-hmac-sha1-96:false\nlogin:bob@CORP.TEST:kerberos:success"},
		{"without preauthentication", asReq("bob", false), rep(ASRep, 23, 18), "id:PC-3\nKRB_AS_REP:bob:krbtgt/CORP.TEST:::aes256-cts-hmac-sha1-96:true\nlogin:bob@CORP.TEST:kerberos-without-preauthentication:success"},
		{"wrong password", asReq("bob", true), failure(24), "id:PC-3\nKRB_ERROR:bob:krbtgt/CORP.TEST:KDC_ERR_PREAUTH_FAILED:KRB_AS_REQ::false\nlogin:bob@CORP.TEST:kerberos:failure"},
		{"unknown user", asReq("nobody", false), failure(6), "id:PC-3\nKRB_ERROR:nobody:krbtgt/CORP.TEST:KDC_ERR_C_PRINCIPAL_UNKNOWN:KRB_AS_REQ::false\nlogin:nobody@CORP.TEST:kerberos:failure"},
		{"preauthentication wanted", asReq("bob", false), failure(25), "id:PC-3\nKRB_ERROR:bob:krbtgt/CORP.TEST:KDC_ERR_PREAUTH_REQUIRED:KRB_AS_REQ::false"},
		{"odd code", asReq("bob", false), failure(4711), "id:PC-3\nKRB_ERROR:bob:krbtgt/CORP.TEST:4711:KRB_AS_REQ::false"},
		{"service ticket in RC4", tgsReq(), rep(TGSRep, 18, 23), "KRB_TGS_REP:bob:cifs/files:::rc4-hmac:true"},
		{"no answer", tgsReq(), nil, "KRB_TGS_REQ::cifs/files::::true"},
		{"malformed", tgsReq(), []byte("~\x03\x30\x01\x00"), "anomaly:malformed_message\nKRB_TGS_REQ::cifs/files::::true"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := prototest.NewConn(17, 88)
			turns := []dialogue.Turn{dialogue.C(tt.client)}
			tcp := []dialogue.Turn{dialogue.C(framed(tt.client))}
			if tt.server != nil {
				turns, tcp = append(turns, dialogue.S(tt.server)), append(tcp, dialogue.S(framed(tt.server)))
			}
			dialogue.Play(t, Protocol, c, turns...)
			if got := summary(c); got != tt.want {
				t.Errorf("UDP: got\n%s\nwant\n%s", got, tt.want)
			}
			c = prototest.NewConn(6, 88)
			dialogue.PlayBytes(t, Protocol, c, tcp...)
			if got := summary(c); got != tt.want {
				t.Errorf("TCP: got\n%s\nwant\n%s", got, tt.want)
			}
		})
	}
}

func TestProbe(t *testing.T) {
	udp, tcp := prototest.NewConn(17, 88), prototest.NewConn(6, 88)
	for _, tt := range []struct {
		c    *proto.Conn
		turn dialogue.Turn
		want proto.Match
	}{
		{udp, dialogue.C(asReq("a", true)), proto.Yes},
		{udp, dialogue.S(asReq("a", true)), proto.No},
		{udp, dialogue.S(rep(TGSRep, 18, 18)), proto.Yes},
		{udp, dialogue.C(append(asReq("a", true), 0)), proto.No},
		{udp, dialogue.C("\x30\x26\x02\x01\x01\x04\x06public"), proto.No},
		{tcp, dialogue.C(framed(asReq("a", true))), proto.Yes},
		{tcp, dialogue.C(framed(asReq("a", true))[:40]), proto.More},
		{tcp, dialogue.C("GET / HTTP/1.1\r\n"), proto.No},
		{tcp, dialogue.C("\x00\x00\x00\x90\xffSMBr\x00\x00\x00"), proto.No},
	} {
		if got := dialogue.Recognise(Protocol, tt.c, tt.turn); got != tt.want {
			t.Errorf("%.20q: %d, want %d", tt.turn.Data, got, tt.want)
		}
	}
}

func FuzzKerberosTCP(f *testing.F) {
	dialogue.Fuzz(f, Protocol, 6, 88,
		dialogue.Seed(dialogue.C(framed(asReq("bob", true))), dialogue.S(framed(failure(24)))),
		dialogue.Seed(dialogue.C(framed(tgsReq())), dialogue.S(framed(rep(TGSRep, 18, 23)))))
}

func FuzzDecode(f *testing.F) {
	for _, b := range [][]byte{asReq("bob", true), rep(ASRep, 18, 23), failure(6), tgsReq()} {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var m Message
		if Decode(&m, b) == nil {
			if n := len(AppendName(nil, m.Client, 32)); n > 32 {
				t.Errorf("a name of %d bytes", n)
			}
		}
	})
}
