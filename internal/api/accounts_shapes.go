//go:build !sensor

package api

// Setup says whether the first administrator has been made.
type Setup struct {
	Needed  bool   `json:"needed"`
	Version string `json:"version"`
	OIDC    string `json:"oidc" doc:"label of the button for the OpenID provider; empty when there is none"`
}

type setupInput struct {
	Body struct {
		Token    string `json:"token" minLength:"1" maxLength:"200" doc:"the one-time token that the program printed"`
		Name     string `json:"name" minLength:"1" maxLength:"64" doc:"to log in with"`
		Display  string `json:"display,omitempty" maxLength:"100"`
		Password string `json:"password" minLength:"1" maxLength:"1024" doc:"at least 12 characters"`
	}
}

type loginInput struct {
	Body struct {
		Name     string `json:"name" minLength:"1" maxLength:"64"`
		Password string `json:"password" minLength:"1" maxLength:"1024"`
		Code     string `json:"code,omitempty" maxLength:"40" doc:"of the authenticator, or a recovery code"`
		Tenant   uint16 `json:"tenant,omitempty"`
	}
}

// Me is the caller.
type Me struct {
	ID       string            `json:"id"`
	Name     string            `json:"name"`
	Display  string            `json:"display"`
	Email    string            `json:"email"`
	Role     string            `json:"role" enum:"viewer,analyst,operator,admin"`
	Sites    []string          `json:"sites" doc:"empty for all"`
	Rights   []string          `json:"rights"`
	TOTP     bool              `json:"totp"`
	Recovery int               `json:"recovery" doc:"codes that are left"`
	External bool              `json:"external" doc:"comes from the OpenID provider"`
	CSRF     string            `json:"csrf" doc:"to send as X-CSRF-Token with every change; empty for tokens"`
	Expires  Time              `json:"expires" doc:"of the session"`
	Seen     Time              `json:"seen" doc:"up to when changes were seen"`
	Settings map[string]string `json:"settings" doc:"language, time zone, theme ..."`
	Token    bool              `json:"token" doc:"the caller is a program"`
	MustTOTP bool              `json:"must_totp" doc:"a second factor must be set up before anything else"`
}

type mePatch struct {
	Body struct {
		Display  *string           `json:"display,omitempty" maxLength:"100"`
		Email    *string           `json:"email,omitempty" maxLength:"200"`
		Seen     *Time             `json:"seen,omitempty" doc:"changes up to here have been seen"`
		Settings map[string]string `json:"settings,omitempty" doc:"values to set; an empty one removes"`
	}
}

type passwordInput struct {
	Body struct {
		Current  string `json:"current" maxLength:"1024"`
		Password string `json:"password" minLength:"1" maxLength:"1024" doc:"at least 12 characters"`
	}
}

type confirmInput struct {
	Body struct {
		Password string `json:"password" maxLength:"1024" doc:"the caller's, once more"`
	}
}

// TOTPSetup is a second factor that waits for its first code.
type TOTPSetup struct {
	Secret string `json:"secret" doc:"base32"`
	URL    string `json:"url" doc:"otpauth, for the authenticator"`
	Image  string `json:"image" doc:"the same as a QR code: a data URL with a PNG"`
}

type codeInput struct {
	Body struct {
		Code string `json:"code" minLength:"6" maxLength:"10"`
	}
}

// RecoveryCodes are shown once.
type RecoveryCodes struct {
	Codes []string `json:"codes"`
}

// Session is a login in one browser.
type Session struct {
	ID      string `json:"id"`
	Current bool   `json:"current"`
	Created Time   `json:"created"`
	Seen    Time   `json:"seen"`
	Expires Time   `json:"expires"`
	Address string `json:"address"`
	Agent   string `json:"agent"`
}

// User is a person.
type User struct {
	ID       string   `json:"id"`
	Name     string   `json:"name"`
	Display  string   `json:"display"`
	Email    string   `json:"email"`
	Role     string   `json:"role" enum:"viewer,analyst,operator,admin"`
	Sites    []string `json:"sites" doc:"empty for all"`
	Rights   []string `json:"rights"`
	TOTP     bool     `json:"totp"`
	External bool     `json:"external"`
	Disabled bool     `json:"disabled"`
	Created  Time     `json:"created"`
	Login    Time     `json:"login"`
}

