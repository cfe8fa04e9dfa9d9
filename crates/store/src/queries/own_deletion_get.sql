-- Of what an older version deleted it is not known in which system.
SELECT DISTINCT own_deletion.target_id FROM jsonb_each(?2) AS asked CROSS JOIN own_deletion
    ON own_deletion.target_id = asked.value AND own_deletion.target_system IN (?1, '')
