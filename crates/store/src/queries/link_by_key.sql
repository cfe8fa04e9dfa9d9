SELECT * FROM linked
WHERE key <> '[]' AND key IN (SELECT value FROM json_each(?3)) AND target_system = ?1 AND target_resource = ?2
ORDER BY key
