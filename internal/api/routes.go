//go:build !sensor

package api

import (
	"net/http"

	"edgeward/internal/account"
	"edgeward/internal/policy"
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
	s.profileRoutes()
	s.eventRoutes()
	s.sensorRoutes()
	s.settingRoutes()
}

func (s *Server) accountRoutes() {
	route(s, get, "/setup", "get-setup", "Whether the first administrator has been made", everybody(), s.getSetup)
	route(s, post, "/setup", "set-up", "Make the first administrator and log in", everybody(), s.setUp)
	route(s, post, "/session", "login", "Log in", everybody(), s.login)
	route(s, remove, "/session", "logout", "Log out", mine("session.end"), s.logout)
	route(s, get, "/session", "get-me", "The caller", mine(""), s.me)
	route(s, patch, "/session", "edit-me", "Change what is the caller's own", mine("user.self"), s.editMe)
	route(s, put, "/session/password", "change-password", "Change the password; other sessions end", mine("user.password"), s.changePassword)
	route(s, post, "/session/totp", "begin-totp", "Begin to set up a second factor", mine("user.totp-begin"), s.beginTOTP)
	route(s, put, "/session/totp", "confirm-totp", "Confirm it with its first code", mine("user.totp"), s.confirmTOTP)
	route(s, remove, "/session/totp", "disable-totp", "Remove the second factor", mine("user.totp-off"), s.disableTOTP)
	route(s, post, "/session/recovery", "renew-recovery", "New recovery codes; the old ones end", mine("user.recovery"), s.renewRecovery)
	route(s, get, "/session/oidc", "begin-oidc", "Go to the OpenID provider", everybody(), s.beginOIDC, gives("text/html"))
	route(s, get, "/session/oidc/callback", "finish-oidc", "Come back from the OpenID provider", everybody(), s.finishOIDC, gives("text/html"))
	route(s, get, "/sessions", "list-sessions", "The caller's sessions", mine(""), s.listSessions)
	route(s, remove, "/sessions/{id}", "end-session", "End one of them", mine("session.revoke"), s.endSession, missing)
	route(s, remove, "/sessions", "end-other-sessions", "End all but this one", mine("session.revoke-all"), s.endOthers)

	route(s, get, "/users", "list-users", "Users", administers("users", ""), s.listUsers)
	route(s, post, "/users", "create-user", "Make a user", administers("users", "user.create"), s.createUser, conflicts)
	route(s, get, "/users/{id}", "get-user", "One user", administers("users", ""), s.getUser, missing)
	route(s, patch, "/users/{id}", "edit-user", "Change a user", administers("users", "user.edit"), s.editUser, conflicts)
	route(s, remove, "/users/{id}", "delete-user", "Delete a user", administers("users", "user.delete"), s.deleteUser, conflicts)
	route(s, get, "/names", "list-names", "Names of users, to assign to", reads("findings"), s.listNames)

	route(s, get, "/tokens", "list-tokens", "API tokens: the caller's, or all for an administrator", mine(""), s.listTokens)
	route(s, post, "/tokens", "create-token", "Make an API token; its value is shown once", access{self: true, scope: "tokens", write: true, audit: "token.create"}, s.createToken)
	route(s, remove, "/tokens/{id}", "revoke-token", "Revoke a token", access{self: true, scope: "tokens", write: true, audit: "token.revoke"}, s.revokeToken, missing)

	route(s, get, "/audit", "list-audit", "The audit log, newest first", administers("audit", ""), s.listAudit)
	route(s, get, "/audit/verify", "verify-audit", "Whether the log is whole", administers("audit", ""), s.verifyAudit)
	route(s, get, "/audit/export", "export-audit", "The log as a file", access{role: account.Admin, scope: "audit", global: true, audit: "audit.export"}, s.exportAudit, gives("text/csv", "application/json"))
}

func (s *Server) viewRoutes() {
	route(s, get, "/overview", "get-overview", "The state of things on one page", reads("overview"), s.overview)
	route(s, get, "/changes", "get-changes", "What happened since a time", reads("overview"), s.changes)
	route(s, get, "/coverage", "get-coverage", "What cannot be seen, and why", reads("overview"), s.coverage)
	route(s, get, "/traffic", "get-traffic", "Traffic over time", reads("overview"), s.traffic)
	route(s, get, "/graph", "get-graph", "Who talks to whom", reads("devices"), s.graph)
	route(s, get, "/stream", "stream", "What changes, as server-sent events: the event is the kind, the data a Change", reads("overview"), s.stream, gives("text/event-stream"))
	route(s, get, "/about", "get-about", "What runs, and how it is", access{self: true, scope: "overview"}, s.about)
	route(s, get, "/checks", "list-checks", "The catalogue of checks", access{self: true, scope: "findings"}, s.listChecks)
	route(s, get, "/types", "list-types", "The list of device types", access{self: true, scope: "devices"}, s.listTypes)
}

