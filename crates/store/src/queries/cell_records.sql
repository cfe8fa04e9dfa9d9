-- What is not in the order of cells yet is looked for in the records themselves.
SELECT counted.source_id, counted.place, counted.run, found.part
FROM (
    SELECT record, position, part FROM contribution WHERE cell = ?1
    UNION ALL
    SELECT counted.id, part.key, part.value ->> 1 FROM counted CROSS JOIN jsonb_each(counted.parts) AS part
    WHERE counted.id > (SELECT spread FROM counted_state) AND part.value ->> 0 = ?1
) AS found CROSS JOIN counted ON counted.id = found.record
WHERE counted.source_id > ?2
ORDER BY counted.source_id, found.position LIMIT ?3
