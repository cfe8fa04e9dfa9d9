//! Kivuko's own memory.

codes! {
    /// The key is not the one that the store was made with.
    WRONG_KEY = 801, "K0801";
    /// A newer Kivuko has written to the store.
    NEWER_STORE = 802, "K0802";
    /// The file is damaged, or is no store.
    DAMAGED = 803, "K0803";
    /// No space is left.
    DISK_FULL = 804, "K0804";
    /// Another process holds the store.
    LOCKED = 805, "K0805";
    /// The file cannot be opened or written.
    NOT_WRITABLE = 806, "K0806";
    /// Two source records claim one target record.
    KEY_TAKEN = 807, "K0807";
    /// The run that wants to write has been ended.
    RUN_ENDED = 808, "K0808";
    /// The process of a run ended before the run did.
    INTERRUPTED = 809, "K0809";
    /// The key file or the key's text cannot be used.
    BAD_KEY = 810, "K0810";
    /// An encrypted value is not the one that belongs to its row.
    FOREIGN_VALUE = 811, "K0811";
    /// The key was changed while this process was running.
    KEY_CHANGED = 812, "K0812";
    /// The store was asked for something that makes no sense to it.
    UNEXPECTED = 813, "K0813";
}
