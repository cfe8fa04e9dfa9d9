-- The parts of the key of a data value (an element, a period, an org unit) each stand in thousands of links, and nobody looks for all of them; the value
-- itself is found by its id. Ten rows for each link were the larger part of what it took to keep one.
DELETE FROM link_key_value WHERE link IN (SELECT id FROM link WHERE target_resource = 'dataValueSets');
DROP TRIGGER link_key_value_insert;
DROP TRIGGER link_key_value_update;
CREATE TRIGGER link_key_value_insert AFTER INSERT ON link WHEN NEW.target_resource <> 'dataValueSets' AND json_array_length(NEW.key) > 1
BEGIN
    INSERT OR IGNORE INTO link_key_value (value, link) SELECT value, NEW.id FROM json_each(NEW.key);
END;
CREATE TRIGGER link_key_value_update AFTER UPDATE OF key ON link WHEN OLD.key <> NEW.key AND NEW.target_resource <> 'dataValueSets'
BEGIN
    DELETE FROM link_key_value WHERE link = OLD.id;
    INSERT OR IGNORE INTO link_key_value (value, link)
    SELECT value, NEW.id FROM json_each(NEW.key) WHERE json_array_length(NEW.key) > 1;
END;
