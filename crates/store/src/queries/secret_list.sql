SELECT name FROM secret ORDER BY name
