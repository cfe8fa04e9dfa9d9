-- The parts of these cells, each with the place behind which they are wanted; those of records that are not in the order of cells yet among them. What begins so goes on with what is asked of them.
WITH wanted AS MATERIALIZED (SELECT value ->> 0 AS cell, value ->> 1 AS record, value ->> 2 AS position FROM jsonb_each(?1)),
found AS (
    SELECT contribution.cell, contribution.record, contribution.position, contribution.part
    FROM wanted CROSS JOIN contribution ON contribution.cell = wanted.cell
        AND (contribution.record, contribution.position) > (wanted.record, wanted.position)
    UNION ALL
    SELECT part.value ->> 0, counted.id, part.key, part.value ->> 1
    FROM counted CROSS JOIN jsonb_each(counted.parts) AS part CROSS JOIN wanted ON wanted.cell = part.value ->> 0
        AND (counted.id, part.key) > (wanted.record, wanted.position)
    WHERE counted.id > (SELECT spread FROM counted_state)
)
