CREATE TABLE users (
	tenant INTEGER NOT NULL, id TEXT NOT NULL, name TEXT NOT NULL, record BLOB NOT NULL,
	PRIMARY KEY (tenant, id)
);
CREATE UNIQUE INDEX users_name ON users (tenant, name);

CREATE TABLE sessions (
	tenant INTEGER NOT NULL, hash TEXT NOT NULL, user_id TEXT NOT NULL, expires BIGINT NOT NULL, record BLOB NOT NULL,
	PRIMARY KEY (tenant, hash)
);
CREATE INDEX sessions_hash ON sessions (hash);
CREATE INDEX sessions_user ON sessions (tenant, user_id);

CREATE TABLE tokens (
	tenant INTEGER NOT NULL, id TEXT NOT NULL, hash TEXT NOT NULL, record BLOB NOT NULL,
	PRIMARY KEY (tenant, id)
);
CREATE INDEX tokens_hash ON tokens (hash);

CREATE TABLE sensors (
	tenant INTEGER NOT NULL, id TEXT NOT NULL, record BLOB NOT NULL,
	PRIMARY KEY (tenant, id)
);

CREATE TABLE enrolments (
	tenant INTEGER NOT NULL, id TEXT NOT NULL, hash TEXT NOT NULL, created BIGINT NOT NULL, record BLOB NOT NULL,
	PRIMARY KEY (tenant, id)
);
CREATE INDEX enrolments_hash ON enrolments (hash);

CREATE TABLE audit (
	tenant INTEGER NOT NULL, seq BIGINT NOT NULL, time BIGINT NOT NULL, actor TEXT NOT NULL, address TEXT NOT NULL, action TEXT NOT NULL, object TEXT NOT NULL,
	detail TEXT NOT NULL, reason TEXT NOT NULL, prev TEXT NOT NULL, hash TEXT NOT NULL,
	PRIMARY KEY (tenant, seq)
);
CREATE INDEX audit_time ON audit (tenant, time);

-- The ends of the chain: the newest entry, and the newest of those that
-- retention has taken away.
CREATE TABLE audit_ends (
	tenant INTEGER NOT NULL, head BIGINT NOT NULL, head_hash TEXT NOT NULL, base BIGINT NOT NULL, base_hash TEXT NOT NULL,
	PRIMARY KEY (tenant)
);

CREATE TABLE documents (
	tenant INTEGER NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, value BLOB NOT NULL,
	PRIMARY KEY (tenant, kind, name)
);
