-- A failure ends the transaction, so that nothing is kept aside for undoing this statement alone.
INSERT OR FAIL INTO counted (id, flow, source_id, place, version, parts, run, seen)
SELECT ?3 + key, ?1, value ->> 0, value ->> 1, value ->> 2, value -> 3, ?4, ?4 FROM jsonb_each(?2)
