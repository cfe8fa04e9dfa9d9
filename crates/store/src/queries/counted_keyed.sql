UPDATE counted_state SET keyed = 1
