SELECT asked.value AS key,
    (SELECT count(*) FROM person_key WHERE people_index = (SELECT id FROM people_index WHERE name = ?1) AND person_key.key = asked.value) AS many
FROM json_each(?2) AS asked
