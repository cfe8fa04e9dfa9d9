-- The numbers are given here, not by the engine of the database, so that they are known to follow the order of the list.
INSERT INTO intent
    (id, flow, source_system, source_resource, source_id, part, target_system, target_resource, action, key, target_id, hash, run, noted)
SELECT ?1 + key + 1, value ->> '$[1].flow', value ->> '$[1].source.system', value ->> '$[1].source.resource', value ->> '$[1].source.id',
    value ->> '$[1].part', value ->> '$[1].target_system', value ->> '$[1].target_resource', value ->> '$[1].action', value -> '$[1].key',
    value ->> '$[1].target_id', value ->> '$[1].hash', value ->> '$[1].run', value ->> '$[0]'
FROM jsonb_each(?2)
