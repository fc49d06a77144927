//go:build !sensor

package api

import (
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"edgeward/internal/account"
	"edgeward/internal/hub"
)

const (
	get    = http.MethodGet
	post   = http.MethodPost
	patch  = http.MethodPatch
	put    = http.MethodPut
	remove = http.MethodDelete
)

// routes adds all operations.
func (s *Server) routes() {
	s.accountRoutes()
	s.viewRoutes()
	s.deviceRoutes()
	s.findingRoutes()
	s.eventRoutes()
	s.sensorRoutes()
	s.settingRoutes()
}

func (s *Server) accountRoutes() {
	route(s, get, "/setup", "get-setup", "Whether the first administrator has been made", everybody(), pending[nothing, reply[Setup]])
	route(s, post, "/setup", "set-up", "Make the first administrator and log in", everybody(), pending[setupInput, loggedIn])
	route(s, post, "/session", "login", "Log in", everybody(), pending[loginInput, loggedIn])
	route(s, remove, "/session", "logout", "Log out", mine("session.end"), pending[nothing, loggedOut])
	route(s, get, "/session", "get-me", "The caller", mine(""), pending[nothing, reply[Me]])
	route(s, patch, "/session", "edit-me", "Change what is the caller's own", mine("user.self"), pending[mePatch, reply[Me]])
	route(s, put, "/session/password", "change-password", "Change the password; other sessions end", mine("user.password"), pending[passwordInput, none])
	route(s, post, "/session/totp", "begin-totp", "Begin to set up a second factor", mine("user.totp-begin"), pending[confirmInput, reply[TOTPSetup]])
	route(s, put, "/session/totp", "confirm-totp", "Confirm it with its first code", mine("user.totp"), pending[codeInput, reply[RecoveryCodes]])
	route(s, remove, "/session/totp", "disable-totp", "Remove the second factor", mine("user.totp-off"), pending[confirmInput, none])
	route(s, post, "/session/recovery", "renew-recovery", "New recovery codes; the old ones end", mine("user.recovery"), pending[confirmInput, reply[RecoveryCodes]])
	route(s, get, "/session/oidc", "begin-oidc", "Go to the OpenID provider", everybody(), pending[nothing, huma.StreamResponse], gives("text/html"))
	route(s, get, "/session/oidc/callback", "finish-oidc", "Come back from the OpenID provider", everybody(), pending[oidcCallback, huma.StreamResponse], gives("text/html"))
	route(s, get, "/sessions", "list-sessions", "The caller's sessions", mine(""), pending[nothing, reply[Page[Session]]])
	route(s, remove, "/sessions/{id}", "end-session", "End one of them", mine("session.revoke"), pending[ByID, none], missing)
	route(s, remove, "/sessions", "end-other-sessions", "End all but this one", mine("session.revoke-all"), pending[nothing, none])

	route(s, get, "/users", "list-users", "Users", administers("users", ""), pending[nothing, reply[Page[User]]])
	route(s, post, "/users", "create-user", "Make a user", administers("users", "user.create"), pending[userInput, reply[User]], conflicts)
	route(s, get, "/users/{id}", "get-user", "One user", administers("users", ""), pending[ByID, reply[User]], missing)
	route(s, patch, "/users/{id}", "edit-user", "Change a user", administers("users", "user.edit"), pending[userPatch, reply[User]], conflicts)
	route(s, remove, "/users/{id}", "delete-user", "Delete a user", administers("users", "user.delete"), pending[ByID, none], conflicts)
	route(s, get, "/names", "list-names", "Names of users, to assign to", reads("findings"), pending[nothing, reply[[]string]])

	route(s, get, "/tokens", "list-tokens", "API tokens: the caller's, or all for an administrator", mine(""), pending[nothing, reply[Page[Token]]])
	route(s, post, "/tokens", "create-token", "Make an API token; its value is shown once", access{self: true, scope: "tokens", write: true, audit: "token.create"}, pending[tokenInput, reply[NewToken]])
	route(s, remove, "/tokens/{id}", "revoke-token", "Revoke a token", access{self: true, scope: "tokens", write: true, audit: "token.revoke"}, pending[ByID, none], missing)

	route(s, get, "/audit", "list-audit", "The audit log, newest first", administers("audit", ""), pending[auditQuery, reply[AuditPage]])
	route(s, get, "/audit/verify", "verify-audit", "Whether the log is whole", administers("audit", ""), pending[nothing, reply[Verification]])
	route(s, get, "/audit/export", "export-audit", "The log as a file", access{role: account.Admin, scope: "audit", global: true, audit: "audit.export"}, pending[auditExport, huma.StreamResponse], gives("text/csv", "application/json"))
}

