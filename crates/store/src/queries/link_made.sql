SELECT count(*) FROM link WHERE id > ?1
