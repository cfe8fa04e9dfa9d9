INSERT OR IGNORE INTO own_deletion (target_id, target_system) SELECT value ->> '$.id', value ->> '$.system' FROM jsonb_each(?1)
