INSERT INTO spreading (cell, record, position, part)
SELECT part.value ->> 0, counted.id, part.key, part.value ->> 1
FROM counted CROSS JOIN jsonb_each(counted.parts) AS part
WHERE counted.id > ?1 AND counted.id <= ?2
