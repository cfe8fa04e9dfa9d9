DELETE FROM rejection WHERE closed_at < ?1
