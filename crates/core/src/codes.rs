//! Code maps: which value on one side is which value on the other.
