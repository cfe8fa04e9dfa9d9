DELETE FROM spill WHERE id IN (SELECT id FROM spill WHERE owner = ?1 LIMIT ?2)
