CREATE TABLE rollups (
	tenant INTEGER NOT NULL, dimension TEXT NOT NULL, hour BIGINT NOT NULL, name TEXT NOT NULL, sensor TEXT NOT NULL,
	facts BIGINT NOT NULL, flows BIGINT NOT NULL, packets BIGINT NOT NULL, bytes_out BIGINT NOT NULL, bytes_in BIGINT NOT NULL,
	PRIMARY KEY (tenant, dimension, hour, name, sensor)
) {{compact}};

CREATE TABLE nodes (
	tenant INTEGER NOT NULL, server TEXT NOT NULL, protocol TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, client TEXT NOT NULL, sensor TEXT NOT NULL,
	messages BIGINT NOT NULL, bytes BIGINT NOT NULL, retained INTEGER NOT NULL, first_seen BIGINT NOT NULL, last_seen BIGINT NOT NULL,
	PRIMARY KEY (tenant, server, protocol, kind, name, client, sensor)
) {{compact}};

CREATE TABLE segments (
	tenant INTEGER NOT NULL, id TEXT NOT NULL, family TEXT NOT NULL, level INTEGER NOT NULL, min_time BIGINT NOT NULL, max_time BIGINT NOT NULL,
	row_count BIGINT NOT NULL, bytes BIGINT NOT NULL, stream TEXT NOT NULL, first_seq BIGINT NOT NULL, last_seq BIGINT NOT NULL, sum BIGINT NOT NULL,
	kinds TEXT NOT NULL, sensors TEXT NOT NULL, broken TEXT NOT NULL, sealed BIGINT NOT NULL, idx BLOB,
	PRIMARY KEY (tenant, id)
);
