SELECT flow, version, at, body_sealed FROM plan WHERE id = ?1 AND expires > ?2
