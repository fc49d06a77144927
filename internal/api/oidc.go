//go:build !sensor

package api

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"golang.org/x/oauth2"

	"edgeward/internal/account"
	"edgeward/internal/hub"
	"edgeward/internal/ident"
)

// oidcTenant is the tenant whose provider logs people in.
const oidcTenant = 0

// stateCookie keeps what a login with the provider began with. It comes back
// on a request that another site causes, so it is Lax and not Strict.
const stateCookie = "edgeward-oidc"

// stateLife is how long a login at the provider may take.
const stateLife = 10 * time.Minute

// providerLimit bounds what a provider may take in time.
const providerLimit = 15 * time.Second

type oidcState struct {
	State    string `json:"s"`
	Nonce    string `json:"n"`
	Verifier string `json:"v"`
	Made     int64  `json:"m"`
}

func (s *Server) oidcSettings(ctx context.Context, tenant uint16) (hub.OIDC, string, error) {
	var doc hub.StoredOIDC
	if err := s.load(ctx, tenant, hub.SettingsKind, "oidc", &doc); err != nil {
		return hub.OIDC{}, "", err
	}
	if doc.Secret == nil {
		return doc.OIDC, "", nil
	}
	secret, err := hub.Unseal(s.Key, doc.Secret, "oidc")
	return doc.OIDC, string(secret), err
}

// provider asks the provider for its configuration.
func (s *Server) provider(ctx context.Context) (*oidc.Provider, *oauth2.Config, hub.OIDC, error) {
	o, secret, err := s.oidcSettings(ctx, oidcTenant)
	if err != nil {
		return nil, nil, o, err
	}
	if !o.Enabled {
		return nil, nil, o, refuse(http.StatusNotFound, "not-found", "there is no OpenID provider")
	}
	p, err := oidc.NewProvider(ctx, o.Issuer)
	if err != nil {
		return nil, nil, o, ident.Errorf(ident.Unavailable, "the OpenID provider does not answer as it should", "ask the OpenID provider %s: %w", o.Issuer, err)
	}
	return p, &oauth2.Config{
		ClientID: o.ClientID, ClientSecret: secret, Endpoint: p.Endpoint(), RedirectURL: redirectOf(o),
		Scopes: append([]string{oidc.ScopeOpenID}, o.Scopes...),
	}, o, nil
}

func redirectOf(o hub.OIDC) string {
	return strings.TrimRight(o.Base, "/") + prefix + "/session/oidc/callback"
}

// beginOIDC sends the browser to the provider: authorisation code with PKCE
// (RFC 7636), state and nonce.
func (s *Server) beginOIDC(ctx context.Context, _ *nothing) (*huma.StreamResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, providerLimit)
	defer cancel()
	_, config, _, err := s.provider(ctx)
	if err != nil {
		return nil, err
	}
	st := oidcState{random(), random(), oauth2.GenerateVerifier(), s.now()}
	b, err := json.Marshal(st)
	if err != nil {
		return nil, fmt.Errorf("begin a login: %w", err)
	}
	sealed, err := hub.Seal(s.Key, b, "oidc state")
	if err != nil {
		return nil, err
	}
	to := config.AuthCodeURL(st.State, oidc.Nonce(st.Nonce), oauth2.S256ChallengeOption(st.Verifier))
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		hc.AppendHeader("Set-Cookie", oidcCookie(ctx, base64.RawURLEncoding.EncodeToString(sealed), int(stateLife.Seconds())))
		hc.SetHeader("Location", to)
		hc.SetStatus(http.StatusSeeOther)
	}}, nil
}

func oidcCookie(ctx context.Context, value string, age int) string {
	c := http.Cookie{Name: stateCookie, Value: value, Path: prefix + "/session/oidc", MaxAge: age, HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: cameFrom(ctx).secure}
	return c.String()
}

