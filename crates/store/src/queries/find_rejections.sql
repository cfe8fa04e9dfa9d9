SELECT id, flow, source_id, place, causes, payload_sealed IS NOT NULL AS has_payload, first_run, last_run, first_at, last_at, times
FROM rejection WHERE closed_at IS NULL AND id IN (
    SELECT id FROM rejection WHERE closed_at IS NULL AND source_id = ?1
    UNION SELECT rejection.id FROM jsonb_each(?2) AS linked
        CROSS JOIN rejection ON rejection.closed_at IS NULL
            AND rejection.source_id = linked.value ->> '$[1]' AND rejection.flow = linked.value ->> '$[0]'
) ORDER BY id LIMIT ?3
