-- In the order of the table: records of one batch come to cells from all over it.
INSERT INTO contribution (cell, record, position, part)
SELECT part.value ->> 0 AS cell, counted.id AS record, part.key AS position, part.value ->> 1
FROM jsonb_each(?2) AS wanted CROSS JOIN counted ON counted.flow = ?1 AND counted.source_id = wanted.value ->> '$.source_id'
CROSS JOIN jsonb_each(wanted.value, '$.parts') AS part
ORDER BY cell, record, position
