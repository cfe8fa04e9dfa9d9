SELECT counted.source_id, counted.place, counted.run, contribution.part
FROM contribution CROSS JOIN counted ON counted.id = contribution.record
WHERE contribution.cell = ?1 AND counted.source_id > ?2
ORDER BY counted.source_id, contribution.position LIMIT ?3
