-- One record of a source may well be two things in one target: the flow that makes a place of it and the flow that makes a code of it have a link each.
DROP INDEX link_source;
CREATE UNIQUE INDEX link_source ON link (source_id, source_system, source_resource, part, target_system, target_resource);
