//! A run as a whole.

codes! {}
