SELECT name, holder, fence, until FROM lease WHERE name = ?1
