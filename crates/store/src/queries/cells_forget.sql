DELETE FROM cell WHERE flow = ?1
