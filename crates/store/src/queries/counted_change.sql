UPDATE counted SET place = news.place, version = news.version, parts = news.parts, run = ?2, seen = ?2
FROM (SELECT value ->> 0 AS id, value ->> 1 AS place, value ->> 2 AS version, value -> 3 AS parts FROM jsonb_each(?1)) AS news
WHERE counted.id = news.id
