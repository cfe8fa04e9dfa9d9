SELECT counted.id, counted_flow.id AS flow, counted.source_id
FROM counted CROSS JOIN counted_flow ON counted_flow.name = counted.flow
WHERE counted.id > ?1 ORDER BY counted.id LIMIT ?2
