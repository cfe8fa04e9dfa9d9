INSERT INTO cursor (flow, partition, value, time, at, reason) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
ON CONFLICT (flow, partition) DO UPDATE SET value = excluded.value, time = excluded.time, at = excluded.at, reason = excluded.reason