func (s *Server) viewRoutes() {
	route(s, get, "/overview", "get-overview", "The state of things on one page", reads("overview"), pending[viewQuery, reply[Overview]])
	route(s, get, "/changes", "get-changes", "What happened since a time", reads("overview"), pending[changesQuery, reply[Changes]])
	route(s, get, "/coverage", "get-coverage", "What cannot be seen, and why", reads("overview"), pending[nothing, reply[Coverage]])
	route(s, get, "/traffic", "get-traffic", "Traffic over time", reads("overview"), pending[trafficQuery, reply[Series]])
	route(s, get, "/graph", "get-graph", "Who talks to whom", reads("devices"), pending[graphQuery, reply[Graph]])
	route(s, get, "/stream", "stream", "What changes, as server-sent events: the event is the kind, the data a Change", reads("overview"), pending[streamQuery, huma.StreamResponse], gives("text/event-stream"))
	route(s, get, "/about", "get-about", "What runs, and how it is", access{self: true, scope: "overview"}, pending[nothing, reply[About]])
	route(s, get, "/checks", "list-checks", "The catalogue of checks", access{self: true, scope: "findings"}, pending[nothing, reply[[]Check]])
	route(s, get, "/types", "list-types", "The list of device types", access{self: true, scope: "devices"}, pending[nothing, reply[[]DeviceType]])
}

func (s *Server) deviceRoutes() {
	route(s, get, "/devices", "list-devices", "Devices", reads("devices"), pending[deviceQuery, reply[Page[Device]]])
	route(s, patch, "/devices", "edit-devices", "Set attributes of many devices", judges("devices", "device.edit-many"), pending[devicesPatch, reply[Bulk]])
	route(s, get, "/devices/facets", "get-device-facets", "Values of types, vendors, zones, sites and tags with how many devices have them", reads("devices"), pending[nothing, reply[DeviceFacets]])
	route(s, get, "/devices/export", "export-devices", "Devices as a file", reads("devices"), pending[deviceExport, huma.StreamResponse], gives("text/csv", "application/json"))
	route(s, post, "/devices/import", "import-devices", "Set attributes from a file", judges("devices", "device.import"), pending[importQuery, reply[Import]], limit(16<<20))
	route(s, post, "/devices/import/snmp", "import-tables", "Set attributes from a switch or router by SNMP", operates("devices", "device.import-snmp"), pending[tablesInput, reply[Import]])
	route(s, get, "/devices/{id}", "get-device", "One device", reads("devices"), pending[ByID, reply[DeviceDetail]], missing)
	route(s, patch, "/devices/{id}", "edit-device", "Set attributes", judges("devices", "device.edit"), pending[devicePatch, reply[DeviceDetail]], missing)
	route(s, post, "/devices/{id}/merge", "merge-devices", "Make other devices part of this one", judges("devices", "device.merge"), pending[deviceMerge, reply[DeviceDetail]], conflicts)
	route(s, post, "/devices/{id}/split", "split-device", "Make hosts of this device one of their own", judges("devices", "device.split"), pending[deviceSplit, reply[DeviceDetail]], conflicts)
	route(s, get, "/devices/{id}/timeline", "get-device-timeline", "What happened to a device, newest first", reads("devices"), pending[momentQuery, reply[[]Moment]], missing)
	route(s, get, "/devices/{id}/traffic", "get-device-traffic", "A device's traffic profile", reads("devices"), pending[deviceSpan, reply[DeviceTraffic]], missing)

	route(s, get, "/zones", "list-zones", "Definitions of zones", reads("zones"), pending[nothing, reply[Zones]])
	route(s, put, "/zones", "set-zones", "Replace the definitions", operates("zones", "zone.set"), pending[zonesInput, reply[Zones]])
	route(s, get, "/zones/matrix", "get-matrix", "Who talks to whom across zones", reads("zones"), pending[matrixQuery, reply[Matrix]])
	route(s, get, "/zones/pairs", "list-pairs", "The pairs behind a cell of the matrix", reads("zones"), pending[pairQuery, reply[Page[Pair]]])

	route(s, get, "/m2m/servers", "list-m2m-servers", "Brokers and CoAP servers", reads("m2m"), pending[nothing, reply[Page[M2MServer]]])
	route(s, get, "/m2m/nodes", "list-m2m-nodes", "Clients, topics, subscriptions, resources and observers", reads("m2m"), pending[nodeQuery, reply[Page[M2MNode]]])
	route(s, get, "/m2m/tree", "get-m2m-tree", "One level of the tree of topics or resources", reads("m2m"), pending[treeQuery, reply[[]TopicBranch]])
}

