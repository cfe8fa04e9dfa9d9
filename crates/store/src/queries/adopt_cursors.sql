DELETE FROM cursor WHERE flow IN (SELECT value FROM json_each(?1))
