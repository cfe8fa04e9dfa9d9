INSERT INTO decision (kind, flow, source_system, source_resource, source_id, part, target_system, target_resource, target_id, by_whom, reason, at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
