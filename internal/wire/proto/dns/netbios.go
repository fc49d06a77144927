package dns

import "bytes"

// NetBIOS is a NetBIOS name: up to 15 bytes without padding, and the suffix
// that says which service it stands for.
type NetBIOS struct {
	Name   [15]byte
	Len    int
	Suffix byte
}

// DecodeNetBIOS undoes the first-level encoding of a name (RFC 1001 section
// 14.1): 32 letters A to P in its first label.
func DecodeNetBIOS(n Name) (nb NetBIOS, ok bool) {
	n.Labels(func(label []byte) bool {
		if len(label) != 32 {
			return false
		}
		var raw [16]byte
		for i := range raw {
			hi, lo := label[2*i]-'A', label[2*i+1]-'A'
			if hi > 15 || lo > 15 {
				return false
			}
			raw[i] = hi<<4 | lo
		}
		nb, ok = netBIOSOf(raw[:]), true
		return false
	})
	return nb, ok
}

// netBIOSOf takes 16 bytes of a name apart.
func netBIOSOf(raw []byte) (nb NetBIOS) {
	nb.Len = len(bytes.TrimRight(raw[:15], " \x00"))
	copy(nb.Name[:], raw[:nb.Len])
	nb.Suffix = raw[15]
	return nb
}

// AppendNetBIOS appends the question name of a NetBIOS name in wire form. Names
// are padded with spaces, the wildcard "*" with zeros.
func AppendNetBIOS(dst []byte, name string, suffix byte) []byte {
	pad := byte(' ')
	if name == "*" {
		pad = 0
	}
	dst = append(dst, 32)
	for i := range 16 {
		c := pad
		switch {
		case i == 15:
			c = suffix
		case i < len(name):
			c = name[i]
		}
		dst = append(dst, 'A'+c>>4, 'A'+c&15)
	}
	return append(dst, 0)
}

// AppendText appends the name, with \DDD for what cannot be printed.
func (nb *NetBIOS) AppendText(dst []byte) []byte { return AppendPrintable(dst, nb.Name[:nb.Len]) }

// NodeName is one entry of a node status answer (RFC 1002 section 4.2.18).
type NodeName struct {
	NetBIOS
	Group bool // shared by many hosts: a workgroup or domain
}

// NodeNames calls f for the names in the RDATA of a node status answer until
// it gives false.
func NodeNames(data []byte, f func(NodeName) bool) {
	if len(data) == 0 {
		return
	}
	count := int(data[0])
	for data = data[1:]; count > 0 && len(data) >= 18; count-- {
		if !f(NodeName{NetBIOS: netBIOSOf(data[:16]), Group: data[16]&0x80 != 0}) {
			return
		}
		data = data[18:]
	}
}
