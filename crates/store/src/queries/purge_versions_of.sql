SELECT DISTINCT version FROM run WHERE started < ?1 AND status <> 'running'
