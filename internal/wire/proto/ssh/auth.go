package ssh

import (
	"bytes"

	"edgeward/internal/event"
)

// The lengths of the messages that authentication is told by (RFC 4252).
const (
	acceptLen      = 1 + 4 + 12      // SERVICE_ACCEPT "ssh-userauth"
	successLen     = 1               // USERAUTH_SUCCESS
	leastFailure   = 1 + 4 + 4 + 1   // USERAUTH_FAILURE with one short method name
	mostFailure    = 1 + 4 + 120 + 1 // with all there are
	leastPassword  = 40 + 1          // USERAUTH_REQUEST "password" of a user of one letter
	mostNone       = 31 + 32         // USERAUTH_REQUEST "none" of a user of 32 letters
	longestPadding = 15
)

// verdict is what a server's packet says about an attempt.
type verdict uint8

const (
	nothing verdict = iota
	failed
	succeeded
)

// authentication follows the lengths of encrypted packets, as Zeek's SSH
// analyser first did: SERVICE_ACCEPT and USERAUTH_SUCCESS have fixed lengths,
// and USERAUTH_FAILURE has the same one every time. The exact lengths follow
// from the algorithms, so that it works with every cipher that is known.
type authentication struct {
	sealed   [2]sealing
	telling  bool // lengths tell something here
	accepted bool // SERVICE_ACCEPT has come
	maybe    bool // something that may have been or contained it has come
	asked    bool // a request waits for its answer
	request  int  // length of its packet
	requests int  // how many there were after SERVICE_ACCEPT
	failure  int  // length of a packet with USERAUTH_FAILURE, once known
	direct   bool // the client begins with a password instead of "none"
	done     bool
}

// begin takes the algorithms that both sides agree on.
func (a *authentication) begin(client, server *lists, software []byte) {
	a.sealed[event.ToServer] = agree(client, server, CiphersC2S, MACsC2S, CompressionC2S)
	a.sealed[event.ToClient] = agree(client, server, CiphersS2C, MACsS2C, CompressionS2C)
	a.telling = true
	for _, s := range a.sealed {
		a.telling = a.telling && s.known && !s.packed
	}
	a.direct = bytes.Contains(bytes.ToLower(software), []byte("paramiko"))
}

func agree(client, server *lists, cipher, mac, compression int) sealing {
	pick := func(i int) string { return choose(client.get(i), server.get(i)) }
	return sealingOf(pick(cipher), pick(mac), pick(compression))
}

// packet takes the length of an encrypted packet.
func (a *authentication) packet(dir event.Dir, n int) verdict {
	if !a.telling || a.done {
		return nothing
	}
	if dir == event.ToServer {
		// SERVICE_REQUEST is as long as the answer to it.
		if a.maybe && n != a.sealed[dir].wire(acceptLen) {
			a.accepted = true
		}
		if a.accepted {
			a.requests++
		}
		a.asked, a.request = true, n
		return nothing
	}
	s := &a.sealed[event.ToClient]
	switch {
	case !a.asked:
		return nothing
	case a.accepted:
		return a.answer(s, n)
	case n == s.wire(acceptLen):
		a.accepted, a.asked = true, false
	case n > s.wire(acceptLen): // extensions (RFC 8308), with or without the answer
		a.maybe = true
	}
	return nothing
}

// answer judges the server's answer to a request.
func (a *authentication) answer(s *sealing, n int) verdict {
	switch {
	case n == s.wire(successLen):
		a.done = true
		return succeeded
	case a.failure == 0 && n >= s.wire(leastFailure) && n <= s.wire(mostFailure):
		a.failure = n
	case n != a.failure:
		return nothing // a banner, a prompt, a key that would do: the answer is yet to come
	}
	a.asked = false
	if a.requests == 1 && a.asksWithout() {
		return nothing
	}
	return failed
}

// asksWithout reports whether the first request can be the one for method
// "none", by which clients learn the methods there are. No password is guessed
// with it.
func (a *authentication) asksWithout() bool {
	most := a.sealed[event.ToServer].most(a.request)
	return most < leastPassword || !a.direct && most <= mostNone+longestPadding
}
