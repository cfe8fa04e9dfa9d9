INSERT INTO people_cursor (people_index, partition, value, time) VALUES (?1, ?2, ?3, ?4)
ON CONFLICT (people_index, partition) DO UPDATE SET value = excluded.value, time = excluded.time
