SELECT rowid AS id, json_array(name) AS owner, value_sealed AS sealed FROM secret WHERE rowid > ?1 ORDER BY rowid LIMIT 500
