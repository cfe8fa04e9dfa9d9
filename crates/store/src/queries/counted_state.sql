SELECT coalesce((SELECT max(id) FROM counted), 0) AS last, keyed, spread, mark FROM counted_state
