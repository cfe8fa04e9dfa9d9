//! What a person gave to a command.

codes! {
    /// Not a day.
    NOT_A_DAY = 1051, "K1051";
    /// A file has changed while the command was at it.
    CHANGED_MEANWHILE = 1052, "K1052";
}
