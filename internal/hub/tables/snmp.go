package tables

import (
	"context"
	"encoding/hex"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/gosnmp/gosnmp"

	"edgeward/internal/ident"
)

// Target is a switch or router and how to ask it.
type Target struct {
	Address   string // host or host:port; port 161 when absent
	Community string // of SNMP 2c; empty for 3
	User      string // of SNMP 3 (RFC 3414)
	Auth      string // md5, sha, sha256, sha512, or empty
	AuthKey   string
	Privacy   string // des, aes, aes256, or empty
	PrivKey   string
	Timeout   time.Duration // of one request; 0 for 3 s
}

// The tables that are read, none of which is ever written.
const (
	ipNetToMedia  = ".1.3.6.1.2.1.4.22.1.2"       // IP-MIB ipNetToMediaPhysAddress (RFC 4293): IPv4 neighbours
	ipNetPhysical = ".1.3.6.1.2.1.4.35.1.4"       // IP-MIB ipNetToPhysicalPhysAddress: IPv4 and IPv6 neighbours
	fdbPort       = ".1.3.6.1.2.1.17.4.3.1.2"     // BRIDGE-MIB dot1dTpFdbPort (RFC 4188)
	qFdbPort      = ".1.3.6.1.2.1.17.7.1.2.2.1.2" // Q-BRIDGE-MIB dot1qTpFdbPort (RFC 4363)
	basePortIf    = ".1.3.6.1.2.1.17.1.4.1.2"     // BRIDGE-MIB dot1dBasePortIfIndex
	ifName        = ".1.3.6.1.2.1.31.1.1.1.1"     // IF-MIB ifName (RFC 2863)
	lldpChassis   = ".1.0.8802.1.1.2.1.4.1.1.5"   // LLDP-MIB lldpRemChassisId
	lldpSysName   = ".1.0.8802.1.1.2.1.4.1.1.9"   // LLDP-MIB lldpRemSysName
	sysName       = ".1.3.6.1.2.1.1.5.0"          // SNMPv2-MIB sysName
)

// Walk reads the neighbour, address and LLDP tables of a switch or router. It
// only ever sends GET, GETNEXT and GETBULK. Tables that the system does not
// have are left out.
func Walk(ctx context.Context, t Target) ([]Entry, error) {
	g, err := t.session(ctx)
	if err != nil {
		return nil, err
	}
	if err := g.Connect(); err != nil {
		return nil, ident.Errorf(ident.Unavailable, "check the address", "ask %s by SNMP: %w", t.Address, err)
	}
	defer g.Close()
	first, err := g.Get([]string{sysName})
	if err != nil {
		return nil, ident.Errorf(ident.Unavailable, "check the address, the community or user, and that this machine may ask", "ask %s by SNMP: %w", t.Address, err)
	}
	w := &walker{g: g, name: t.Address, ports: make(map[string]string), names: make(map[string]string)}
	if len(first.Variables) > 0 {
		if b, ok := first.Variables[0].Value.([]byte); ok && len(b) > 0 {
			w.name = strings.ToValidUTF8(string(b), "�")
		}
	}
	for _, step := range []struct {
		root string
		take func(index []int, v gosnmp.SnmpPDU) error
	}{
		{ifName, w.interfaceName}, {basePortIf, w.bridgePort}, {lldpSysName, w.neighbourName}, {lldpChassis, w.neighbour},
		{ipNetToMedia, w.address4}, {ipNetPhysical, w.address}, {qFdbPort, w.vlanPort}, {fdbPort, w.port},
	} {
		err := g.BulkWalk(step.root, func(v gosnmp.SnmpPDU) error {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return step.take(index(v.Name, step.root), v)
		})
		if err != nil {
			return nil, ident.Errorf(ident.Unavailable, "", "read a table of %s by SNMP: %w", t.Address, err)
		}
	}
	return w.entries, nil
}

