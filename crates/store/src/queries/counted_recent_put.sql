-- A failure ends the transaction, so that nothing is kept aside for undoing this statement alone.
INSERT OR FAIL INTO counted_recent (flow, key, record)
SELECT (SELECT id FROM counted_flow WHERE name = ?1), value, ?3 + json_each.key FROM json_each(?2)
