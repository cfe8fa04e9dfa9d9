-- Behind `contribution_recent`. The same as `contribution_nth`.
SELECT cell, record, position FROM found ORDER BY cell, record, position LIMIT 1 OFFSET ?2
