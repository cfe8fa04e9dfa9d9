DELETE FROM rejection WHERE closed_at < ?1 AND flow = ?2
