//! Hands out the elements of a streamed array.
