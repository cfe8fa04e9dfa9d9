//! The one path grammar, for reading and writing.
