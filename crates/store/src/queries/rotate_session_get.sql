SELECT rowid AS id, json_array(key) AS owner, value_sealed AS sealed FROM session WHERE rowid > ?1 ORDER BY rowid LIMIT 500
