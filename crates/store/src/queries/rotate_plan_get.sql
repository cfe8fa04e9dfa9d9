SELECT id, json_array(flow, version, CAST(at AS TEXT)) AS owner, body_sealed AS sealed FROM plan WHERE id > ?1 ORDER BY id LIMIT 500
