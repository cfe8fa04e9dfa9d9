-- In the order of the table. A failure ends the transaction, so that nothing is kept aside for undoing this statement alone.
INSERT OR FAIL INTO contribution (cell, record, position, part)
SELECT part.value ->> 0 AS cell, counted.id AS record, part.key AS position, part.value ->> 1
FROM counted CROSS JOIN jsonb_each(counted.parts) AS part
WHERE counted.id > ?1 AND counted.id <= ?2
ORDER BY cell, record, position
