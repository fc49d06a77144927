// Package mining reads the protocols by which a miner gets its work from a
// pool or a node: Stratum version 1 (mining.subscribe, mining.notify ...), the
// JSON-RPC dialects of Cryptonote (login, job, submit), of Ethereum
// (eth_submitLogin, eth_getWork), getwork and getblocktemplate, and the messages
// of miners in web pages ({"type":"auth","params":{"site_key": ...}}).
//
// All of them are JSON objects, one a line or one a WebSocket message. Stratum
// version 2 is encrypted from its first byte and cannot be seen. Bodies of HTTP
// requests are not read here, but Classify tells what they are; every part of
// the program may use it.
package mining

import (
	"bytes"
	"errors"

	"edgeward/internal/wire/proto/textline"
)

// The errors of Decode.
var (
	ErrShort = errors.New("mining: incomplete message")
	ErrBad   = errors.New("mining: no JSON object")
)

// The dialects, as event.Mining names them.
const (
	Stratum          = "stratum"
	Cryptonote       = "xmrig"
	EthProxy         = "ethproxy"
	GetWork          = "getwork"
	GetBlockTemplate = "getblocktemplate"
	WebMiner         = "coinhive"
)

var ethash = []byte("ethash")

// Message is a request, an answer or a notice. Its slices are views into the
// input and keep JSON's escapes.
type Message struct {
	ID        []byte // of request and answer, as it is written; nil when absent or null
	Method    []byte // "method", or "type" of web miners
	Worker    []byte // user, wallet or site key
	Password  []byte // nil when none was sent
	Agent     []byte
	Algorithm []byte
	Web       bool // the message has a "type" in place of a method

	Answer   bool // there is a result or an error
	Accepted bool // the result is neither false nor null, and no error

	Job     bool // carries work: a job with a blob, or the parameters of a notice
	Login   bool // parameters name a login with a password, agent or algorithm
	Share   bool // parameters hold a found nonce
	SiteKey bool // parameters hold a site key

	first, second []byte // the first two parameters that are strings
}

// Decode reads the object at the beginning of b, with white space before it,
// and gives the bytes it took. With ErrShort the message holds what could be
// read so far.
func Decode(dst *Message, b []byte) (n int, err error) {
	*dst = Message{}
	s := scanner{b: b}
	failed := false
	var result []byte
	s.object(0, func(name []byte) {
		switch string(name) {
		case "id":
			if id := s.skip(1); string(id) != "null" {
				dst.ID = id
			}
		case "method":
			dst.Method = s.stringOr()
		case "type":
			if t := s.stringOr(); t != nil && dst.Method == nil {
				dst.Method, dst.Web = t, true
			}
		case "params":
			s.params(dst)
		case "worker":
			dst.Worker = s.stringOr()
		case "agent":
			dst.Agent = s.stringOr()
		case "result":
			dst.Answer = true
			at := s.i
			if result = s.skip(1); len(result) > 0 && result[0] == '{' {
				inner := scanner{b: b, i: at}
				inner.resultOf(dst)
			}
		case "error":
			e := s.skip(1)
			failed = len(e) > 0 && string(e) != "null" && string(e) != `""` && string(e) != "false"
			dst.Answer = dst.Answer || failed
		default:
			s.skip(1)
		}
	})
	dst.Accepted = dst.Answer && !failed && len(result) > 0 && string(result) != "null" && string(result) != "false"
	if bytes.HasPrefix(dst.Method, []byte("mining.")) || bytes.HasPrefix(dst.Method, []byte("eth_")) {
		dst.positional()
	}
	switch {
	case s.bad:
		return 0, ErrBad
	case s.short:
		return 0, ErrShort
	}
	return s.i, nil
}

// stringOr takes a value and gives it when it is a string.
func (s *scanner) stringOr() []byte {
	if s.peek() == '"' {
		return s.text()
	}
	s.skip(1)
	return nil
}

// params reads parameters by position or by name.
func (s *scanner) params(dst *Message) {
	switch s.peek() {
	case '[':
		s.array(1, func(i int) {
			switch s.peek() {
			case '"':
				t := s.text()
				if i == 0 {
					dst.first = t
				} else if i == 1 {
					dst.second = t
				}
			case '{':
				s.named(dst, 2)
			default:
				s.skip(2)
			}
		})
	case '{':
		s.named(dst, 1)
	default:
		s.skip(1)
	}
}

