DELETE FROM counted_recent
