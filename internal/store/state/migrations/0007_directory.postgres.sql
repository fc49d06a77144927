-- A record is kept out of its row, so that cards need no index here.
CREATE TABLE device_addresses (
	tenant INTEGER NOT NULL, address TEXT NOT NULL, scope INTEGER NOT NULL, device TEXT NOT NULL,
	PRIMARY KEY (tenant, address, scope, device)
);
CREATE INDEX device_addresses_device ON device_addresses (tenant, device);
