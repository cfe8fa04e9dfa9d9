DELETE FROM outcome WHERE at < ?1
