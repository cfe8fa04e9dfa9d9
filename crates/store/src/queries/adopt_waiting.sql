DELETE FROM waiting WHERE flow IN (SELECT value FROM json_each(?1))
