SELECT json_group_array(json_array(flow, source_id, part, hash, json(fields), source_version, run))
FROM (SELECT * FROM sent WHERE flow = ?1 AND source_id IN (SELECT value FROM json_each(?2)) ORDER BY source_id, part)
