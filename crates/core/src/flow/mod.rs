//! Flows: what a person wrote, and what was checked.
