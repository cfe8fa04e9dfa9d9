INSERT INTO contribution (cell, record, position, part)
SELECT part.value ->> 0, counted.id, part.key, part.value ->> 1
FROM json_each(?2) AS wanted CROSS JOIN counted ON counted.flow = ?1 AND counted.source_id = wanted.value ->> '$.source_id'
CROSS JOIN json_each(wanted.value, '$.parts') AS part
