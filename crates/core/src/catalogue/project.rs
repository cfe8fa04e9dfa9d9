//! The project: its files, keys and values.

codes! {}
