-- Adds the account of a page. No row: the run has ended, and must not write any more.
UPDATE run SET
    read = read + ?2, created = created + ?3, updated = updated + ?4, counted = counted + ?5, unchanged = unchanged + ?6,
    deleted = deleted + ?7, skipped = skipped + ?8, waiting = waiting + ?9, rejected = rejected + ?10, failed = failed + ?11,
    writes_created = writes_created + ?12, writes_updated = writes_updated + ?13, writes_deleted = writes_deleted + ?14,
    writes_rejected = writes_rejected + ?15
WHERE id = ?1 AND status = 'running'
