DELETE FROM contribution WHERE cell IN (SELECT id FROM cell WHERE flow = ?1)
