INSERT INTO intent (last, target_system, run, intents, count) VALUES (?1, ?2, ?3, ?4, ?5)
