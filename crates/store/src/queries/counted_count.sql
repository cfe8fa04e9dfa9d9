SELECT (SELECT count(*) FROM counted_key WHERE flow = counted_flow.id) + (SELECT count(*) FROM counted_recent WHERE flow = counted_flow.id)
FROM counted_flow WHERE name = ?1
