SELECT * FROM waiting WHERE source_id = ?1
UNION SELECT waiting.* FROM jsonb_each(?2) AS linked
    CROSS JOIN waiting ON waiting.flow = linked.value ->> '$[0]' AND waiting.source_id = linked.value ->> '$[1]'
ORDER BY flow, source_id, ref_flow, ref_source_id LIMIT ?3
