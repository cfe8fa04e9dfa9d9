INSERT INTO lease (name, holder, fence, until) VALUES (?1, ?2, 1, ?4)
ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, fence = fence + 1, until = excluded.until
WHERE lease.holder IS NULL OR lease.holder = excluded.holder OR lease.until <= ?3
RETURNING name, holder, fence, until
