SELECT decision.* FROM json_each(?3) AS asked CROSS JOIN decision
    ON decision.source_id = asked.value AND decision.source_system = ?1 AND decision.source_resource = ?2
WHERE decision.target_system = ?4
ORDER BY decision.id
