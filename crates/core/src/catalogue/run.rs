//! A run as a whole.

codes! {
    /// What the record refers to has not arrived.
    WAITING = 901, "K0901";
}
