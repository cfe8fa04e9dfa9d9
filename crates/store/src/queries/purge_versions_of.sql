SELECT DISTINCT version FROM run WHERE started < ?1 AND flow = ?2 AND status <> 'running'