// landing goes on to the console. It is a page and not a redirect, since a
// browser sends a strict cookie only when the request comes from this site.
var landing = template.Must(template.New("").Parse(`<!doctype html><html lang="en"><meta charset="utf-8"><meta http-equiv="refresh" content="{{if .}}8{{else}}0{{end}};url=/"><title>Edgeward</title><p>{{.}}</p><p><a href="/">Edgeward</a></p></html>`))

func (s *Server) finishOIDC(ctx context.Context, in *oidcCallback) (*huma.StreamResponse, error) {
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		r, _ := humago.Unwrap(hc)
		in, err := s.redeem(ctx, r, in)
		text, status := "", http.StatusOK
		if err != nil {
			var e *huma.ErrorModel
			text, status = "The login did not work.", http.StatusForbidden
			if pe := s.public(ctx, r.Method, err); errors.As(pe, &e) {
				text += " " + e.Detail + "."
			}
		} else {
			for _, c := range in.Cookie {
				hc.AppendHeader("Set-Cookie", c)
			}
		}
		hc.AppendHeader("Set-Cookie", oidcCookie(ctx, "", -1))
		var page bytes.Buffer
		if err := landing.Execute(&page, text); err != nil {
			s.Log.ErrorContext(ctx, "write a page", "error", err)
		}
		hc.SetHeader("Content-Type", "text/html; charset=utf-8")
		hc.SetHeader("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		hc.SetStatus(status)
		_, _ = hc.BodyWriter().Write(page.Bytes()) // the client is gone when this fails
	}}, nil
}

var errOIDC = refuse(http.StatusForbidden, "oidc", "the answer of the OpenID provider does not belong to a login that began here: try again")

// redeem turns the provider's code into a session.
func (s *Server) redeem(ctx context.Context, r *http.Request, in *oidcCallback) (*loggedIn, error) {
	ctx, cancel := context.WithTimeout(ctx, providerLimit)
	defer cancel()
	st, err := s.stateOf(r)
	if err != nil || in.State == "" || in.State != st.State {
		return nil, errOIDC
	}
	if in.Error != "" {
		return nil, refuse(http.StatusForbidden, "oidc", "the OpenID provider refused: "+plain(ident.Clip(in.Error, 100)))
	}
	p, config, o, err := s.provider(ctx)
	if err != nil {
		return nil, err
	}
	got, err := config.Exchange(ctx, in.Code, oauth2.VerifierOption(st.Verifier))
	if err != nil {
		s.Log.WarnContext(ctx, "the OpenID provider refused a code", "error", err)
		return nil, refuse(http.StatusForbidden, "oidc", "the OpenID provider did not accept the code")
	}
	raw, _ := got.Extra("id_token").(string)
	token, err := p.Verifier(&oidc.Config{ClientID: o.ClientID, Now: s.Clock}).Verify(ctx, raw)
	if err != nil {
		s.Log.WarnContext(ctx, "an id token is not valid", "error", err)
		return nil, refuse(http.StatusForbidden, "oidc", "the id token is not valid")
	}
	if token.Nonce != st.Nonce {
		return nil, errOIDC
	}
	claims := map[string]any{}
	if err := token.Claims(&claims); err != nil {
		return nil, fmt.Errorf("read an id token: %w", err)
	}
	u, err := s.externalUser(ctx, o, token.Issuer+" "+token.Subject, claims)
	if err != nil {
		return nil, err
	}
	return s.open(ctx, who(ctx), u, "session.begin-oidc")
}

func (s *Server) stateOf(r *http.Request) (oidcState, error) {
	var st oidcState
	c, err := r.Cookie(stateCookie)
	if err != nil {
		return st, err
	}
	sealed, err := base64.RawURLEncoding.DecodeString(c.Value)
	if err != nil {
		return st, err
	}
	b, err := hub.Unseal(s.Key, sealed, "oidc state")
	if err != nil {
		return st, err
	}
	if err := json.Unmarshal(b, &st); err != nil {
		return st, err
	}
	if age := s.now() - st.Made; age < 0 || age > int64(stateLife) {
		return st, errOIDC
	}
	return st, nil
}