func (s *Server) findingRoutes() {
	route(s, get, "/findings", "list-findings", "Findings", reads("findings"), pending[findingQuery, reply[Page[Finding]]])
	route(s, patch, "/findings", "edit-findings", "Judge many findings", judges("findings", "finding.edit-many"), pending[findingsPatch, reply[Bulk]])
	route(s, get, "/findings/groups", "list-finding-groups", "Findings grouped by incident, or by check and site", reads("findings"), pending[findingQuery, reply[Page[FindingGroup]]])
	route(s, get, "/findings/counts", "count-findings", "How many findings there are", reads("findings"), pending[countQuery, reply[map[string]int]])
	route(s, get, "/findings/export", "export-findings", "Findings as a file", reads("findings"), pending[findingExport, huma.StreamResponse], gives("text/csv", "application/json"))
	route(s, get, "/findings/{id}", "get-finding", "One finding", reads("findings"), pending[ByID, reply[FindingDetail]], missing)
	route(s, patch, "/findings/{id}", "edit-finding", "Acknowledge, resolve, reopen, comment, assign", judges("findings", "finding.edit"), pending[findingPatch, reply[FindingDetail]], missing)
	evidence := access{role: account.Viewer, right: account.Evidence, scope: "evidence"}
	route(s, post, "/findings/{id}/evidence", "read-evidence", "The packets that a finding rests on; the reason is audited", evidence, pending[evidenceInput, reply[[]PacketEvidence]], missing)
	route(s, post, "/findings/{id}/evidence.pcap", "download-evidence", "The same as a capture file; masked unless the caller has the right \"unmasked\"", evidence, pending[evidenceInput, huma.StreamResponse], missing, gives("application/vnd.tcpdump.pcap"))

	route(s, get, "/mutes", "list-mutes", "Mutes", reads("mutes"), pending[policyQuery, reply[Page[Policy]]])
	route(s, post, "/mutes", "create-mute", "Mute findings", judges("mutes", "mute.create"), pending[policyInput, reply[Policy]])
	route(s, post, "/mutes/preview", "preview-mute", "What a mute would hide", reads("mutes"), pending[previewInput, reply[Preview]])
	route(s, put, "/mutes/{id}", "edit-mute", "Change a mute", judges("mutes", "mute.edit"), pending[policyChange, reply[Policy]], conflicts)
	route(s, remove, "/mutes/{id}", "delete-mute", "End a mute", judges("mutes", "mute.delete"), pending[ByID, none], missing)
	route(s, get, "/maintenance", "list-maintenance", "Maintenance windows", reads("maintenance"), pending[policyQuery, reply[Page[Policy]]])
	route(s, post, "/maintenance", "create-maintenance", "Announce maintenance", judges("maintenance", "maintenance.create"), pending[policyInput, reply[Policy]])
	route(s, put, "/maintenance/{id}", "edit-maintenance", "Change a window", judges("maintenance", "maintenance.edit"), pending[policyChange, reply[Policy]], conflicts)
	route(s, remove, "/maintenance/{id}", "delete-maintenance", "Delete a window", judges("maintenance", "maintenance.delete"), pending[ByID, none], missing)
}

