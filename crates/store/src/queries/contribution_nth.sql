-- The cells come in their order, each with the place behind which its parts are wanted.
SELECT contribution.cell, contribution.record, contribution.position
FROM jsonb_each(?1) AS wanted CROSS JOIN contribution ON contribution.cell = wanted.value ->> 0
    AND (contribution.record, contribution.position) > (wanted.value ->> 1, wanted.value ->> 2)
LIMIT 1 OFFSET ?2
