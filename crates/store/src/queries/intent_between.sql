SELECT last, count, closed FROM intent WHERE last >= ?1 AND last - count < ?2 ORDER BY last
