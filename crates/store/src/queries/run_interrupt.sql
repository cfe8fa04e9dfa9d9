-- Runs of a flow that never ended: their process is gone, or has lost its right to go on.
UPDATE run SET status = 'incomplete', error = ?2 WHERE flow = ?1 AND status = 'running'
