-- The first of these runs that may not write any more.
SELECT wanted.value FROM json_each(?1) AS wanted
WHERE NOT EXISTS (SELECT 1 FROM run WHERE run.id = wanted.value AND run.status = 'running')
LIMIT 1
