DELETE FROM intent WHERE target_system = ?1
