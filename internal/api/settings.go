//go:build !sensor

package api

import (
	"cmp"
	"context"
	"net/mail"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"edgeward/internal/hub"
	"edgeward/internal/ident"
)

func (s *Server) getSettings(ctx context.Context, _ *nothing) (*reply[Settings], error) {
	t := who(ctx).tenant
	out := Settings{Retention: hub.DefaultRetention, Access: hub.DefaultAccess}
	var sites hub.Sites
	var o hub.StoredOIDC
	for key, v := range map[string]any{"home": &out.Home, "sites": &sites, "retention": &out.Retention, "access": &out.Access, "oidc": &o} {
		if err := s.load(ctx, t, hub.SettingsKind, key, v); err != nil {
			return nil, err
		}
	}
	out.Home.Networks, out.Sites = list(out.Home.Networks), list(sites.Sites)
	out.OIDC = oidcShape(o)
	targets, err := all[hub.StoredTarget](ctx, s, t, hub.TargetKind)
	if err != nil {
		return nil, err
	}
	out.Notifications = []Target{}
	for id, x := range targets {
		out.Notifications = append(out.Notifications, targetOf(id, x))
	}
	slices.SortFunc(out.Notifications, func(a, b Target) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) })
	return ok(out)
}

func oidcShape(o hub.StoredOIDC) OIDCSettings {
	return OIDCSettings{OIDC: o.OIDC, SecretSet: o.Secret != nil, Redirect: redirectOf(o.OIDC)}
}

func targetOf(id string, t hub.StoredTarget) Target {
	return Target{ID: id, Target: t.Target, SecretSet: t.Secret != nil, Author: t.Author, Updated: Time(t.Updated), LastError: t.Error, LastSent: Time(t.Sent)}
}

// checkNetworks wants networks, and writes them all in CIDR notation.
func checkNetworks(networks []string) error {
	prefixes, err := ident.ParsePrefixes(networks)
	if err != nil {
		return invalid(plain(err.Error()) + ": " + ident.HintOf(err))
	}
	for i, p := range prefixes {
		networks[i] = p.String()
	}
	return nil
}

func (s *Server) setHome(ctx context.Context, in *homeInput) (*reply[hub.HomeNetworks], error) {
	if err := checkNetworks(in.Body.Networks); err != nil {
		return nil, err
	}
	who(ctx).detail = strings.Join(in.Body.Networks, " ")
	return put1(ctx, s, "home", in.Body)
}

// put1 saves a section of the settings.
func put1[T any](ctx context.Context, s *Server, key string, v T) (*reply[T], error) {
	if err := s.save(ctx, who(ctx).tenant, hub.SettingsKind, key, v); err != nil {
		return nil, err
	}
	return ok(v)
}

func (s *Server) setSites(ctx context.Context, in *sitesInput) (*reply[[]hub.Site], error) {
	sites := list(in.Body.Sites)
	seen := map[string]bool{}
	for i := range sites {
		x := &sites[i]
		if err := s.checkSites(ctx, who(ctx), []string{x.Name}); err != nil {
			return nil, err
		}
		if seen[x.Name] {
			return nil, invalid("there are two sites " + plain(x.Name))
		}
		seen[x.Name] = true
		if err := checkNetworks(x.Networks); err != nil {
			return nil, err
		}
	}
	if _, err := put1(ctx, s, "sites", hub.Sites{Sites: sites}); err != nil {
		return nil, err
	}
	return ok(sites)
}

func (s *Server) setRetention(ctx context.Context, in *retentionInput) (*reply[hub.Retention], error) {
	return put1(ctx, s, "retention", in.Body)
}

func (s *Server) setAccess(ctx context.Context, in *accessInput) (*reply[hub.AccessRules], error) {
	r, err := put1(ctx, s, "access", in.Body)
	s.rulesMu.Lock()
	delete(s.rulesOf, who(ctx).tenant)
	s.rulesMu.Unlock()
	return r, err
}

// reseal gives the sealed secret that counts from now on.
func (s *Server) reseal(old []byte, given *string, label string) ([]byte, error) {
	switch {
	case given == nil:
		return old, nil
	case *given == "":
		return nil, nil
	}
	return hub.Seal(s.Key, []byte(*given), label)
}

func (s *Server) setOIDC(ctx context.Context, in *oidcInput) (*reply[OIDCSettings], error) {
	t := who(ctx).tenant
	if err := checkOIDC(in.Body.OIDC); err != nil {
		return nil, err
	}
	var doc hub.StoredOIDC
	if err := s.load(ctx, t, hub.SettingsKind, "oidc", &doc); err != nil {
		return nil, err
	}
	// A secret goes to the provider that it was given for, and to no other.
	if in.Body.Secret == nil && doc.Issuer != in.Body.Issuer {
		doc.Secret = nil
	}
	secret, err := s.reseal(doc.Secret, in.Body.Secret, "oidc")
	if err != nil {
		return nil, err
	}
	doc = hub.StoredOIDC{OIDC: in.Body.OIDC, Secret: secret}
	if err := s.save(ctx, t, hub.SettingsKind, "oidc", doc); err != nil {
		return nil, err
	}
	who(ctx).detail = "issuer " + doc.Issuer
	return ok(oidcShape(doc))
}

