SELECT id, json_array(flow, source_id) AS owner, payload_sealed AS sealed FROM rejection
WHERE id > ?1 AND payload_sealed IS NOT NULL ORDER BY id LIMIT 500
