SELECT id, flow, source_id, place, causes, payload_sealed IS NOT NULL AS has_payload, first_run, last_run, first_at, last_at, times
FROM rejection WHERE closed_at IS NULL AND (?1 IS NULL OR flow = ?1) ORDER BY id LIMIT ?2
