UPDATE counted SET seen = ?3 WHERE flow = ?1 AND source_id IN (SELECT value FROM json_each(?2))
