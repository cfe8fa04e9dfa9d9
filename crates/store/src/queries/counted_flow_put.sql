INSERT OR IGNORE INTO counted_flow (name) VALUES (?1)
