UPDATE lease SET until = ?4 WHERE name = ?1 AND holder = ?2 AND fence = ?3
