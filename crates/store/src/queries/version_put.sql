INSERT INTO flow_version (hash, flow, kivuko, texts) VALUES (?1, ?2, ?3, ?4) ON CONFLICT (hash) DO NOTHING
