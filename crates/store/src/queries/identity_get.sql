SELECT id, label FROM identity WHERE system = ?1