func (s *Server) deviceRoutes() {
	route(s, get, "/devices", "list-devices", "Devices", reads("devices"), s.listDevices)
	route(s, patch, "/devices", "edit-devices", "Set attributes of many devices", judges("devices", "device.edit-many"), s.editDevices)
	route(s, get, "/devices/facets", "get-device-facets", "Values of types, vendors, zones, sites and tags with how many devices have them", reads("devices"), s.deviceFacets)
	route(s, get, "/devices/export", "export-devices", "Devices as a file", reads("devices"), s.exportDevices, gives("text/csv", "application/json"))
	route(s, post, "/devices/import", "import-devices", "Set attributes from a file", judges("devices", "device.import"), s.importDevices, limit(16<<20))
	route(s, post, "/devices/import/snmp", "import-tables", "Set attributes from a switch or router by SNMP", operates("devices", "device.import-snmp"), s.importTables)
	route(s, get, "/devices/{id}", "get-device", "One device", reads("devices"), s.getDevice, missing)
	route(s, patch, "/devices/{id}", "edit-device", "Set attributes", judges("devices", "device.edit"), s.editDevice, missing)
	route(s, post, "/devices/{id}/merge", "merge-devices", "Make other devices part of this one", judges("devices", "device.merge"), s.mergeDevices, conflicts)
	route(s, post, "/devices/{id}/split", "split-device", "Make hosts of this device one of their own", judges("devices", "device.split"), s.splitDevice, conflicts)
	route(s, get, "/devices/{id}/timeline", "get-device-timeline", "What happened to a device, newest first", reads("devices"), s.deviceTimeline, missing)
	route(s, get, "/devices/{id}/traffic", "get-device-traffic", "A device's traffic profile", reads("devices"), s.deviceTraffic, missing)

	route(s, get, "/zones", "list-zones", "Definitions of zones", reads("zones"), s.listZones)
	route(s, put, "/zones", "set-zones", "Replace the definitions", operates("zones", "zone.set"), s.setZones)
	route(s, get, "/zones/matrix", "get-matrix", "Who talks to whom across zones", reads("zones"), s.matrix)
	route(s, get, "/zones/pairs", "list-pairs", "The pairs behind a cell of the matrix", reads("zones"), s.listPairs)

	route(s, get, "/m2m/servers", "list-m2m-servers", "Brokers and CoAP servers", reads("m2m"), s.listServers)
	route(s, get, "/m2m/nodes", "list-m2m-nodes", "Clients, topics, subscriptions, resources and observers", reads("m2m"), s.listNodes)
	route(s, get, "/m2m/tree", "get-m2m-tree", "One level of the tree of topics or resources", reads("m2m"), s.topicTree)
}

func (s *Server) findingRoutes() {
	route(s, get, "/findings", "list-findings", "Findings", reads("findings"), s.listFindings)
	route(s, patch, "/findings", "edit-findings", "Judge many findings", judges("findings", "finding.edit-many"), s.editFindings)
	route(s, get, "/findings/groups", "list-finding-groups", "Findings grouped by incident, or by check and site", reads("findings"), s.listGroups)
	route(s, get, "/findings/counts", "count-findings", "How many findings there are", reads("findings"), s.countFindings)
	route(s, get, "/findings/export", "export-findings", "Findings as a file", reads("findings"), s.exportFindings, gives("text/csv", "application/json"))
	route(s, get, "/findings/blocklist", "get-blocklist", "Outside addresses that open findings speak against, one a line, for firewalls (External Dynamic List)", reads("findings"), s.blocklist, gives("text/plain"))
	route(s, get, "/findings/{id}", "get-finding", "One finding", reads("findings"), s.getFinding, missing)
	route(s, patch, "/findings/{id}", "edit-finding", "Acknowledge, resolve, reopen, comment, assign", judges("findings", "finding.edit"), s.editFinding, missing)
	evidence := access{role: account.Viewer, right: account.Evidence, scope: "evidence", audit: "evidence.read"}
	route(s, post, "/findings/{id}/evidence", "read-evidence", "The packets that a finding rests on; the reason is audited", evidence, s.readEvidence, missing)
	route(s, post, "/findings/{id}/evidence.pcap", "download-evidence", "The same as a capture file; masked unless the caller has the right \"unmasked\"", evidence, s.downloadEvidence, missing, gives("application/vnd.tcpdump.pcap"))

	route(s, get, "/mutes", "list-mutes", "Mutes", reads("mutes"), s.listPolicies(policy.Mute))
	route(s, post, "/mutes", "create-mute", "Mute findings", judges("mutes", "mute.create"), s.createPolicy(policy.Mute))
	route(s, post, "/mutes/preview", "preview-mute", "What a mute would hide", reads("mutes"), s.previewMute)
	route(s, put, "/mutes/{id}", "edit-mute", "Change a mute", judges("mutes", "mute.edit"), s.editPolicy(policy.Mute), conflicts)
	route(s, remove, "/mutes/{id}", "delete-mute", "End a mute", judges("mutes", "mute.delete"), s.deletePolicy(policy.Mute), missing)
	route(s, get, "/maintenance", "list-maintenance", "Maintenance windows", reads("maintenance"), s.listPolicies(policy.Maintenance))
	route(s, post, "/maintenance", "create-maintenance", "Announce maintenance", judges("maintenance", "maintenance.create"), s.createPolicy(policy.Maintenance))
	route(s, put, "/maintenance/{id}", "edit-maintenance", "Change a window", judges("maintenance", "maintenance.edit"), s.editPolicy(policy.Maintenance), conflicts)
	route(s, remove, "/maintenance/{id}", "delete-maintenance", "Delete a window", judges("maintenance", "maintenance.delete"), s.deletePolicy(policy.Maintenance), missing)
}

