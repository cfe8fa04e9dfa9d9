SELECT last, count, closed, intents FROM intent WHERE target_system = ?1 ORDER BY last
