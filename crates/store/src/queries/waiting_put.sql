-- Since when it waits does not change.
INSERT INTO waiting (flow, source_id, ref_flow, ref_source_id, partition, place, since)
SELECT value ->> '$[1].flow', value ->> '$[1].source_id', value ->> '$[1].reference.flow', value ->> '$[1].reference.source_id',
    value ->> '$[1].partition', value ->> '$[1].place', value ->> '$[0]'
FROM jsonb_each(?1) WHERE true
ON CONFLICT (flow, source_id, ref_flow, ref_source_id) DO UPDATE SET partition = excluded.partition, place = excluded.place