func (s *Server) testOIDC(ctx context.Context, _ *nothing) (*reply[TestResult], error) {
	begin := time.Now()
	ctx, cancel := context.WithTimeout(ctx, providerLimit)
	defer cancel()
	_, _, _, err := s.provider(ctx)
	return tested(begin, err)
}

func tested(begin time.Time, err error) (*reply[TestResult], error) {
	r := TestResult{Delivered: err == nil, Took: int(time.Since(begin).Milliseconds())}
	if err != nil {
		r.Error = ident.Clip(plain(err.Error()), 500)
	}
	return ok(r)
}

// checkTarget says what is wrong with a target.
func checkTarget(t hub.Target) error {
	u, err := url.Parse(t.URL)
	if err != nil || u.Host == "" || u.User != nil {
		return invalid("the address of a target is a URL without a password")
	}
	schemes := map[string][]string{"webhook": {"https", "http"}, "syslog": {"tls", "tcp", "udp"}, "email": {"smtp", "smtps"}}[t.Kind]
	if !slices.Contains(schemes, u.Scheme) {
		return invalid("the address of a " + t.Kind + " begins with " + strings.Join(schemes, ":// or ") + "://")
	}
	if t.Kind != "email" {
		return nil
	}
	if len(t.To) == 0 {
		return invalid("mail needs a receiver")
	}
	for _, a := range append([]string{t.From}, t.To...) {
		if p, err := mail.ParseAddress(a); err != nil || p.Address != a {
			return invalid(ident.Clip(plain(a), 80) + " is no mail address")
		}
	}
	return nil
}

func (s *Server) createTarget(ctx context.Context, in *targetInput) (*reply[Target], error) {
	return s.putTarget(ctx, newID(), hub.StoredTarget{}, in.Body)
}

func (s *Server) editTarget(ctx context.Context, in *targetChange) (*reply[Target], error) {
	old, err := fetch[hub.StoredTarget](ctx, s, who(ctx).tenant, hub.TargetKind, in.ID, "target")
	if err != nil {
		return nil, err
	}
	return s.putTarget(ctx, in.ID, old, in.Body)
}

func (s *Server) putTarget(ctx context.Context, id string, old hub.StoredTarget, in TargetInput) (*reply[Target], error) {
	c := who(ctx)
	if err := checkTarget(in.Target); err != nil {
		return nil, err
	}
	// A secret is not sent to another place than the one it was given for.
	if in.Secret == nil && old.URL != in.URL {
		old.Secret = nil
	}
	secret, err := s.reseal(old.Secret, in.Secret, hub.TargetKind+" "+id)
	if err != nil {
		return nil, err
	}
	t := hub.StoredTarget{Target: in.Target, Secret: secret, Author: c.name, Updated: s.now()}
	if err := s.save(ctx, c.tenant, hub.TargetKind, id, t); err != nil {
		return nil, err
	}
	c.object, c.detail = t.Name, t.Kind+" "+t.URL
	return ok(targetOf(id, t))
}

func (s *Server) deleteTarget(ctx context.Context, in *ByID) (*none, error) {
	return s.dropDocument(ctx, hub.TargetKind, in.ID, "target")
}

// dropDocument deletes a document that must be there.
func (s *Server) dropDocument(ctx context.Context, kind, id, what string) (*none, error) {
	t := who(ctx).tenant
	if _, err := s.Documents.Document(ctx, t, kind, id); err != nil {
		if ident.CodeOf(err) == ident.NotFound {
			return nil, unknown(what)
		}
		return nil, err
	}
	return &none{}, s.Documents.DeleteDocument(ctx, t, kind, id)
}

func (s *Server) testTarget(ctx context.Context, in *ByID) (*reply[TestResult], error) {
	if s.Notifier == nil {
		return nil, away("sending notifications")
	}
	t, err := fetch[hub.StoredTarget](ctx, s, who(ctx).tenant, hub.TargetKind, in.ID, "target")
	if err != nil {
		return nil, err
	}
	var secret []byte
	if t.Secret != nil {
		if secret, err = hub.Unseal(s.Key, t.Secret, hub.TargetKind+" "+in.ID); err != nil {
			return nil, err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, providerLimit)
	defer cancel()
	begin := time.Now()
	return tested(begin, s.Notifier.Send(ctx, t.Target, secret, "Edgeward: test", "This is a test message, sent by "+who(ctx).name+"."))
}

// loopbackHost reports whether a host is this machine.
func loopbackHost(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && a.IsLoopback()
}
