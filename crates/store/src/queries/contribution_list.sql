-- The same rows as in `contribution_nth`.
SELECT cell, part, count(*) AS many FROM (
    SELECT contribution.cell, contribution.part
    FROM jsonb_each(?1) AS wanted CROSS JOIN contribution ON contribution.cell = wanted.value ->> 0
        AND (contribution.record, contribution.position) > (wanted.value ->> 1, wanted.value ->> 2)
    LIMIT ?2
) GROUP BY cell, part
