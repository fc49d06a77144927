CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);

CREATE TABLE checkpoints (name TEXT PRIMARY KEY, stream TEXT NOT NULL, seq BIGINT NOT NULL);

CREATE TABLE marks (
	tenant INTEGER NOT NULL, name TEXT NOT NULL, sensor TEXT NOT NULL, boot BIGINT NOT NULL, seq BIGINT NOT NULL,
	PRIMARY KEY (tenant, name, sensor, boot)
);

CREATE TABLE devices (
	tenant INTEGER NOT NULL, id TEXT NOT NULL, merged_to TEXT NOT NULL,
	label TEXT NOT NULL, type TEXT NOT NULL, vendor TEXT NOT NULL, zone TEXT NOT NULL, site TEXT NOT NULL,
	tags TEXT NOT NULL, sensors TEXT NOT NULL, search TEXT NOT NULL, wanderer TEXT NOT NULL,
	trusted INTEGER NOT NULL, learning INTEGER NOT NULL,
	risk INTEGER NOT NULL, info INTEGER NOT NULL, low INTEGER NOT NULL, medium INTEGER NOT NULL, high INTEGER NOT NULL, critical INTEGER NOT NULL, risk_why TEXT NOT NULL,
	first_seen BIGINT NOT NULL, last_seen BIGINT NOT NULL, bytes BIGINT NOT NULL, created BIGINT NOT NULL, updated BIGINT NOT NULL,
	record BLOB NOT NULL,
	PRIMARY KEY (tenant, id)
);
CREATE INDEX devices_risk ON devices (tenant, merged_to, risk, id);
CREATE INDEX devices_label ON devices (tenant, merged_to, label, id);
CREATE INDEX devices_first ON devices (tenant, merged_to, first_seen, id);
CREATE INDEX devices_last ON devices (tenant, merged_to, last_seen, id);
CREATE INDEX devices_wanderer ON devices (tenant, wanderer);

CREATE TABLE views (
	tenant INTEGER NOT NULL, sensor TEXT NOT NULL, local TEXT NOT NULL, device TEXT NOT NULL, boot BIGINT NOT NULL, past BLOB, now BLOB,
	PRIMARY KEY (tenant, sensor, local)
);
CREATE INDEX views_device ON views (tenant, device);

CREATE TABLE holders (
	tenant INTEGER NOT NULL, realm TEXT NOT NULL, host BIGINT NOT NULL, from_time BIGINT NOT NULL, until_time BIGINT NOT NULL, device TEXT NOT NULL, pinned INTEGER NOT NULL,
	PRIMARY KEY (tenant, host, realm, from_time)
);
CREATE INDEX holders_device ON holders (tenant, device);

CREATE TABLE moments (
	tenant INTEGER NOT NULL, seq BIGINT NOT NULL, time BIGINT NOT NULL, noted BIGINT NOT NULL, device TEXT NOT NULL, site TEXT NOT NULL, kind TEXT NOT NULL,
	subject TEXT NOT NULL, before_value TEXT NOT NULL, after_value TEXT NOT NULL, finding TEXT NOT NULL, actor TEXT NOT NULL,
	PRIMARY KEY (tenant, seq)
);
CREATE INDEX moments_device ON moments (tenant, device, seq);
CREATE INDEX moments_noted ON moments (tenant, noted, kind);

CREATE TABLE site_learning (
	tenant INTEGER NOT NULL, site TEXT NOT NULL, state TEXT NOT NULL, since BIGINT NOT NULL, days INTEGER NOT NULL, day BIGINT NOT NULL,
	PRIMARY KEY (tenant, site)
);
