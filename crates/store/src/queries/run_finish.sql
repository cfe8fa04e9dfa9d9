UPDATE run SET status = ?2, requests = ?3, error = ?4, finished = ?5 WHERE id = ?1 AND status = 'running'
