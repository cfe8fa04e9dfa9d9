-- Runs of a flow that never ended, with their writes that have no answer: their process is gone, or has lost its right to go on.
SELECT id, (SELECT coalesce(sum(count - json_array_length(closed)), 0) FROM intent WHERE intent.run = run.id) FROM run WHERE flow = ?1 AND status = 'running'
