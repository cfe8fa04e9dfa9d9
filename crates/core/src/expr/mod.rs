//! Expressions in braces.
