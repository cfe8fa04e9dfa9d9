INSERT INTO identity (system, id, label, at) VALUES (?1, ?2, ?3, ?4)
ON CONFLICT (system) DO UPDATE SET id = excluded.id, label = excluded.label, at = excluded.at
