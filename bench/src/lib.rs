//! Benchmarks of Kivuko.