// externalUser finds or makes the user of a subject, and gives the role and
// sites that the claims say now.
func (s *Server) externalUser(ctx context.Context, o hub.OIDC, subject string, claims map[string]any) (*account.User, error) {
	role, sites := mapClaims(o, claims)
	if role == "" {
		return nil, refuse(http.StatusForbidden, "oidc", "the OpenID provider gives this person no role here")
	}
	users, err := s.Users.Users(ctx, oidcTenant)
	if err != nil {
		return nil, err
	}
	if i := slices.IndexFunc(users, func(u *account.User) bool { return u.Subject == subject }); i >= 0 {
		if users[i].Disabled {
			return nil, refuse(http.StatusForbidden, "oidc", "this account is disabled")
		}
		return s.Users.EditUser(ctx, oidcTenant, users[i].ID, func(u *account.User) error {
			u.Role, u.Sites, u.Email = role, sites, claimText(claims, "email")
			return nil
		})
	}
	base := nameOf(claims)
	name := base
	for n := 2; slices.ContainsFunc(users, func(u *account.User) bool { return u.Name == name }); n++ {
		// A name that exists is not taken over: it may be somebody else.
		name = fmt.Sprintf("%s-%d", base, n)
	}
	u := &account.User{Tenant: oidcTenant, Name: name, Display: claimText(claims, "name"), Email: claimText(claims, "email"), Subject: subject, Role: role, Sites: sites, Created: s.now()}
	return u, s.Users.PutUser(ctx, u)
}

// nameOf makes a name to log in with out of the claims.
func nameOf(claims map[string]any) string {
	for _, claim := range []string{"preferred_username", "email", "sub"} {
		name := strings.ToLower(claimText(claims, claim))
		name = strings.Map(func(r rune) rune {
			if validName("a" + string(r)) {
				return r
			}
			return -1
		}, name)
		if name = ident.Clip(strings.TrimLeft(name, "._@-"), 56); name != "" {
			return name
		}
	}
	return "user"
}

func claimText(claims map[string]any, name string) string {
	v, _ := claims[name].(string)
	return ident.Clip(plain(v), 200)
}

// mapClaims gives the highest role that the values of the claim give, and the
// sites; no sites at all are all sites.
func mapClaims(o hub.OIDC, claims map[string]any) (account.Role, []string) {
	var values []string
	switch v := claims[o.Claim].(type) {
	case string:
		values = []string{v}
	case []any:
		for _, x := range v {
			if text, ok := x.(string); ok {
				values = append(values, text)
			}
		}
	}
	role := account.Role("")
	var sites []string
	for _, v := range values {
		if r := account.Role(o.Roles[v]); slices.Contains(account.Roles, r) && (role == "" || r.AtLeast(role)) {
			role = r
		}
		if site := o.Sites[v]; site != "" && !slices.Contains(sites, site) {
			sites = append(sites, site)
		}
	}
	if len(o.Sites) > 0 && len(sites) == 0 {
		sites = []string{nowhere} // sites are given by claim, and this person has none
	}
	return role, sites
}

// checkOIDC says what is wrong with the settings of a provider.
func checkOIDC(o hub.OIDC) error {
	if !o.Enabled {
		return nil
	}
	for what, address := range map[string]string{"issuer": o.Issuer, "base": o.Base} {
		u, err := url.Parse(address)
		if err != nil || u.Host == "" || u.Scheme != "https" && !(u.Scheme == "http" && loopbackHost(u.Hostname())) {
			return invalid("the " + what + " must be an https address")
		}
	}
	if o.ClientID == "" || o.Claim == "" || len(o.Roles) == 0 {
		return invalid("a provider needs client_id, claim and roles")
	}
	for value, r := range o.Roles {
		if !slices.Contains(account.Roles, account.Role(r)) {
			return invalid(fmt.Sprintf("the role %q for %q does not exist", ident.Clip(r, 40), ident.Clip(value, 40)))
		}
	}
	return nil
}
