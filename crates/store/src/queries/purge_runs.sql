-- Outcomes and kept values go with their run.
DELETE FROM run WHERE started < ?1 AND flow = ?2 AND status <> 'running'
