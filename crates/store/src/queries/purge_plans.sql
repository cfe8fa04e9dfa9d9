DELETE FROM plan WHERE expires < ?1
