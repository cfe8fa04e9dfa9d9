-- Records that no longer wait, and what a record that still waits no longer waits for.
DELETE FROM waiting WHERE flow = ?1 AND source_id IN (SELECT value FROM jsonb_each(?2))
    OR flow = ?1 AND source_id IN (SELECT value ->> '$[1].source_id' FROM jsonb_each(?3))
        AND (source_id, ref_flow, ref_source_id) NOT IN (
            SELECT value ->> '$[1].source_id', value ->> '$[1].reference.flow', value ->> '$[1].reference.source_id' FROM jsonb_each(?3)
        )
