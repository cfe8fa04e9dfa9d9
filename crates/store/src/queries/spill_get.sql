SELECT rows_sealed FROM spill WHERE owner = ?1 AND chunk = ?2 AND block = ?3
