INSERT OR FAIL INTO counted_key (flow, key, record) SELECT flow, key, record FROM counted_recent ORDER BY flow, key, record
