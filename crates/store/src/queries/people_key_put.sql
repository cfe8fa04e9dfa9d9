INSERT OR IGNORE INTO person_key (people_index, key, person)
SELECT ?1, key.value, person.id
FROM json_each(?2) AS row CROSS JOIN person ON person.people_index = ?1 AND person.target_id = row.value ->> '$.id'
CROSS JOIN json_each(row.value, '$.keys') AS key
