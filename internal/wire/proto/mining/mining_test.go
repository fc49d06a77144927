package mining

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"edgeward/internal/event"
	"edgeward/internal/shared"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/prototest"
	"edgeward/internal/wire/proto/prototest/dialogue"
)

func TestDialects(t *testing.T) {
	for body, want := range map[string]string{
		`{"id":1,"method":"mining.subscribe","params":["m/1.0"]}`:                                        Stratum,
		`{"params":["w.1","x"],"id":"a","method":"mining.authorize"}`:                                    Stratum,
		`{"id":null,"method":"mining.notify","params":["1","ab",[],true]}`:                               Stratum,
		`{"id":1,"jsonrpc":"2.0","method":"login","params":{"login":"4x","pass":"x","agent":"XMRig/6"}}`: Cryptonote,
		`{"jsonrpc":"2.0","method":"job","params":{"blob":"0e","job_id":"q","target":"b88d0600"}}`:       Cryptonote,
		`{"id":2,"method":"submit","params":{"id":"1","job_id":"q","nonce":"ab","result":"cd"}}`:         Cryptonote,
		`{"id":1,"jsonrpc":"2.0","error":null,"result":{"id":"1","job":{"blob":"0e","job_id":"q"}}}`:     Cryptonote,
		`{"worker":"r1","jsonrpc":"2.0","params":["0xab","x"],"id":2,"method":"eth_submitLogin"}`:        EthProxy,
		`{"id":3,"method":"eth_getWork","params":[]}`:                                                    EthProxy,
		`{"method":"getwork","params":[],"id":0}`:                                                        GetWork,
		`[{"id": 0, "method": "getblocktemplate", "params": [{"capabilities": ["coinbasetxn"]}]}]`:       GetBlockTemplate,
		`{"type":"auth","params":{"site_key":"abc","type":"anonymous","user":null,"goal":0}}`:            WebMiner,
		`{"type":"submit","params":{"version":7,"job_id":"1","nonce":"a","result":"b"}}`:                 WebMiner,
		`{"id":1,"method":"mining.authorize","params":["worker","pass"`:                                  Stratum, // cut off
		`{"id":1,"method":"login","params":{"name":"bob"}}`:                                              "",
		`{"id":1,"method":"login","params":["bob","secret"]}`:                                            "",
		`{"type":"auth","params":{"token":"x"}}`:                                                         "",
		`{"method":"job","params":{"id":7}}`:                                                             "",
		`{"method":"eth_blockNumber","params":[]}`:                                                       "",
		`{"type":"job","id":3}`:                 "",
		`{}`:                                    "",
		`hello`:                                 "",
		`{"method":"mining."}`:                  "",
		`{"a":"mining.subscribe","method":"x"}`: "",
		`{"method":"\u006dining.subscribe"}`:    "",
		`{"method" "mining.subscribe"}`:         "",
		`{"x":` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + `,"method":"mining.subscribe"}`:    "",
		`{"id":1,"method":"mining.configure","params":[["version-rolling"],{"version-rolling.mask":"f"}]}`: Stratum,
	} {
		m, ok := Classify([]byte(body))
		got := ""
		if ok {
			got = m.Dialect()
		}
		if got != want {
			t.Errorf("%s is %q, want %q", body, got, want)
		}
	}
}

func TestDecodeNeedsTheWholeObject(t *testing.T) {
	b := []byte(` {"id":4,"method":"mining.submit","params":["w","j","00","ff","n\"\\"],"x":{"y":[1,-2.5e+3,true,null]}}` + "\n{")
	var m Message
	n, err := Decode(&m, b)
	if err != nil || n != bytes.IndexByte(b, '\n') || string(m.Worker) != "w" || string(m.ID) != "4" {
		t.Fatalf("%d, %v, %+v", n, err, m)
	}
	for i := 1; i < n; i++ {
		if _, err := Decode(&m, b[:i]); err != ErrShort {
			t.Fatalf("cut at %d: %v", i, err)
		}
	}
	for _, bad := range []string{"x", "[]", "{]", `{"a":}`, `{"a":1,}`, `{"a":1 2}`, "{\"a\":\"\n\"}", `{a:1}`} {
		if _, err := Decode(&m, []byte(bad)); err != ErrBad {
			t.Errorf("%q: %v, want ErrBad", bad, err)
		}
	}
}

func summary(c *proto.Conn) string {
	var out []string
	for _, f := range c.Env.Out.Facts() {
		switch b := f.Body.(type) {
		case *event.Mining:
			out = append(out, fmt.Sprintf("%s:%s:%s:%s:%v", b.Protocol, b.Method, b.Worker, b.Algorithm, b.Accepted))
		case *event.Login:
			out = append(out, fmt.Sprintf("login:%s:%d:%s", b.User, b.Secret.Len, b.Outcome))
		case *event.Identity:
			out = append(out, "agent:"+b.Banner)
		}
	}
	return strings.Join(out, " ")
}