func (t Target) session(ctx context.Context) (*gosnmp.GoSNMP, error) {
	host, port := t.Address, uint16(161)
	if h, p, ok := strings.Cut(t.Address, ":"); ok && !strings.Contains(p, ":") {
		n, err := strconv.ParseUint(p, 10, 16)
		if err != nil {
			return nil, ident.Errorf(ident.Usage, "write host:port", "%q has no valid port", t.Address)
		}
		host, port = h, uint16(n)
	}
	if host == "" {
		return nil, ident.Errorf(ident.Usage, "give the address of a switch or router", "no address to ask by SNMP")
	}
	timeout := t.Timeout
	if timeout <= 0 {
		timeout = 3 * time.Second
	}
	g := &gosnmp.GoSNMP{Context: ctx, Target: host, Port: port, Timeout: timeout, Retries: 1, MaxOids: 60, MaxRepetitions: 25, Version: gosnmp.Version2c, Community: t.Community}
	if t.User == "" {
		if t.Community == "" {
			return nil, ident.Errorf(ident.Usage, "give the community of SNMP 2c or the user of SNMP 3", "nothing to authenticate to %s with", t.Address)
		}
		return g, nil
	}
	auth := map[string]gosnmp.SnmpV3AuthProtocol{"": gosnmp.NoAuth, "md5": gosnmp.MD5, "sha": gosnmp.SHA, "sha256": gosnmp.SHA256, "sha512": gosnmp.SHA512}
	priv := map[string]gosnmp.SnmpV3PrivProtocol{"": gosnmp.NoPriv, "des": gosnmp.DES, "aes": gosnmp.AES, "aes256": gosnmp.AES256}
	a, okA := auth[t.Auth]
	p, okP := priv[t.Privacy]
	if !okA || !okP || p != gosnmp.NoPriv && a == gosnmp.NoAuth {
		return nil, ident.Errorf(ident.Usage, "use md5, sha, sha256 or sha512 with des, aes or aes256", "authentication %q with privacy %q is no level of SNMP 3", t.Auth, t.Privacy)
	}
	g.Version, g.SecurityModel, g.MsgFlags = gosnmp.Version3, gosnmp.UserSecurityModel, gosnmp.NoAuthNoPriv
	if a != gosnmp.NoAuth {
		g.MsgFlags = gosnmp.AuthNoPriv
	}
	if p != gosnmp.NoPriv {
		g.MsgFlags = gosnmp.AuthPriv
	}
	g.SecurityParameters = &gosnmp.UsmSecurityParameters{UserName: t.User, AuthenticationProtocol: a, AuthenticationPassphrase: t.AuthKey, PrivacyProtocol: p, PrivacyPassphrase: t.PrivKey}
	return g, nil
}

// walker collects the rows.
type walker struct {
	g       *gosnmp.GoSNMP
	name    string
	ports   map[string]string // bridge port to interface number
	names   map[string]string // interface number or LLDP neighbour to name
	entries []Entry
}

const maxNames = 65536

// index gives the numbers of an object's name below the root.
func index(name, root string) []int {
	rest, ok := strings.CutPrefix(name, root+".")
	if !ok {
		return nil
	}
	var list []int
	for part := range strings.SplitSeq(rest, ".") {
		n, err := strconv.Atoi(part)
		if err != nil {
			return nil
		}
		list = append(list, n)
	}
	return list
}

func (w *walker) add(e Entry) error {
	if e.MAC.IsGroup() {
		return nil
	}
	if len(w.entries) >= MaxEntries {
		return fmt.Errorf("more than %d rows", MaxEntries)
	}
	e.Switch = w.name
	w.entries = append(w.entries, e)
	return nil
}

func (w *walker) interfaceName(i []int, v gosnmp.SnmpPDU) error {
	if b, ok := v.Value.([]byte); ok && len(i) == 1 && len(w.names) < maxNames {
		w.names["if "+strconv.Itoa(i[0])] = strings.ToValidUTF8(string(b), "�")
	}
	return nil
}

