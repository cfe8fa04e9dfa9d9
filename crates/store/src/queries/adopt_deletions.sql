DELETE FROM own_deletion WHERE target_system = ?1
