-- Which of these records have an open rejection, and why first of all.
SELECT rejection.source_id, json_extract(rejection.causes, '$[0].code') AS code
FROM json_each(?2) AS wanted CROSS JOIN rejection INDEXED BY rejection_open
ON rejection.flow = ?1 AND rejection.source_id = wanted.value AND rejection.closed_at IS NULL
