-- What runs told goes with their outcomes, of whichever flow: how long these are kept is said for the whole project.
DELETE FROM session WHERE key >= 'what run ' AND key < 'what run!' AND key LIKE 'what run % told' AND at < ?1