// named reads parameters by name.
func (s *scanner) named(dst *Message, depth int) {
	var blob, job, nonce bool
	s.object(depth, func(name []byte) {
		switch string(name) {
		case "login", "user":
			dst.Worker = s.stringOr()
		case "site_key":
			dst.Worker = s.stringOr()
			dst.SiteKey = true
		case "pass", "password":
			dst.Password = s.stringOr()
			dst.Login = true
		case "agent":
			dst.Agent = s.stringOr()
			dst.Login = true
		case "algo":
			if s.peek() == '[' {
				s.array(depth+1, func(i int) {
					if v := s.stringOr(); i == 0 {
						dst.Algorithm = v
					}
				})
			} else {
				dst.Algorithm = s.stringOr()
			}
		case "blob":
			blob = true
			s.skip(depth + 1)
		case "job_id":
			job = true
			s.skip(depth + 1)
		case "nonce":
			nonce = true
			s.skip(depth + 1)
		default:
			s.skip(depth + 1)
		}
	})
	dst.Job = dst.Job || blob && job
	dst.Share = dst.Share || nonce && job
	dst.Login = dst.Login && len(dst.Worker) > 0
}

// resultOf looks into an answer for the first job, as Cryptonote pools send it.
func (s *scanner) resultOf(dst *Message) {
	s.object(1, func(name []byte) {
		if string(name) == "job" && s.peek() == '{' {
			s.named(dst, 2)
			return
		}
		s.skip(2)
	})
}

// positional gives the parameters of the methods that have them by position
// their names.
func (m *Message) positional() {
	switch string(m.Method) {
	case "mining.subscribe", "mining.hello":
		m.Agent = m.first
		if textline.HasPrefix(m.second, "ethereumstratum") {
			m.Algorithm = ethash
		}
	case "mining.authorize":
		m.Worker, m.Password, m.Login = m.first, m.second, true
	case "mining.submit":
		if m.Worker == nil {
			m.Worker = m.first
		}
		m.Share = true
	case "mining.notify":
		m.Job = true
	case "eth_submitLogin", "eth_login":
		m.Worker, m.Password, m.Login, m.Algorithm = m.first, m.second, true, ethash
	case "eth_submitWork":
		m.Share, m.Algorithm = true, ethash
	case "eth_getWork":
		m.Algorithm = ethash
	}
}

// Dialect tells which mining protocol a request or notice belongs to; it is
// empty when it belongs to none. Words that others use too (login, job, submit)
// count only with the parameters that mining gives them.
func (m *Message) Dialect() string {
	if m.Web {
		return m.webDialect()
	}
	switch string(m.Method) {
	case "client.reconnect", "client.show_message", "client.get_version":
		return Stratum
	case "eth_submitLogin", "eth_login", "eth_getWork", "eth_submitWork", "eth_submitHashrate":
		return EthProxy
	case "getwork", "getworkex":
		return GetWork
	case "getblocktemplate", "get_block_template", "getblocktemplatelight", "submitblock", "submit_block":
		return GetBlockTemplate
	case "login":
		if m.Login {
			return Cryptonote
		}
	case "job":
		if m.Job {
			return Cryptonote
		}
	case "submit":
		if m.Share {
			return Cryptonote
		}
	case "":
		if m.Job && m.Answer {
			return Cryptonote
		}
	}
	if bytes.HasPrefix(m.Method, []byte("mining.")) && len(m.Method) > len("mining.") {
		return Stratum
	}
	return ""
}

func (m *Message) webDialect() string {
	switch string(m.Method) {
	case "auth":
		if m.SiteKey {
			return WebMiner
		}
	case "job":
		if m.Job {
			return WebMiner
		}
	case "submit":
		if m.Share {
			return WebMiner
		}
	}
	return ""
}

// Classify tells whether the text of a message, such as the body of an HTTP
// request, is one of mining. It looks at the first object only and takes a
// body that was cut when enough of it is there.
func Classify(body []byte) (Message, bool) {
	var m Message
	body = bytes.TrimLeft(body, " \t\r\n[")
	if len(body) == 0 || body[0] != '{' {
		return m, false
	}
	if _, err := Decode(&m, body); err == ErrBad {
		return m, false
	}
	return m, m.Dialect() != ""
}
