SELECT * FROM waiting WHERE flow = ?1 ORDER BY source_id, ref_flow, ref_source_id
