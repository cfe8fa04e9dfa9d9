SELECT wanted.key AS position, counted.id, counted.source_id, counted.version, counted.parts
FROM json_each(?2) AS wanted CROSS JOIN counted_recent ON counted_recent.flow = (SELECT id FROM counted_flow WHERE name = ?1)
    AND counted_recent.key = wanted.value
CROSS JOIN counted ON counted.id = counted_recent.record
