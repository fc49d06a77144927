package ssh

import (
	"crypto/md5"
)

// HASSH gives the fingerprint of a client (Salesforce, 2018): the MD5 sum of
// its key exchange, cipher, MAC and compression lists.
func (k *KexInit) HASSH() [md5.Size]byte {
	return k.fingerprint(CiphersC2S, MACsC2S, CompressionC2S)
}

// HASSHServer gives the fingerprint of a server, from its own lists.
func (k *KexInit) HASSHServer() [md5.Size]byte {
	return k.fingerprint(CiphersS2C, MACsS2C, CompressionS2C)
}

func (k *KexInit) fingerprint(lists ...int) [md5.Size]byte {
	h := md5.New()
	h.Write(k.Lists[KexAlgorithms])
	for _, l := range lists {
		h.Write([]byte{';'})
		h.Write(k.Lists[l])
	}
	return [md5.Size]byte(h.Sum(nil))
}
