-- Who made the link stays as long as it leads to the same record.
INSERT INTO link (route, source_id, part, target_id, key, flow, created, seen, version)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (source_id, route, part) DO UPDATE SET
    flow = iif(target_id = excluded.target_id, flow, excluded.flow),
    created = iif(target_id = excluded.target_id, created, excluded.created),
    target_id = excluded.target_id,
    key = excluded.key,
    seen = max(seen, excluded.seen),
    version = excluded.version
