SELECT asked.value AS key, person.target_id, person.body_sealed
FROM json_each(?2) AS asked CROSS JOIN person_key ON person_key.people_index = (SELECT id FROM people_index WHERE name = ?1) AND person_key.key = asked.value
CROSS JOIN person ON person.id = person_key.person
