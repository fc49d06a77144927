CREATE TABLE findings (
	n {{rownumber}}, tenant INTEGER NOT NULL, id TEXT NOT NULL,
	check_id TEXT NOT NULL, kind TEXT NOT NULL, severity INTEGER NOT NULL, status TEXT NOT NULL, title TEXT NOT NULL,
	device TEXT NOT NULL, host BIGINT NOT NULL, site TEXT NOT NULL, sensors TEXT NOT NULL, peers TEXT NOT NULL,
	incident TEXT NOT NULL, grp TEXT NOT NULL, mute TEXT NOT NULL, expected TEXT NOT NULL, hidden INTEGER NOT NULL, claim BIGINT NOT NULL,
	count BIGINT NOT NULL, first_seen BIGINT NOT NULL, last_seen BIGINT NOT NULL, created BIGINT NOT NULL, updated BIGINT NOT NULL,
	words_sum BIGINT NOT NULL, has_bytes INTEGER NOT NULL, record BLOB NOT NULL, parts BLOB NOT NULL
);
CREATE UNIQUE INDEX findings_id ON findings (tenant, id);
CREATE INDEX findings_last ON findings (tenant, last_seen, id);
CREATE INDEX findings_first ON findings (tenant, first_seen, id);
CREATE INDEX findings_severity ON findings (tenant, severity, last_seen);
CREATE INDEX findings_device ON findings (tenant, device, status, hidden, severity);
CREATE INDEX findings_open ON findings (tenant, status, hidden, severity, id, incident);
CREATE INDEX findings_groups ON findings (tenant, incident, grp, severity, last_seen, status, hidden, site, device, first_seen, count);
CREATE INDEX findings_check ON findings (tenant, check_id, status);
CREATE INDEX findings_claim ON findings (tenant, claim, last_seen);
CREATE INDEX findings_incident ON findings (tenant, incident);
CREATE INDEX findings_host ON findings (tenant, host);
CREATE INDEX findings_mute ON findings (tenant, mute);

CREATE TABLE finding_ids (
	tenant INTEGER NOT NULL, id TEXT NOT NULL, finding TEXT NOT NULL,
	PRIMARY KEY (tenant, id)
);
CREATE INDEX finding_ids_finding ON finding_ids (tenant, finding);

CREATE TABLE policies (
	tenant INTEGER NOT NULL, id TEXT NOT NULL, kind TEXT NOT NULL, revision INTEGER NOT NULL, from_time BIGINT NOT NULL, expires BIGINT NOT NULL, created BIGINT NOT NULL, record BLOB NOT NULL,
	PRIMARY KEY (tenant, id)
);
