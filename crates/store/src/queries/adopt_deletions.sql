-- Those from before systems were told apart go too.
DELETE FROM own_deletion WHERE target_system IN (?1, '')
