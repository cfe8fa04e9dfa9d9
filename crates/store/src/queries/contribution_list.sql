SELECT cell, record, position, part FROM contribution
WHERE cell IN (SELECT value FROM json_each(?1)) AND (cell, record, position) > (?2, ?3, ?4)
ORDER BY cell, record, position LIMIT ?5
