SELECT EXISTS (SELECT 1 FROM rejection WHERE closed_at IS NULL AND flow = ?1)
