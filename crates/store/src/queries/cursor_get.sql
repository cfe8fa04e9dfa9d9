SELECT * FROM cursor WHERE flow = ?1 AND partition = ?2
