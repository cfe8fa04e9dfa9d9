DELETE FROM own_deletion WHERE (target_id, target_system) IN (
    SELECT own_deletion.target_id, own_deletion.target_system FROM jsonb_each(?1) AS linked CROSS JOIN own_deletion
        ON own_deletion.target_id = linked.value ->> 0 AND own_deletion.target_system IN (linked.value ->> 1, '')
)
