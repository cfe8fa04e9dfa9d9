DELETE FROM counted_recent WHERE flow = (SELECT id FROM counted_flow WHERE name = ?1)
