//! What is different between two contents, and how one is merged into another.