func (w *walker) bridgePort(i []int, v gosnmp.SnmpPDU) error {
	if len(i) == 1 && len(w.ports) < maxNames {
		w.ports[strconv.Itoa(i[0])] = gosnmp.ToBigInt(v.Value).String()
	}
	return nil
}

// portName gives the name of a bridge port.
func (w *walker) portName(v gosnmp.SnmpPDU) string {
	port := gosnmp.ToBigInt(v.Value).String()
	if name, ok := w.names["if "+w.ports[port]]; ok {
		return name
	}
	return port
}

func (w *walker) neighbourName(i []int, v gosnmp.SnmpPDU) error {
	if b, ok := v.Value.([]byte); ok && len(i) == 3 && len(w.names) < maxNames {
		w.names[fmt.Sprint("lldp ", i)] = strings.ToValidUTF8(string(b), "�")
	}
	return nil
}

// neighbour takes a system that announced itself by LLDP with its MAC.
func (w *walker) neighbour(i []int, v gosnmp.SnmpPDU) error {
	m, ok := macOf(v)
	if !ok || len(i) != 3 {
		return nil
	}
	return w.add(Entry{MAC: m, Name: w.names[fmt.Sprint("lldp ", i)], Port: w.names["if "+strconv.Itoa(i[1])]})
}

// address4 has the interface and the four numbers of the address as index.
func (w *walker) address4(i []int, v gosnmp.SnmpPDU) error {
	m, ok := macOf(v)
	if !ok || len(i) != 5 {
		return nil
	}
	a, ok := addressOf(i[1:])
	if !ok {
		return nil
	}
	return w.add(Entry{MAC: m, Address: a})
}

// address has interface, type of address, its length and its numbers.
func (w *walker) address(i []int, v gosnmp.SnmpPDU) error {
	m, ok := macOf(v)
	if !ok || len(i) < 4 || i[1] != 2 { // IPv4 is in the older table, which everybody has
		return nil
	}
	a, ok := addressOf(i[3:])
	if !ok {
		return nil
	}
	return w.add(Entry{MAC: m, Address: a})
}

// vlanPort has the VLAN and the MAC as index, and port only the MAC.
func (w *walker) vlanPort(i []int, v gosnmp.SnmpPDU) error {
	if len(i) != 7 {
		return nil
	}
	m, ok := macIndex(i[1:])
	if !ok {
		return nil
	}
	return w.add(Entry{MAC: m, Port: w.portName(v), VLAN: strconv.Itoa(i[0])})
}

func (w *walker) port(i []int, v gosnmp.SnmpPDU) error {
	m, ok := macIndex(i)
	if !ok {
		return nil
	}
	return w.add(Entry{MAC: m, Port: w.portName(v)})
}

func macIndex(i []int) (m ident.MAC, ok bool) {
	if len(i) != len(m) {
		return m, false
	}
	for k, n := range i {
		if n < 0 || n > 255 {
			return m, false
		}
		m[k] = byte(n)
	}
	return m, !m.IsZero()
}

func addressOf(i []int) (netip.Addr, bool) {
	b := make([]byte, len(i))
	for k, n := range i {
		if n < 0 || n > 255 {
			return netip.Addr{}, false
		}
		b[k] = byte(n)
	}
	return netip.AddrFromSlice(b)
}

// macOf reads a MAC from six bytes, or from the text some systems send instead.
func macOf(v gosnmp.SnmpPDU) (m ident.MAC, ok bool) {
	b, isBytes := v.Value.([]byte)
	if !isBytes {
		return m, false
	}
	if len(b) == len(m) {
		copy(m[:], b)
		return m, !m.IsZero()
	}
	if len(b) == 12 {
		if _, err := hex.Decode(m[:], b); err == nil {
			return m, !m.IsZero()
		}
	}
	return macWord(string(b))
}
