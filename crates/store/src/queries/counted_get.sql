SELECT wanted.key AS position, counted.version, counted.parts
FROM json_each(?2) AS wanted CROSS JOIN counted ON counted.flow = ?1 AND counted.source_id = wanted.value
