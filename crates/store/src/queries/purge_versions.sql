DELETE FROM flow_version WHERE hash IN (SELECT value FROM json_each(?1))
    AND NOT EXISTS (SELECT 1 FROM run WHERE run.version = flow_version.hash)
    AND NOT EXISTS (SELECT 1 FROM plan WHERE plan.version = flow_version.hash)
