//! Benchmarks of Kivuko: the lines of the budget table, and the invented data that they are measured on.

pub mod canned;
pub mod counting;
pub mod line_list;
pub mod matching;
pub mod outbreak;
pub mod people;
pub mod place_matching;
pub mod places;
pub mod process;
pub mod sample;
pub mod simulator;
pub mod take;

/// As in the binary itself.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;
