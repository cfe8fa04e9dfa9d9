-- Which of these records have an open rejection.
SELECT rejection.source_id FROM json_each(?2) AS wanted CROSS JOIN rejection INDEXED BY rejection_open
ON rejection.flow = ?1 AND rejection.source_id = wanted.value AND rejection.closed_at IS NULL
