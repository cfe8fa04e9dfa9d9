UPDATE counted SET seen = ?3, version = met.value ->> 2
FROM jsonb_each(?2) AS met
WHERE counted.id IN (
    SELECT record FROM counted_recent WHERE flow = (SELECT id FROM counted_flow WHERE name = ?1) AND key = met.value ->> 0
    UNION ALL
    SELECT record FROM counted_key WHERE flow = (SELECT id FROM counted_flow WHERE name = ?1) AND key = met.value ->> 0
) AND counted.source_id = met.value ->> 1
