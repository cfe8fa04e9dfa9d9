SELECT (SELECT count(*) FROM link WHERE flow = ?1)
    + (SELECT count(*) FROM link_use CROSS JOIN link ON link.id = link_use.link WHERE link_use.flow = ?1 AND link.flow <> ?1)
