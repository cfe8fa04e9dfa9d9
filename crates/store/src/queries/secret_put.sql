INSERT INTO secret (name, value_sealed, at) VALUES (?1, ?2, ?3)
ON CONFLICT (name) DO UPDATE SET value_sealed = excluded.value_sealed, at = excluded.at
