SELECT count(*) FROM counted WHERE flow = ?1
