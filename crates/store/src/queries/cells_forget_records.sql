DELETE FROM counted WHERE id IN (
    SELECT record FROM counted_key WHERE flow = (SELECT id FROM counted_flow WHERE name = ?1)
    UNION ALL SELECT record FROM counted_recent WHERE flow = (SELECT id FROM counted_flow WHERE name = ?1)
)
