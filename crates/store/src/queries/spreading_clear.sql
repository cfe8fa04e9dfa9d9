DELETE FROM spreading
