DELETE FROM counted WHERE flow = ?1
