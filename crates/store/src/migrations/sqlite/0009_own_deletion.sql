-- Records of targets that Kivuko itself deleted: they may be made again. The outcomes that told it until now go with time.
CREATE TABLE own_deletion (
    target_id     TEXT NOT NULL,
    -- Empty: deleted by a version that did not put it down here, in whichever system.
    target_system TEXT NOT NULL,
    PRIMARY KEY (target_id, target_system)
) STRICT, WITHOUT ROWID;
INSERT INTO own_deletion (target_id, target_system)
SELECT DISTINCT target_id, '' FROM outcome
WHERE outcome = 'deleted' AND target_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM link WHERE link.target_id = outcome.target_id);
