-- A failure ends the transaction, so that nothing is kept aside for undoing this statement alone.
INSERT OR FAIL INTO counted_key (flow, key, record) SELECT flow, key, record FROM counted_recent ORDER BY flow, key, record
