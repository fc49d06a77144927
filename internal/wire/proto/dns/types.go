package dns

import "strconv"

// Record types (IANA "Domain Name System (DNS) Parameters") that code speaks of.
const (
	TypeA      = 1
	TypeNS     = 2
	TypeCNAME  = 5
	TypeSOA    = 6
	TypeNULL   = 10
	TypePTR    = 12
	TypeHINFO  = 13
	TypeMX     = 15
	TypeTXT    = 16
	TypeAAAA   = 28
	TypeNB     = 32 // NetBIOS name; the number is NIMLOC's elsewhere
	TypeNBSTAT = 33 // NetBIOS node status; the number is SRV's elsewhere
	TypeSRV    = 33
	TypeNAPTR  = 35
	TypeDNAME  = 39
	TypeOPT    = 41
	TypeSVCB   = 64
	TypeHTTPS  = 65
	TypeIXFR   = 251
	TypeAXFR   = 252
	TypeANY    = 255
)

// Classes.
const (
	ClassIN   = 1
	ClassCH   = 3
	ClassHS   = 4
	ClassNONE = 254
	ClassANY  = 255
)

var lowTypes = [...]string{
	1: "A", 2: "NS", 3: "MD", 4: "MF", 5: "CNAME", 6: "SOA", 7: "MB", 8: "MG", 9: "MR", 10: "NULL",
	11: "WKS", 12: "PTR", 13: "HINFO", 14: "MINFO", 15: "MX", 16: "TXT", 17: "RP", 18: "AFSDB",
	19: "X25", 20: "ISDN", 21: "RT", 22: "NSAP", 23: "NSAP-PTR", 24: "SIG", 25: "KEY", 26: "PX",
	27: "GPOS", 28: "AAAA", 29: "LOC", 30: "NXT", 31: "EID", 32: "NIMLOC", 33: "SRV", 34: "ATMA",
	35: "NAPTR", 36: "KX", 37: "CERT", 38: "A6", 39: "DNAME", 40: "SINK", 41: "OPT", 42: "APL",
	43: "DS", 44: "SSHFP", 45: "IPSECKEY", 46: "RRSIG", 47: "NSEC", 48: "DNSKEY", 49: "DHCID",
	50: "NSEC3", 51: "NSEC3PARAM", 52: "TLSA", 53: "SMIMEA", 55: "HIP", 56: "NINFO", 57: "RKEY",
	58: "TALINK", 59: "CDS", 60: "CDNSKEY", 61: "OPENPGPKEY", 62: "CSYNC", 63: "ZONEMD", 64: "SVCB",
	65: "HTTPS", 66: "DSYNC", 99: "SPF", 104: "NID", 105: "L32", 106: "L64", 107: "LP", 108: "EUI48",
	109: "EUI64", 128: "NXNAME", 249: "TKEY", 250: "TSIG", 251: "IXFR", 252: "AXFR", 253: "MAILB",
	254: "MAILA", 255: "ANY", 256: "URI", 257: "CAA", 258: "AVC", 259: "DOA", 260: "AMTRELAY",
	261: "RESINFO", 262: "WALLET",
}

// typeName gives the mnemonic of a type, empty when it has none.
func typeName(t uint16) string {
	switch {
	case int(t) < len(lowTypes):
		return lowTypes[t]
	case t == 32768:
		return "TA"
	case t == 32769:
		return "DLV"
	}
	return ""
}

// TypeString gives the mnemonic of a type, or TYPE with its number (RFC 3597
// section 5).
func TypeString(t uint16) string {
	if s := typeName(t); s != "" {
		return s
	}
	return "TYPE" + strconv.Itoa(int(t))
}

var rcodes = [...]string{
	"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED", "YXDOMAIN", "YXRRSET",
	"NXRRSET", "NOTAUTH", "NOTZONE", "DSOTYPENI", "RCODE12", "RCODE13", "RCODE14", "RCODE15",
}

// RCodeString gives the mnemonic of a response code of the header.
func RCodeString(rcode uint8) string { return rcodes[rcode&15] }
