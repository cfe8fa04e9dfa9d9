-- What was sent over the links of a system, by the flow that made a link or by one that uses it.
DELETE FROM sent WHERE id IN (
    SELECT sent.id FROM linked CROSS JOIN sent
        ON sent.flow = linked.flow AND sent.source_id = linked.source_id AND sent.part = linked.part
    WHERE linked.target_system = ?1 OR linked.source_system = ?1
    UNION ALL
    SELECT sent.id FROM linked CROSS JOIN link_use ON link_use.link = linked.id CROSS JOIN sent
        ON sent.flow = link_use.flow AND sent.source_id = linked.source_id AND sent.part = linked.part
    WHERE linked.target_system = ?1 OR linked.source_system = ?1
)
