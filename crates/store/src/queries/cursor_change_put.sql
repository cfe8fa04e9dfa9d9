INSERT INTO cursor_change (flow, partition, value, time, at, reason) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