// UserInput makes a user.
type UserInput struct {
	Name     string   `json:"name" minLength:"1" maxLength:"64" pattern:"^[a-zA-Z0-9][a-zA-Z0-9._@-]*$"`
	Display  string   `json:"display,omitempty" maxLength:"100"`
	Email    string   `json:"email,omitempty" maxLength:"200"`
	Password string   `json:"password,omitempty" maxLength:"1024" doc:"absent for one that logs in with OpenID only"`
	Role     string   `json:"role" enum:"viewer,analyst,operator,admin"`
	Sites    []string `json:"sites,omitempty" maxItems:"200"`
	Rights   []string `json:"rights,omitempty" maxItems:"3" enum:"evidence,unmasked,subscribers"`
}

// UserPatch changes a user.
type UserPatch struct {
	Display   *string   `json:"display,omitempty" maxLength:"100"`
	Email     *string   `json:"email,omitempty" maxLength:"200"`
	Password  *string   `json:"password,omitempty" maxLength:"1024"`
	Role      *string   `json:"role,omitempty" enum:"viewer,analyst,operator,admin"`
	Sites     *[]string `json:"sites,omitempty" maxItems:"200"`
	Rights    *[]string `json:"rights,omitempty" maxItems:"3" enum:"evidence,unmasked,subscribers"`
	Disabled  *bool     `json:"disabled,omitempty"`
	ResetTOTP bool      `json:"reset_totp,omitempty" doc:"take away the second factor"`
}

type userInput struct{ Body UserInput }

type userPatch struct {
	ByID
	Body UserPatch
}

// Token lets a program in.
type Token struct {
	ID      string   `json:"id"`
	Name    string   `json:"name"`
	User    string   `json:"user" doc:"who made it"`
	Role    string   `json:"role" enum:"viewer,analyst,operator,admin"`
	Scopes  []string `json:"scopes" doc:"empty for all that the role may"`
	Sites   []string `json:"sites" doc:"empty for all of its maker's"`
	Created Time     `json:"created"`
	Expires Time     `json:"expires"`
	Used    Time     `json:"used"`
	Revoked bool     `json:"revoked"`
}

// NewToken is a token with its value, which is shown once.
type NewToken struct {
	Token
	Value string `json:"value"`
}

// TokenInput makes a token.
type TokenInput struct {
	Name   string   `json:"name" minLength:"1" maxLength:"100"`
	Role   string   `json:"role" enum:"viewer,analyst,operator,admin" doc:"at most the maker's"`
	Scopes []string `json:"scopes,omitempty" maxItems:"40" doc:"read, write, or a resource with one of them, such as findings:read"`
	Sites  []string `json:"sites,omitempty" maxItems:"200"`
	Days   int      `json:"days,omitempty" minimum:"0" maximum:"3650" doc:"until it expires; 0 for never"`
}

type tokenInput struct{ Body TokenInput }

// Entry is one line of the audit log.
type Entry struct {
	Seq     int64  `json:"seq"`
	Time    Time   `json:"time"`
	Actor   string `json:"actor"`
	Address string `json:"address"`
	Action  string `json:"action"`
	Object  string `json:"object"`
	Detail  string `json:"detail"`
	Reason  string `json:"reason"`
	Hash    string `json:"hash"`
}

type auditQuery struct {
	AuditFilter
	Before int64 `query:"before" minimum:"0" doc:"entries with a smaller seq only"`
	Limit  int   `query:"limit" minimum:"1" maximum:"1000" default:"100"`
}

// AuditFilter selects entries.
type AuditFilter struct {
	Actor  string `query:"actor" maxLength:"100"`
	Action string `query:"action" maxLength:"100" doc:"exact, or a prefix that ends in a dot"`
	Object string `query:"object" maxLength:"200"`
	From   When   `query:"from"`
	To     When   `query:"to"`
}

// AuditPage is a page of the audit log, newest first.
type AuditPage struct {
	Items []Entry `json:"items"`
	Next  int64   `json:"next" doc:"value of before for the next page; 0 when there is none"`
}

// Verification says whether the audit log is whole.
type Verification struct {
	Whole bool  `json:"whole"`
	First int64 `json:"first" doc:"seq of the first entry that does not fit; 0 for none"`
}

// loggedIn answers a login: the cookie, and who it is.
type loggedIn struct {
	Cookie []string `header:"Set-Cookie"`
	Body   Me
}

// loggedOut takes the cookie away.
type loggedOut struct {
	Cookie []string `header:"Set-Cookie"`
}

type oidcCallback struct {
	Code  string `query:"code" maxLength:"4096"`
	State string `query:"state" maxLength:"200"`
	Error string `query:"error" maxLength:"200"`
}

type auditExport struct {
	AuditFilter
	Format string `query:"format" enum:"csv,json" default:"csv"`
}
