UPDATE counted_state SET spread = ?1, mark = random() RETURNING mark
