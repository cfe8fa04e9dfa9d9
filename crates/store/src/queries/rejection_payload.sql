SELECT flow, source_id, payload_sealed FROM rejection WHERE closed_at IS NULL AND id = ?1
