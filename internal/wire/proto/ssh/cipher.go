package ssh

import (
	"bytes"
	"strings"
)

// sealing is how packets of one direction look on the wire once keys are in
// use: enough to tell lengths of messages from lengths of packets.
type sealing struct {
	known  bool
	block  int  // the padded part is a multiple of this
	tag    int  // bytes of the MAC behind each packet
	apart  bool // the length field is not part of what is padded
	clear  bool // the length field can be read
	packed bool // compressed from the start: lengths tell nothing
}

// blocks gives the block size of ciphers; stream ciphers count as 8 (RFC 4253
// section 6).
var blocks = map[string]int{
	"3des-cbc": 8, "3des-ctr": 8, "blowfish-cbc": 8, "blowfish-ctr": 8, "cast128-cbc": 8, "cast128-ctr": 8, "idea-cbc": 8,
	"arcfour": 8, "arcfour128": 8, "arcfour256": 8,
	"aes128-cbc": 16, "aes192-cbc": 16, "aes256-cbc": 16, "aes128-ctr": 16, "aes192-ctr": 16, "aes256-ctr": 16,
	"rijndael-cbc@lysator.liu.se": 16, "twofish-cbc": 16, "twofish128-cbc": 16, "twofish256-cbc": 16, "twofish128-ctr": 16, "twofish256-ctr": 16,
	"serpent128-cbc": 16, "serpent192-cbc": 16, "serpent256-cbc": 16, "camellia128-ctr": 16, "camellia256-ctr": 16,
}

// tags gives the length of MACs; "-etm@openssh.com" is taken off before.
var tags = map[string]int{
	"hmac-md5": 16, "hmac-md5-96": 12, "hmac-sha1": 20, "hmac-sha1-96": 12, "hmac-sha2-256": 32, "hmac-sha2-512": 64,
	"hmac-sha2-256-96": 12, "hmac-sha2-512-96": 12, "hmac-ripemd160": 20, "hmac-ripemd160@openssh.com": 20,
	"umac-64": 8, "umac-64@openssh.com": 8, "umac-128": 16, "umac-128@openssh.com": 16,
	"hmac-sha256": 32, "hmac-sha256@ssh.com": 32, "hmac-sha512@ssh.com": 64,
}

// sealingOf tells how packets look under algorithms by those names.
func sealingOf(cipher, mac, compression string) (s sealing) {
	s.packed = compression == "zlib"
	switch {
	case cipher == "chacha20-poly1305@openssh.com" || cipher == "chacha20-poly1305":
		return sealing{known: true, block: 8, tag: 16, apart: true, packed: s.packed}
	case strings.HasPrefix(cipher, "aes") && strings.Contains(cipher, "-gcm"), strings.HasPrefix(cipher, "AEAD_AES_"):
		return sealing{known: true, block: 16, tag: 16, apart: true, clear: true, packed: s.packed}
	}
	base, etm := strings.CutSuffix(mac, "-etm@openssh.com")
	s.block, s.tag = blocks[cipher], tags[base]
	if s.tag == 0 && etm {
		s.tag = tags[base+"@openssh.com"]
	}
	s.known = s.block > 0 && s.tag > 0
	s.apart, s.clear = etm, etm
	return s
}

// wire gives how many bytes a message of n bytes takes, with the least padding
// there may be, which is what implementations use.
func (s *sealing) wire(n int) int {
	padded := 1 + n
	if !s.apart {
		padded += 4
	}
	padding := s.block - padded%s.block
	if padding < 4 {
		padding += s.block
	}
	padded += padding
	if s.apart {
		padded += 4
	}
	return padded + s.tag
}

// most gives how long a message in a packet of n bytes may be.
func (s *sealing) most(n int) int { return n - s.tag - 4 - 1 - 4 }

// choose gives the algorithm that two sides agree on: the first of the
// client's list that the server has (RFC 4253 section 7.1).
func choose(client, server []byte) string {
	for len(client) > 0 {
		name := client
		if i := bytes.IndexByte(client, ','); i >= 0 {
			name, client = client[:i], client[i+1:]
		} else {
			client = nil
		}
		if len(name) > 0 && listed(name, server) {
			return string(name)
		}
	}
	return ""
}

func listed(name, list []byte) bool {
	for len(list) > 0 {
		one := list
		if i := bytes.IndexByte(list, ','); i >= 0 {
			one, list = list[:i], list[i+1:]
		} else {
			list = nil
		}
		if bytes.Equal(one, name) {
			return true
		}
	}
	return false
}
