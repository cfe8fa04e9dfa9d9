//! Files as source and target.

codes! {}
