-- Who talks to whom, by the day: what is asked over days reads no hours.
INSERT INTO rollups (tenant, dimension, hour, name, sensor, facts, flows, packets, bytes_out, bytes_in)
SELECT tenant, 'pair-day', hour - hour % 86400000000000, name, sensor, SUM(facts), SUM(flows), SUM(packets), SUM(bytes_out), SUM(bytes_in)
FROM rollups WHERE dimension = 'pair' GROUP BY tenant, hour - hour % 86400000000000, name, sensor;
