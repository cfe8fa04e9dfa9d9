UPDATE cell SET due = 1 WHERE id IN (SELECT value FROM json_each(?1)) AND due = 0
