-- Behind `contribution_recent`. The same rows as in `contribution_nth_recent`.
SELECT cell, part, count(*) AS many FROM (SELECT cell, part FROM found ORDER BY cell, record, position LIMIT ?2) GROUP BY cell, part
