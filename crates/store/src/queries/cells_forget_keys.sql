DELETE FROM counted_key WHERE flow = (SELECT id FROM counted_flow WHERE name = ?1)