func (s *Server) eventRoutes() {
	route(s, get, "/events", "search-events", "Facts", reads("events"), pending[eventQuery, reply[EventPage]])
	route(s, get, "/events/histogram", "get-histogram", "Facts over time", reads("events"), pending[histogramQuery, reply[Histogram]])
	route(s, get, "/events/top", "get-top", "The most frequent values of a field", reads("events"), pending[topQuery, reply[Top]])
	route(s, get, "/events/complete", "complete-query", "What can stand at the cursor of a query", reads("events"), pending[completeQuery, reply[Completion]])
	route(s, get, "/events/fields", "list-fields", "Fields that queries may use", reads("events"), pending[nothing, reply[[]FieldDoc]])
	route(s, get, "/events/export", "export-events", "Facts as a file", access{role: account.Viewer, scope: "events", audit: "event.export"}, pending[eventExport, huma.StreamResponse], gives("text/csv", "application/json", "application/x-ndjson"))
	route(s, get, "/events/{id}", "get-event", "One fact", reads("events"), pending[ByID, reply[EventDetail]], missing)

	route(s, get, "/queries", "list-queries", "Saved queries: the caller's and those that are shared", reads("queries"), pending[nothing, reply[Page[SavedQuery]]])
	route(s, post, "/queries", "create-query", "Save a query", judges("queries", "query.create"), pending[savedQueryInput, reply[SavedQuery]])
	route(s, put, "/queries/{id}", "edit-query", "Change a saved query", judges("queries", "query.edit"), pending[savedQueryChange, reply[SavedQuery]], missing)
	route(s, remove, "/queries/{id}", "delete-query", "Delete a saved query", judges("queries", "query.delete"), pending[ByID, none], missing)

	route(s, get, "/captures", "list-captures", "Captures that were given to the hub", reads("captures"), pending[nothing, reply[Page[Capture]]])
	route(s, post, "/captures", "upload-capture", "Give a capture: the body is the file", operates("captures", "capture.upload"), pending[captureUpload, reply[Capture]], takes("application/octet-stream", s.MaxCapture))
	route(s, get, "/captures/{id}", "get-capture", "One capture", reads("captures"), pending[ByID, reply[Capture]], missing)
	route(s, remove, "/captures/{id}", "delete-capture", "Delete a capture", operates("captures", "capture.delete"), pending[ByID, none], missing)
}

func (s *Server) sensorRoutes() {
	route(s, get, "/sensors", "list-sensors", "Sensors", reads("sensors"), pending[nothing, reply[Page[Sensor]]])
	route(s, get, "/sensors/{id}", "get-sensor", "One sensor", reads("sensors"), pending[ByID, reply[Sensor]], missing)
	route(s, patch, "/sensors/{id}", "edit-sensor", "Change what a sensor is to run", operates("sensors", "sensor.edit"), pending[sensorPatch, reply[Sensor]], missing)
	route(s, post, "/sensors/{id}/revoke", "revoke-sensor", "Let a sensor in no more", operates("sensors", "sensor.revoke"), pending[ByID, reply[Sensor]], missing)
	route(s, get, "/enrolments", "list-enrolments", "Enrolment tokens", operates("sensors", "").reading(), pending[nothing, reply[Page[Enrolment]]])
	route(s, post, "/enrolments", "create-enrolment", "Make a one-time token for a new sensor", operates("sensors", "enrolment.create"), pending[enrolmentInput, reply[NewEnrolment]])
	route(s, remove, "/enrolments/{id}", "revoke-enrolment", "Revoke an enrolment token", operates("sensors", "enrolment.revoke"), pending[ByID, none], missing)
	route(s, get, "/waves", "list-waves", "Upgrades in waves", operates("sensors", "").reading(), pending[nothing, reply[Page[Wave]]])
	route(s, post, "/waves", "create-wave", "Begin an upgrade with its first step", operates("sensors", "wave.create"), pending[waveInput, reply[Wave]])
	route(s, post, "/waves/{id}/advance", "advance-wave", "Begin the next step", operates("sensors", "wave.advance"), pending[ByID, reply[Wave]], conflicts)
	route(s, post, "/waves/{id}/rollback", "rollback-wave", "Let all its sensors want what they wanted before", operates("sensors", "wave.rollback"), pending[ByID, reply[Wave]], conflicts)

	route(s, get, "/content", "get-content", "The reference knowledge that is in use", reads("content"), pending[nothing, reply[ContentStatus]])
	route(s, post, "/content", "install-content", "Verify, try and install a signed bundle: the body is the file", administers("content", "content.install"), pending[contentInstall, reply[ContentTrial]], takes("application/octet-stream", 256<<20))
	route(s, post, "/content/rollback", "rollback-content", "Go back to an earlier bundle", administers("content", "content.rollback"), pending[contentRollback, reply[ContentStatus]], missing)
}

