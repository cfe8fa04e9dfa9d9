-- The links between two resources, for crosswalks. One expression, so that no other statement is tempted to go by it: it leads to all records of a resource.
CREATE INDEX link_between ON link (json_array(source_system, source_resource, target_system, target_resource));
