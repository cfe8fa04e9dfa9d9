DELETE FROM counted_recent WHERE (flow, key, record) IN (
    SELECT (SELECT id FROM counted_flow WHERE name = ?1), value ->> 0, value ->> 1 FROM jsonb_each(?2)
)
