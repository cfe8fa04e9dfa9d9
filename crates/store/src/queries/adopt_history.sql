INSERT INTO cursor_change (flow, partition, value, time, at, reason)
SELECT flow, partition, NULL, NULL, ?2, ?3 FROM cursor WHERE flow IN (SELECT value FROM json_each(?1))
