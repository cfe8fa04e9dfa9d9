UPDATE secret SET value_sealed = ?2 WHERE rowid = ?1
