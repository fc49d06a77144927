//go:build !sensor

package api

import "edgeward/internal/hub"

// Settings are all settings. Secrets are never in them; what is set says so.
type Settings struct {
	Home          hub.HomeNetworks `json:"home"`
	Sites         []hub.Site       `json:"sites"`
	Retention     hub.Retention    `json:"retention"`
	Access        hub.AccessRules  `json:"access"`
	Notifications []Target         `json:"notifications"`
	OIDC          OIDCSettings     `json:"oidc"`
}

type homeInput struct{ Body hub.HomeNetworks }

type sitesInput struct {
	Body struct {
		Sites []hub.Site `json:"sites" maxItems:"1000"`
	}
}

type retentionInput struct{ Body hub.Retention }

type accessInput struct{ Body hub.AccessRules }

// Target is where notifications go.
type Target struct {
	ID string `json:"id"`
	hub.Target
	SecretSet bool   `json:"secret_set"`
	Author    string `json:"author"`
	Updated   Time   `json:"updated"`
	LastError string `json:"last_error" doc:"of the last delivery"`
	LastSent  Time   `json:"last_sent"`
}

// TargetInput makes or changes a target.
type TargetInput struct {
	hub.Target
	Secret *string `json:"secret,omitempty" maxLength:"1000" writeOnly:"true" doc:"password or key for signatures; absent to keep the one that is set, empty to remove it"`
}

type targetInput struct{ Body TargetInput }

type targetChange struct {
	ByID
	Body TargetInput
}

// TestResult says whether a test message went out.
type TestResult struct {
	Delivered bool   `json:"delivered"`
	Error     string `json:"error"`
	Took      int    `json:"took" doc:"milliseconds"`
}

// OIDCSettings is the OpenID provider.
type OIDCSettings struct {
	hub.OIDC
	SecretSet bool   `json:"secret_set"`
	Redirect  string `json:"redirect" doc:"to register with the provider"`
}

type oidcInput struct {
	Body struct {
		hub.OIDC
		Secret *string `json:"secret,omitempty" maxLength:"1000" writeOnly:"true" doc:"client secret; absent to keep the one that is set, empty to remove it"`
	}
}

// ReportInput defines a report.
type ReportInput struct {
	Name     string   `json:"name" minLength:"1" maxLength:"100"`
	Kind     string   `json:"kind" enum:"summary,findings,devices,changes,coverage,audit"`
	Days     int      `json:"days" minimum:"1" maximum:"366" doc:"that it looks back"`
	Sites    []string `json:"sites,omitempty" maxItems:"50"`
	Severity string   `json:"severity,omitempty" enum:",info,low,medium,high,critical" doc:"findings at least"`
	Schedule string   `json:"schedule,omitempty" enum:",daily,weekly,monthly"`
	Hour     int      `json:"hour,omitempty" minimum:"0" maximum:"23" doc:"UTC, at which a scheduled one is made"`
	Targets  []string `json:"targets,omitempty" maxItems:"20" doc:"ids of notification targets that are told"`
}

// Report is a report's definition with the runs that are kept.
type Report struct {
	ID string `json:"id"`
	ReportInput
	Author  string      `json:"author"`
	Updated Time        `json:"updated"`
	Next    Time        `json:"next" doc:"when it is made next"`
	Runs    []ReportRun `json:"runs" doc:"newest first, at most 30"`
}

// ReportRun is one report as it was made.
type ReportRun struct {
	ID   string `json:"id"`
	Made Time   `json:"made"`
	From Time   `json:"from"`
	To   Time   `json:"to"`
	By   string `json:"by"`
	Rows int    `json:"rows"`
	Size int    `json:"size" doc:"of the page, bytes"`
}

type reportInput struct{ Body ReportInput }

type reportChange struct {
	ByID
	Body ReportInput
}

type reportDownload struct {
	ByID
	Run    string `path:"run" maxLength:"64"`
	Format string `query:"format" enum:"html,csv" default:"html"`
}

// Backup is a copy of the hub's state.
type Backup struct {
	Name    string `json:"name"`
	Size    int64  `json:"size"`
	Created Time   `json:"created"`
	Version string `json:"version"`
	Note    string `json:"note"`
}

type backupInput struct {
	Body struct {
		Note string `json:"note,omitempty" maxLength:"500"`
	}
}

type backupName struct {
	Name string `path:"name" maxLength:"128" pattern:"^[A-Za-z0-9][A-Za-z0-9._-]*$"`
}

// About says what runs.
type About struct {
	Version  string           `json:"version"`
	Commit   string           `json:"commit"`
	Go       string           `json:"go"`
	Platform string           `json:"platform"`
	Started  Time             `json:"started"`
	Now      Time             `json:"now"`
	State    string           `json:"state" enum:"ready,degraded"`
	Parts    []Part           `json:"parts"`
	Storage  map[string]int64 `json:"storage" doc:"bytes by kind"`
	Licences []Licence        `json:"licences"`
	Content  string           `json:"content" doc:"version of the reference knowledge"`
	Confined string           `json:"confined" doc:"which rights the process that parses packets has given up"`
}

// Part is a part of the hub and how it is.
type Part struct {
	Name  string `json:"name"`
	Ready bool   `json:"ready"`
	Text  string `json:"text" doc:"what is wrong with it, or to know of it though it works"`
	Hint  string `json:"hint,omitempty"`
}

// Licence is that of a part that others wrote.
type Licence struct {
	Module  string `json:"module"`
	Version string `json:"version"`
	Licence string `json:"licence"`
}

// subject is what an audit entry is about.
func (x *backupName) subject() string { return x.Name }
