SELECT json_group_array(key) FROM counted_recent
