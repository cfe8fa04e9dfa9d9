//! Go.Data.

codes! {}