func (s *Server) eventRoutes() {
	route(s, get, "/events", "search-events", "Facts", reads("events"), s.searchEvents)
	route(s, get, "/events/histogram", "get-histogram", "Facts over time", reads("events"), s.histogram)
	route(s, get, "/events/top", "get-top", "The most frequent values of a field", reads("events"), s.topEvents)
	route(s, get, "/events/complete", "complete-query", "What can stand at the cursor of a query", reads("events"), s.complete)
	route(s, get, "/events/fields", "list-fields", "Fields that queries may use", reads("events"), s.listFields)
	route(s, get, "/events/export", "export-events", "Facts as a file", access{role: account.Viewer, scope: "events", audit: "event.export"}, s.exportEvents, gives("text/csv", "application/json", "application/x-ndjson"))
	route(s, get, "/events/{id}", "get-event", "One fact", reads("events"), s.getEvent, missing)

	route(s, get, "/queries", "list-queries", "Saved queries: the caller's and those that are shared", reads("queries"), s.listQueries)
	route(s, post, "/queries", "create-query", "Save a query", judges("queries", "query.create"), s.createQuery)
	route(s, put, "/queries/{id}", "edit-query", "Change a saved query", judges("queries", "query.edit"), s.editQuery, missing)
	route(s, remove, "/queries/{id}", "delete-query", "Delete a saved query", judges("queries", "query.delete"), s.deleteQuery, missing)

	route(s, get, "/captures", "list-captures", "Captures that were given to the hub", reads("captures"), s.listCaptures)
	route(s, post, "/captures", "upload-capture", "Give a capture: the body is the file", operates("captures", "capture.upload"), s.uploadCapture, takes("application/octet-stream", s.MaxCapture))
	route(s, get, "/captures/{id}", "get-capture", "One capture", reads("captures"), s.getCapture, missing)
	route(s, remove, "/captures/{id}", "delete-capture", "Delete a capture", operates("captures", "capture.delete"), s.deleteCapture, missing)
}

