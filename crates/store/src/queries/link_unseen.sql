-- A page ends with the last link of a source record, so that the next one can go on after its id.
WITH page AS MATERIALIZED (
    SELECT source_id FROM link INDEXED BY link_source
    WHERE source_id > ?3 AND seen < ?2
        AND (flow = ?1 OR EXISTS (SELECT 1 FROM link_use WHERE link_use.flow = ?1 AND link_use.link = link.id))
    ORDER BY source_id LIMIT ?4
)
SELECT link.*, source_system, source_resource, target_system, target_resource
FROM link INDEXED BY link_source CROSS JOIN route ON route.id = link.route
WHERE source_id > ?3 AND source_id <= (SELECT max(source_id) FROM page) AND seen < ?2
    AND (flow = ?1 OR EXISTS (SELECT 1 FROM link_use WHERE link_use.flow = ?1 AND link_use.link = link.id))
ORDER BY source_id, source_system, source_resource, part, target_system, target_resource
