SELECT * FROM cursor WHERE flow = ?1 ORDER BY partition
