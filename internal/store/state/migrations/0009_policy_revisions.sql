-- What policies were before, to go back to.
CREATE TABLE policy_revisions (
	tenant INTEGER NOT NULL, policy TEXT NOT NULL, revision INTEGER NOT NULL, changed BIGINT NOT NULL, record BLOB NOT NULL,
	PRIMARY KEY (tenant, policy, revision)
);
INSERT INTO policy_revisions (tenant, policy, revision, changed, record) SELECT tenant, id, revision, created, record FROM policies;
