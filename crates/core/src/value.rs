//! JSON values: what is empty, the canonical form, keyed hashes.
