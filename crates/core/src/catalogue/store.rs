//! Kivuko's own memory.

codes! {}
