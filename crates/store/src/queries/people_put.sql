INSERT INTO person (people_index, target_id, body_sealed)
SELECT ?1, value ->> '$.id', unhex(value ->> '$.body') FROM jsonb_each(?2)