func (s *Server) settingRoutes() {
	route(s, get, "/settings", "get-settings", "All settings", operates("settings", "").reading(), pending[nothing, reply[Settings]])
	route(s, put, "/settings/home", "set-home", "Home networks", administers("settings", "settings.home"), pending[homeInput, reply[hub.HomeNetworks]])
	route(s, put, "/settings/sites", "set-sites", "Sites", administers("settings", "settings.sites"), pending[sitesInput, reply[[]hub.Site]])
	route(s, put, "/settings/retention", "set-retention", "How long things are kept", administers("settings", "settings.retention"), pending[retentionInput, reply[hub.Retention]])
	route(s, put, "/settings/access", "set-access", "Rules of logins", administers("settings", "settings.access"), pending[accessInput, reply[hub.AccessRules]])
	route(s, put, "/settings/oidc", "set-oidc", "The OpenID provider", administers("settings", "settings.oidc"), pending[oidcInput, reply[OIDCSettings]])
	route(s, post, "/settings/oidc/test", "test-oidc", "Ask the provider for its configuration", administers("settings", "settings.oidc-test"), pending[nothing, reply[TestResult]])
	route(s, post, "/settings/notifications", "create-target", "Add a notification target", administers("settings", "settings.target-create"), pending[targetInput, reply[Target]])
	route(s, put, "/settings/notifications/{id}", "edit-target", "Change a notification target", administers("settings", "settings.target-edit"), pending[targetChange, reply[Target]], missing)
	route(s, remove, "/settings/notifications/{id}", "delete-target", "Remove a notification target", administers("settings", "settings.target-delete"), pending[ByID, none], missing)
	route(s, post, "/settings/notifications/{id}/test", "test-target", "Send a test message", administers("settings", "settings.target-test"), pending[ByID, reply[TestResult]], missing)

	route(s, get, "/reports", "list-reports", "Reports", reads("reports"), pending[nothing, reply[Page[Report]]])
	route(s, post, "/reports", "create-report", "Define a report", judges("reports", "report.create"), pending[reportInput, reply[Report]])
	route(s, put, "/reports/{id}", "edit-report", "Change a report", judges("reports", "report.edit"), pending[reportChange, reply[Report]], missing)
	route(s, remove, "/reports/{id}", "delete-report", "Delete a report with its runs", judges("reports", "report.delete"), pending[ByID, none], missing)
	route(s, post, "/reports/{id}/run", "run-report", "Make the report now", judges("reports", "report.run"), pending[ByID, reply[ReportRun]], missing)
	route(s, get, "/reports/{id}/runs/{run}", "download-report", "One report as it was made", reads("reports"), pending[reportDownload, huma.StreamResponse], missing, gives("text/html", "text/csv"))

	route(s, get, "/backups", "list-backups", "Backups", administers("backups", ""), pending[nothing, reply[Page[Backup]]])
	route(s, post, "/backups", "create-backup", "Make a backup", administers("backups", "backup.create"), pending[backupInput, reply[Backup]])
	route(s, get, "/backups/{name}", "download-backup", "A backup as a file", access{role: account.Admin, scope: "backups", global: true, audit: "backup.download"}, pending[backupName, huma.StreamResponse], missing, gives("application/octet-stream"))
	route(s, remove, "/backups/{name}", "delete-backup", "Delete a backup", administers("backups", "backup.delete"), pending[backupName, none], missing)
}
