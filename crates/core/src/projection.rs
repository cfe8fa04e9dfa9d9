//! Takes out of a raw element only the fields that a flow reads.
