//go:build !sensor

package api

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// origin is where a request comes from.
type origin struct {
	address string // of the client, without its port; "local" for a unix socket
	secure  bool   // the client came over TLS
	local   bool   // from this machine, and through no proxy
}

type originKey struct{}

// forwarded finds out once where a request comes from. What the headers
// X-Forwarded-For and X-Forwarded-Proto say counts only when the connection is
// that of a proxy that the operator named; anybody else can write them too.
func (s *Server) forwarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), originKey{}, s.originOf(r))))
	})
}

// originOf follows the hops backwards from the connection: each proxy appends
// the address that it was asked from, so the first address from the right that
// is no proxy of ours is the client, and what stands before it is the client's
// own word.
func (s *Server) originOf(r *http.Request) origin {
	o := origin{secure: s.TLS || r.TLS != nil}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil { // a unix socket
		return origin{address: "local", secure: o.secure, local: true}
	}
	o.address = host
	peer, err := netip.ParseAddr(host)
	if err != nil {
		return o
	}
	o.local = peer.Unmap().IsLoopback()
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	if !s.isProxy(peer) || hops[0] == "" && len(hops) == 1 {
		return o
	}
	o.local = false
	for _, text := range slices.Backward(hops) {
		hop, ok := parseHop(strings.TrimSpace(text))
		if !ok {
			break
		}
		o.address = hop.String()
		if !s.isProxy(hop) {
			break
		}
	}
	protos := strings.Split(strings.Join(r.Header.Values("X-Forwarded-Proto"), ","), ",")
	o.secure = o.secure || strings.EqualFold(strings.TrimSpace(protos[len(protos)-1]), "https")
	return o
}

// isProxy reports whether an address is that of a proxy that is believed.
func (s *Server) isProxy(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	return slices.ContainsFunc(s.Proxies, func(p netip.Prefix) bool { return p.Contains(a) })
}

// parseHop reads an address of X-Forwarded-For, which some proxies write with
// a port.
func parseHop(text string) (netip.Addr, bool) {
	a, err := netip.ParseAddr(strings.Trim(text, "[]"))
	if err != nil {
		var p netip.AddrPort
		p, err = netip.ParseAddrPort(text)
		a = p.Addr()
	}
	return a.Unmap().WithZone(""), err == nil
}

func cameFrom(ctx context.Context) origin {
	o, _ := ctx.Value(originKey{}).(origin)
	return o
}

// addressOf gives the client's address.
func addressOf(r *http.Request) string { return cameFrom(r.Context()).address }

// isLocal reports whether a request comes from this machine.
func isLocal(r *http.Request) bool { return cameFrom(r.Context()).local }
