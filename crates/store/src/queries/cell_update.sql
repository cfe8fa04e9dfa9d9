UPDATE cell SET value = news.value, due = news.due, late = news.late
FROM (SELECT value ->> '$.number' AS id, value ->> '$.value' AS value, value ->> '$.due' AS due, value ->> '$.late' AS late FROM jsonb_each(?1)) AS news
WHERE cell.id = news.id
