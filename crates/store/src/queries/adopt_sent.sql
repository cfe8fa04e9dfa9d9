-- What was sent over the links of a system, by the flow that made a link or by one that uses it.
DELETE FROM sent WHERE id IN (
    SELECT sent.id FROM link CROSS JOIN sent
        ON sent.flow = link.flow AND sent.source_id = link.source_id AND sent.part = link.part
    WHERE link.target_system = ?1 OR link.source_system = ?1
    UNION ALL
    SELECT sent.id FROM link CROSS JOIN link_use ON link_use.link = link.id CROSS JOIN sent
        ON sent.flow = link_use.flow AND sent.source_id = link.source_id AND sent.part = link.part
    WHERE link.target_system = ?1 OR link.source_system = ?1
)
