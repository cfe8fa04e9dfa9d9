INSERT INTO run (flow, version, trigger, options, started, status) VALUES (?1, ?2, ?3, ?4, ?5, 'running') RETURNING id
