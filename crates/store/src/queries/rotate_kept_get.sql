-- A row may hold the earlier values of a whole page.
SELECT id, json_array(CAST(run AS TEXT), source_id, part, target_resource, target_id) AS owner, before_sealed AS sealed FROM kept
WHERE id > ?1 ORDER BY id LIMIT 1
