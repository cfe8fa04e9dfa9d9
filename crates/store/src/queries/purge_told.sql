-- What runs told goes with their outcomes; found by the runs, since what they told is long and keyed by them.
DELETE FROM session WHERE key IN (SELECT 'what run ' || id || ' told' FROM run WHERE started < ?1 AND flow = ?2)
