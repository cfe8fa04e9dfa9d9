INSERT INTO plan (flow, version, at, expires, body_sealed) VALUES (?1, ?2, ?3, ?4, ?5) RETURNING id
