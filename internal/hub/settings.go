package hub

// The kinds of documents that hold what people configure, one JSON document a
// key. All but SettingsKind have one key an entry.
const (
	SettingsKind = "settings" // keys: home, sites, zones, retention, access, oidc
	TargetKind   = "target"   // notification targets, by id
	QueryKind    = "query"    // saved queries, by id
	ReportKind   = "report"   // definitions of reports, by id
)

// HomeNetworks says which networks are home beside the private ones.
type HomeNetworks struct {
	Networks []string `json:"networks" maxItems:"500" doc:"as CIDR"`
}

// Site is a place with sensors.
type Site struct {
	Name        string   `json:"name" minLength:"1" maxLength:"100"`
	Description string   `json:"description,omitempty" maxLength:"1000"`
	Networks    []string `json:"networks,omitempty" maxItems:"200" doc:"home networks that are expected there, as CIDR"`
}

// Sites is the document of sites.
type Sites struct {
	Sites []Site `json:"sites"`
}

// Zone names a part of the network.
type Zone struct {
	Name        string   `json:"name" minLength:"1" maxLength:"100"`
	Description string   `json:"description,omitempty" maxLength:"1000"`
	Site        string   `json:"site,omitempty" maxLength:"100"`
	Level       string   `json:"level,omitempty" maxLength:"20" doc:"of the Purdue model, such as 2 or 3.5"`
	Color       string   `json:"color,omitempty" maxLength:"20"`
	Networks    []string `json:"networks,omitempty" maxItems:"200" doc:"as CIDR"`
	MACs        []string `json:"macs,omitempty" maxItems:"1000"`
	VLANs       []int    `json:"vlans,omitempty" maxItems:"200"`
}

// ZoneDefinitions is the document of zones.
type ZoneDefinitions struct {
	Zones []Zone `json:"zones"`
}

// Retention says how long things are kept. 0 keeps them until the size counts.
type Retention struct {
	EventDays    int   `json:"event_days" minimum:"0" maximum:"3650"`
	EventBytes   int64 `json:"event_bytes" minimum:"0" doc:"of the event log; the oldest goes first"`
	FindingDays  int   `json:"finding_days" minimum:"0" maximum:"3650" doc:"resolved findings"`
	EvidenceDays int   `json:"evidence_days" minimum:"0" maximum:"3650" doc:"bytes of packets in findings"`
	RollupDays   int   `json:"rollup_days" minimum:"0" maximum:"3650"`
	AuditDays    int   `json:"audit_days" minimum:"0" maximum:"3650"`
}

// DefaultRetention is what holds until somebody changes it.
var DefaultRetention = Retention{EventDays: 30, EventBytes: 20 << 30, FindingDays: 365, EvidenceDays: 90, RollupDays: 400}

// AccessRules are the rules of logins.
type AccessRules struct {
	IdleMinutes int  `json:"idle_minutes" minimum:"5" maximum:"10080" doc:"after which an idle session ends"`
	MaxHours    int  `json:"max_hours" minimum:"1" maximum:"720" doc:"after which every session ends"`
	RequireTOTP bool `json:"require_totp" doc:"everybody with a password must set up a second factor"`
}

// DefaultAccess is what holds until somebody changes it.
var DefaultAccess = AccessRules{IdleMinutes: 60, MaxHours: 12}

// Target is where notifications go.
type Target struct {
	Name     string   `json:"name" minLength:"1" maxLength:"100"`
	Kind     string   `json:"kind" enum:"webhook,syslog,email"`
	Enabled  bool     `json:"enabled"`
	URL      string   `json:"url,omitempty" maxLength:"1000" doc:"of a webhook; of syslog such as tls://host:6514, tcp:// or udp://; of mail smtp://host:587 or smtps://host:465"`
	Format   string   `json:"format,omitempty" enum:",json,cef,rfc5424" doc:"of syslog and webhooks"`
	User     string   `json:"user,omitempty" maxLength:"200" doc:"at the mail server"`
	From     string   `json:"from,omitempty" maxLength:"200" doc:"mail address"`
	To       []string `json:"to,omitempty" maxItems:"50" doc:"mail addresses"`
	Severity string   `json:"severity,omitempty" enum:",info,low,medium,high,critical" doc:"findings at least"`
	Checks   []string `json:"checks,omitempty" maxItems:"100" doc:"exact, or with .* at the end; empty for all"`
	Sites    []string `json:"sites,omitempty" maxItems:"100"`
	System   bool     `json:"system" doc:"also what is wrong with the hub and its sensors"`
}

// StoredTarget is the document of a target.
type StoredTarget struct {
	Target
	Secret  []byte `json:"secret,omitempty"` // sealed, see Seal
	Author  string `json:"author"`
	Updated int64  `json:"updated"`
	Error   string `json:"last_error,omitempty"`
	Sent    int64  `json:"last_sent,omitempty"`
}

// OIDC is the OpenID provider.
type OIDC struct {
	Enabled  bool              `json:"enabled"`
	Label    string            `json:"label,omitempty" maxLength:"60" doc:"on the button"`
	Issuer   string            `json:"issuer,omitempty" maxLength:"500" format:"uri"`
	ClientID string            `json:"client_id,omitempty" maxLength:"200"`
	Scopes   []string          `json:"scopes,omitempty" maxItems:"20" doc:"beside openid"`
	Claim    string            `json:"claim,omitempty" maxLength:"100" doc:"whose values give the role, such as groups"`
	Roles    map[string]string `json:"roles,omitempty" doc:"role by value of the claim; the highest counts, and without one there is no login"`
	Sites    map[string]string `json:"sites,omitempty" doc:"site by value of the claim; without one all"`
	Base     string            `json:"base,omitempty" maxLength:"500" doc:"address of this console, such as https://edgeward.example.org, for the way back"`
}

// StoredOIDC is the document of the provider.
type StoredOIDC struct {
	OIDC
	Secret []byte `json:"secret,omitempty"` // sealed, see Seal
}
