UPDATE counted SET seen = ?3, version = met.version
FROM (SELECT value ->> '$.source_id' AS source_id, value ->> '$.version' AS version FROM jsonb_each(?2)) AS met
WHERE counted.flow = ?1 AND counted.source_id = met.source_id
