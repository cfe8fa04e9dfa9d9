//! How everything looks. Nothing here knows a command or the store: it turns what the engine and core report into text.
//!
//! Colour means something or is not there: green is done, yellow waits for someone, red did not get through, cyan is to be typed, dim is
//! second to what stands beside it. Without a terminal, or with `NO_COLOR`, the same text stands there without colour.

/// Puts formatted text at the end of a text.
macro_rules! put {
    ($text:expr, $($arguments:tt)*) => {
        $text.push_str(&std::fmt::format(format_args!($($arguments)*)))
    };
}
pub(crate) use put;

pub mod account;
pub mod figures;
pub mod mask;
pub mod page;
pub mod planned;
pub mod problem;
pub mod progress;
pub mod style;
pub mod table;
pub mod time;

pub use style::Style;
pub use table::Table;
