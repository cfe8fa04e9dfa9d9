-- What was sent to a record that is gone was not sent.
DELETE FROM sent WHERE id IN (
    SELECT sent.id FROM jsonb_each(?2) AS gone CROSS JOIN sent
        ON sent.flow = ?1 AND sent.source_id = gone.value ->> '$.source.id' AND sent.part = gone.value ->> '$.part'
)