func (s *Server) sensorRoutes() {
	route(s, get, "/sensors", "list-sensors", "Sensors", reads("sensors"), s.listSensors)
	route(s, get, "/sensors/{id}", "get-sensor", "One sensor", reads("sensors"), s.getSensor, missing)
	route(s, patch, "/sensors/{id}", "edit-sensor", "Change what a sensor is to run", operates("sensors", "sensor.edit"), s.editSensor, missing)
	route(s, post, "/sensors/{id}/revoke", "revoke-sensor", "Let a sensor in no more", operates("sensors", "sensor.revoke"), s.revokeSensor, missing)
	route(s, get, "/interfaces", "list-interfaces", "Network interfaces of the hub's machine, with the kernel's count of packets", administers("interfaces", ""), s.listInterfaces)
	route(s, put, "/interfaces/watched", "watch-interfaces", "Let the hub's own sensor watch these interfaces", administers("interfaces", "interfaces.watch"), s.watchInterfaces, conflicts)
	route(s, get, "/enrolments", "list-enrolments", "Enrolment tokens", operates("sensors", "").reading(), s.listEnrolments)
	route(s, post, "/enrolments", "create-enrolment", "Make a one-time token for a new sensor", operates("sensors", "enrolment.create"), s.createEnrolment)
	route(s, remove, "/enrolments/{id}", "revoke-enrolment", "Revoke an enrolment token", operates("sensors", "enrolment.revoke"), s.revokeEnrolment, missing)
	route(s, get, "/waves", "list-waves", "Upgrades in waves", operates("sensors", "").reading(), s.listWaves)
	route(s, post, "/waves", "create-wave", "Begin an upgrade with its first step", operates("sensors", "wave.create"), s.createWave)
	route(s, get, "/waves/{id}", "get-wave", "One upgrade in waves", operates("sensors", "").reading(), s.getWave, missing)
	route(s, post, "/waves/{id}/advance", "advance-wave", "Begin the next step", operates("sensors", "wave.advance"), s.advanceWave, conflicts)
	route(s, post, "/waves/{id}/halt", "halt-wave", "Let it go on only when somebody advances it", operates("sensors", "wave.halt"), s.haltWave, conflicts)
	route(s, post, "/waves/{id}/rollback", "rollback-wave", "Let all its sensors want what they wanted before", operates("sensors", "wave.rollback"), s.rollbackWave, conflicts)

	route(s, get, "/content", "get-content", "The reference knowledge that is in use", reads("content"), s.getContent)
	route(s, post, "/content", "install-content", "Verify, try and install a signed bundle: the body is the file", administers("content", "content.install"), s.installContent, takes("application/octet-stream", 256<<20))
	route(s, post, "/content/rollback", "rollback-content", "Go back to an earlier bundle", administers("content", "content.rollback"), s.rollbackContent, missing)
}

func (s *Server) settingRoutes() {
	route(s, get, "/settings", "get-settings", "All settings", operates("settings", "").reading(), s.getSettings)
	route(s, put, "/settings/home", "set-home", "Home networks", administers("settings", "settings.home"), s.setHome)
	route(s, put, "/settings/sites", "set-sites", "Sites", administers("settings", "settings.sites"), s.setSites)
	route(s, put, "/settings/retention", "set-retention", "How long things are kept", administers("settings", "settings.retention"), s.setRetention)
	route(s, put, "/settings/access", "set-access", "Rules of logins", administers("settings", "settings.access"), s.setAccess)
	route(s, put, "/settings/oidc", "set-oidc", "The OpenID provider", administers("settings", "settings.oidc"), s.setOIDC)
	route(s, post, "/settings/oidc/test", "test-oidc", "Ask the provider for its configuration", administers("settings", "settings.oidc-test"), s.testOIDC)
	route(s, post, "/settings/notifications", "create-target", "Add a notification target", administers("settings", "settings.target-create"), s.createTarget)
	route(s, put, "/settings/notifications/{id}", "edit-target", "Change a notification target", administers("settings", "settings.target-edit"), s.editTarget, missing)
	route(s, remove, "/settings/notifications/{id}", "delete-target", "Remove a notification target", administers("settings", "settings.target-delete"), s.deleteTarget, missing)
	route(s, post, "/settings/notifications/{id}/test", "test-target", "Send a test message", administers("settings", "settings.target-test"), s.testTarget, missing)

	route(s, get, "/reports", "list-reports", "Reports", reads("reports"), s.listReports)
	route(s, post, "/reports", "create-report", "Define a report", judges("reports", "report.create"), s.createReport)
	route(s, put, "/reports/{id}", "edit-report", "Change a report", judges("reports", "report.edit"), s.editReport, missing)
	route(s, remove, "/reports/{id}", "delete-report", "Delete a report with its runs", judges("reports", "report.delete"), s.deleteReport, missing)
	route(s, post, "/reports/{id}/run", "run-report", "Make the report now", judges("reports", "report.run"), s.runReport, missing)
	route(s, get, "/reports/{id}/runs/{run}", "download-report", "One report as it was made", reads("reports"), s.downloadReport, missing, gives("text/html", "text/csv"))

	route(s, get, "/backups", "list-backups", "Backups", administers("backups", ""), s.listBackups)
	route(s, post, "/backups", "create-backup", "Make a backup", administers("backups", "backup.create"), s.createBackup)
	route(s, get, "/backups/{name}", "download-backup", "A backup as a file", access{role: account.Admin, scope: "backups", global: true, audit: "backup.download"}, s.downloadBackup, missing, gives("application/octet-stream"))
	route(s, remove, "/backups/{name}", "delete-backup", "Delete a backup", administers("backups", "backup.delete"), s.deleteBackup, missing)
}
