-- Of the text itself, and of the records that its links belong to. The newest first.
SELECT outcome.*, run.flow FROM (
    SELECT id FROM outcome WHERE source_id = ?1
    UNION SELECT id FROM outcome WHERE target_id = ?1
    UNION SELECT outcome.id FROM jsonb_each(?2) AS linked
        CROSS JOIN outcome ON outcome.source_id = linked.value ->> '$[1]'
        CROSS JOIN run ON run.id = outcome.run AND run.flow = linked.value ->> '$[0]'
) AS found CROSS JOIN outcome ON outcome.id = found.id CROSS JOIN run ON run.id = outcome.run
ORDER BY outcome.id DESC LIMIT ?3