func TestConversations(t *testing.T) {
	C, S := dialogue.C[string], dialogue.S[string]
	wallet := strings.Repeat("4", 87) + "abcdefgh"
	for _, tt := range []struct {
		name  string
		turns []dialogue.Turn
		want  string
	}{
		{"stratum", []dialogue.Turn{
			C(`{"id":1,"method":"mining.subscribe","params":["cpuminer/2.5"]}` + "\n"),
			S(`{"id":1,"result":[[["mining.notify","ab"]],"08",4],"error":null}` + "\n"),
			C(`{"id":2,"method":"mining.authorize","params":["acct.rig","pw"]}` + "\n"),
			S(`{"id":2,"result":true,"error":null}` + "\n" + `{"id":null,"method":"mining.notify","params":["1"]}` + "\n" + `{"id":null,"method":"mining.notify","params":["2"]}` + "\n"),
			C(`{"id":3,"method":"mining.submit","params":["acct.rig","1","00","ff","aa"]}` + "\n"),
			S(`{"id":3,"result":null,"error":[23,"low difficulty",null]}` + "\n"),
		}, "agent:cpuminer/2.5 stratum:mining.subscribe:::true stratum:mining.authorize:acct.rig::true login:acct.rig:2:success stratum:mining.notify:::false stratum:mining.submit:acct.rig::false"},
		{"cryptonote", []dialogue.Turn{
			C(`{"id":1,"jsonrpc":"2.0","method":"login","params":{"login":"` + wallet + `","pass":"x","agent":"XMRig/6.2","algo":["rx/0","cn/r"]}}` + "\n"),
			S(`{"id":1,"jsonrpc":"2.0","error":null,"result":{"id":"9","job":{"blob":"0e","job_id":"1","algo":"rx/0"},"status":"OK"}}` + "\n"),
		}, "agent:XMRig/6.2 xmrig:login:4444444444444444...abcdefgh:rx/0:true login:4444444444444444...abcdefgh:1:success"},
		{"refused", []dialogue.Turn{
			C(`{"id":1,"method":"mining.authorize","params":["u","p"]}` + "\n"), S(`{"id":1,"result":false,"error":null}` + "\n"),
		}, "stratum:mining.authorize:u::false login:u:1:failure"},
		{"never answered", []dialogue.Turn{
			C(`{"id":1,"method":"eth_submitLogin","params":["0xaa"],"worker":"r"}` + "\n"),
		}, "ethproxy:eth_submitLogin:0xaa:ethash:false login:0xaa:0:unknown"},
		{"web page", []dialogue.Turn{
			C(`{"type":"auth","params":{"site_key":"K","type":"token"}}`), S(`{"type":"authed","params":{"token":"","hashes":0}}`),
			S(`{"type":"job","params":{"job_id":"1","blob":"aa","target":"ffff"}}`),
			C(`{"type":"submit","params":{"job_id":"1","nonce":"a","result":"b"}}`), S(`{"type":"hash_accepted","params":{"hashes":256}}`),
		}, "coinhive:auth:K::true login:K:0:success coinhive:job:::false coinhive:submit:::true"},
		{"joined in the middle, and rubbish between", []dialogue.Turn{
			S("0,\"x\"]}\n" + `{"id":null,"method":"mining.set_difficulty","params":[2]}` + "\n"),
		}, "stratum:mining.set_difficulty:::false"},
	} {
		for name, run := range map[string]func(testing.TB, proto.Protocol, *proto.Conn, ...dialogue.Turn){"": dialogue.Play, ", byte by byte": dialogue.PlayBytes} {
			if name != "" && strings.Contains(tt.name, "rubbish") {
				continue
			}
			t.Run(tt.name+name, func(t *testing.T) {
				c := prototest.NewConn(6, 3333)
				run(t, Protocol, c, tt.turns...)
				if got := summary(c); strings.TrimSpace(strings.ReplaceAll(got, "<nil>", "")) != tt.want {
					t.Errorf("got  %s\nwant %s", got, tt.want)
				}
			})
		}
	}
}

func TestProbe(t *testing.T) {
	C, S := dialogue.C[string], dialogue.S[string]
	for _, tt := range []struct {
		turns []dialogue.Turn
		want  proto.Match
	}{
		{[]dialogue.Turn{C(`{"id":1,"method":"mining.subscr`)}, proto.More},
		{[]dialogue.Turn{C(`{"id":1,"method":"mining.subscribe",`)}, proto.Yes},
		{[]dialogue.Turn{S(`{"id":null,"method":"mining.notify","params":[`)}, proto.Yes},
		{[]dialogue.Turn{C(`{"hello":1}`), S(`{"world":2}`)}, proto.No},
		{[]dialogue.Turn{C(`POST / HTTP/1.1`)}, proto.No},
		{[]dialogue.Turn{C(`{"method":"login","params":{"user":"a"}}`), S(`{"ok":true}`)}, proto.No},
	} {
		c := prototest.NewConn(6, 7000)
		c.Registered = false
		if got := dialogue.Recognise(Protocol, c, tt.turns...); got != tt.want {
			t.Errorf("%s: %d, want %d", tt.turns[0].Data, got, tt.want)
		}
	}
}

func TestProbeDoesNotAllocate(t *testing.T) {
	c := prototest.NewConn(6, 3333)
	s := &proto.Sample{Conn: c}
	s.Data[0] = []byte(`{"id":1,"method":"mining.authorize","params":["a",{"b":[1,2]}]}`)
	if n := shared.AllocsPerRun(100, func() { probe(s) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzMining(f *testing.F) {
	C, S := dialogue.C[string], dialogue.S[string]
	dialogue.Fuzz(f, Protocol, 6, 3333,
		dialogue.Seed(C(`{"id":1,"method":"mining.authorize","params":["a","b"]}`+"\n"), S(`{"id":1,"result":true,"error":null}`+"\n")),
		dialogue.Seed(C(`{"id":1,"method":"login","params":{"login":"a","pass":"b","algo":["rx/0"]}}`), S(`{"id":1,"result":{"job":{"blob":"a","job_id":"b"}}}`)),
		dialogue.Seed(C(`{"type":"auth","params":{"site_key":"K"}}`), S(`{"type":"authed"}`)),
	)
}
