-- The numbers that these open rejections are about.
SELECT rejection.flow, rejection.source_id, rejection.payload_sealed, cell.id AS cell, cell.value
FROM rejection CROSS JOIN cell INDEXED BY cell_due ON cell.flow = rejection.flow AND cell.due = 1
    AND cell.element || '.' || cell.period || '.' || cell.org_unit || '.' || cell.option_combo || '.' || cell.attribute_option_combo = rejection.source_id
WHERE rejection.closed_at IS NULL AND rejection.id IN (SELECT value FROM json_each(?1))
