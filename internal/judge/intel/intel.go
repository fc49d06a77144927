// Package intel holds sets of indicators of malware - addresses, names, paths,
// fingerprints - loaded from plain lists. It only answers whether something is
// on a list; what that means is for judge/detect. It fetches nothing; package
// app says which files to load.
package intel

import (
	"bufio"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"

	"edgeward/internal/judge/detect"
)

// Set is a set of indicators. It is safe for concurrent reading once loaded.
type Set struct {
	addrs    map[netip.Addr]int32
	ports    map[netip.AddrPort]int32
	prefixes map[netip.Prefix]int32
	bits     []int // prefix lengths that occur; the sign tells IPv6
	names    map[string]int32
	urls     map[string]int32 // "/path" or "host/path"
	hashes   map[string]int32
	lists    []string
}

// Limits of one list.
const (
	maxEntries = 2_000_000
	maxLine    = 4096
)

// New makes an empty set.
func New() *Set {
	return &Set{
		addrs: map[netip.Addr]int32{}, ports: map[netip.AddrPort]int32{}, names: map[string]int32{},
		urls: map[string]int32{}, hashes: map[string]int32{}, prefixes: map[netip.Prefix]int32{},
	}
}

var _ detect.Indicators = (*Set)(nil)

// Load reads a list: one indicator a line, # and // begin comments. An
// indicator is an address, address:port, network in CIDR form, host name, path
// that begins with /, host with path, URL, or a hash of 32 or 64 hexadecimal
// digits; lines of a hosts file ("0.0.0.0 name") are taken too. It gives the
// number of indicators read and of lines that were none.
func (s *Set) Load(r io.Reader, list string) (read, skipped int, err error) {
	id := int32(len(s.lists))
	s.lists = append(s.lists, list)
	sc := bufio.NewScanner(r)
	sc.Buffer(make([]byte, 0, maxLine), 1<<20)
	for sc.Scan() {
		line := sc.Text()
		if i := strings.IndexByte(line, '#'); i >= 0 {
			line = line[:i]
		}
		if strings.HasPrefix(strings.TrimSpace(line), "//") || len(line) > maxLine {
			continue
		}
		fields := strings.Fields(line)
		if len(fields) == 0 {
			continue
		}
		if read >= maxEntries {
			return read, skipped, fmt.Errorf("load list %s: more than %d indicators", list, maxEntries)
		}
		entry := fields[0]
		if len(fields) > 1 && (entry == "0.0.0.0" || entry == "127.0.0.1" || entry == "::") {
			entry = fields[1]
		}
		if s.add(strings.Trim(entry, `",;`), id) {
			read++
		} else {
			skipped++
		}
	}
	if err := sc.Err(); err != nil {
		return read, skipped, fmt.Errorf("load list %s: %w", list, err)
	}
	return read, skipped, nil
}

func (s *Set) add(entry string, id int32) bool {
	entry = strings.ToLower(entry)
	if i := strings.Index(entry, "://"); i >= 0 {
		entry = entry[i+3:]
	}
	if a, err := netip.ParseAddr(entry); err == nil {
		s.addrs[a.Unmap()] = id
		return true
	}
	if ap, err := netip.ParseAddrPort(entry); err == nil {
		s.ports[netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())] = id
		return true
	}
	if p, err := netip.ParsePrefix(entry); err == nil {
		if p.Bits() == 0 {
			return false
		}
		s.prefixes[p.Masked()] = id
		bits := p.Bits()
		if p.Addr().Is6() {
			bits = -bits
		}
		if !slices.Contains(s.bits, bits) {
			s.bits = append(s.bits, bits)
		}
		return true
	}
	if isHash(entry) {
		s.hashes[entry] = id
		return true
	}
	if i := strings.IndexByte(entry, '/'); i >= 0 {
		if len(entry)-i < 4 { // "/", "/a": says nothing
			entry = entry[:i]
			if entry == "" {
				return false
			}
		} else {
			s.urls[entry] = id
			return true
		}
	}
	entry = strings.TrimPrefix(strings.Trim(entry, "."), "*.")
	if !isName(entry) {
		return false
	}
	s.names[entry] = id
	return true
}

func isHash(v string) bool {
	if len(v) != 32 && len(v) != 64 && len(v) != 40 {
		return false
	}
	for i := 0; i < len(v); i++ {
		if c := v[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

func isName(v string) bool {
	if len(v) < 4 || len(v) > 253 || !strings.Contains(v, ".") {
		return false
	}
	for i := 0; i < len(v); i++ {
		c := v[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '.' && c != '_' {
			return false
		}
	}
	return true
}

// Len gives the number of indicators.
func (s *Set) Len() int {
	return len(s.addrs) + len(s.ports) + len(s.prefixes) + len(s.names) + len(s.urls) + len(s.hashes)
}

// Address finds an address, with or without its port.
func (s *Set) Address(a netip.Addr, port uint16) (detect.Indicator, bool) {
	if id, ok := s.addrs[a]; ok {
		return detect.Indicator{Value: a.String(), List: s.lists[id]}, true
	}
	if port != 0 {
		ap := netip.AddrPortFrom(a, port)
		if id, ok := s.ports[ap]; ok {
			return detect.Indicator{Value: ap.String(), List: s.lists[id]}, true
		}
	}
	for _, bits := range s.bits {
		if bits < 0 != a.Is6() {
			continue
		}
		if p, err := a.Prefix(max(bits, -bits)); err == nil {
			if id, ok := s.prefixes[p]; ok {
				return detect.Indicator{Value: p.String(), List: s.lists[id]}, true
			}
		}
	}
	return detect.Indicator{}, false
}

// Name finds a host name or one of its parents, of at least two labels.
func (s *Set) Name(name string) (detect.Indicator, bool) {
	if len(s.names) == 0 {
		return detect.Indicator{}, false
	}
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	for strings.Contains(name, ".") {
		if id, ok := s.names[name]; ok {
			return detect.Indicator{Value: strings.Clone(name), List: s.lists[id]}, true
		}
		_, name, _ = strings.Cut(name, ".")
	}
	return detect.Indicator{}, false
}

// URL finds a path, or a host with its path.
func (s *Set) URL(host, path string) (detect.Indicator, bool) {
	if len(s.urls) == 0 {
		return detect.Indicator{}, false
	}
	path = strings.ToLower(path)
	for _, p := range []string{path, beforeQuery(path)} {
		for _, v := range []string{strings.ToLower(host) + p, p} {
			if id, ok := s.urls[v]; ok {
				return detect.Indicator{Value: strings.Clone(v), List: s.lists[id]}, true
			}
		}
	}
	return detect.Indicator{}, false
}

func beforeQuery(path string) string {
	p, _, _ := strings.Cut(path, "?")
	return p
}

// Fingerprint finds the hash of a TLS client hello or certificate.
func (s *Set) Fingerprint(hash string) (detect.Indicator, bool) {
	hash = strings.ToLower(hash)
	if id, ok := s.hashes[hash]; ok {
		return detect.Indicator{Value: strings.Clone(hash), List: s.lists[id]}, true
	}
	return detect.Indicator{}, false
}
