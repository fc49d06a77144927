-- Lists name devices without reading what is known of them: a record is
-- larger than a page. The columns of a card are in an index of their own.
CREATE INDEX devices_card ON devices (tenant, merged_to, site, id, display, type, vendor, zone, tags, risk, learning, trusted, first_seen);

CREATE TABLE device_addresses (
	tenant INTEGER NOT NULL, address TEXT NOT NULL, scope INTEGER NOT NULL, device TEXT NOT NULL,
	PRIMARY KEY (tenant, address, scope, device)
) WITHOUT ROWID;
CREATE INDEX device_addresses_device ON device_addresses (tenant, device);
