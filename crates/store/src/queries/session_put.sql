INSERT INTO session (key, generation, value_sealed, at) VALUES (?1, 1, ?2, ?3)
ON CONFLICT (key) DO UPDATE SET generation = generation + 1, value_sealed = excluded.value_sealed, at = excluded.at
RETURNING generation
