-- Numbers of records that are gone are given again.
UPDATE counted_state SET spread = min(spread, (SELECT coalesce(max(id), 0) FROM counted))
