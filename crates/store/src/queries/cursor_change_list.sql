SELECT flow, partition, coalesce(value, '') AS value, time, at, reason FROM cursor_change WHERE flow = ?1 ORDER BY id DESC LIMIT ?2
