DELETE FROM contribution WHERE (cell, record, position) IN (
    SELECT part.value ->> 0, counted.id, part.key
    FROM json_each(?2) AS wanted CROSS JOIN counted ON counted.flow = ?1 AND counted.source_id = wanted.value
    CROSS JOIN json_each(counted.parts) AS part
)
