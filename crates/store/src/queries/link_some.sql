-- ?2 is a share of the way from the first to the last of the flow's links; behind the last comes the first. Each part goes along an index and ends with its limit.
WITH bounds AS MATERIALIZED (
    SELECT min(first) AS first, max(last) AS last FROM (
        SELECT (SELECT min(id) FROM link WHERE flow = ?1) AS first, (SELECT max(id) FROM link WHERE flow = ?1) AS last
        UNION ALL SELECT (SELECT min(link) FROM link_use WHERE flow = ?1), (SELECT max(link) FROM link_use WHERE flow = ?1)
    )
), start AS MATERIALIZED (SELECT first + CAST((last - first + 1) * ?2 AS INTEGER) AS id FROM bounds),
later AS (
    SELECT id FROM link WHERE flow = ?1 AND id >= (SELECT id FROM start)
    UNION SELECT link FROM link_use WHERE flow = ?1 AND link >= (SELECT id FROM start)
    ORDER BY 1 LIMIT ?3
), earlier AS (
    SELECT id FROM link WHERE flow = ?1 AND id < (SELECT id FROM start)
    UNION SELECT link FROM link_use WHERE flow = ?1 AND link < (SELECT id FROM start)
    ORDER BY 1 LIMIT ?3
)
SELECT linked.* FROM (SELECT id, 0 AS turn FROM later UNION ALL SELECT id, 1 FROM earlier) AS found
CROSS JOIN linked ON linked.id = found.id
ORDER BY found.turn, found.id LIMIT ?3
