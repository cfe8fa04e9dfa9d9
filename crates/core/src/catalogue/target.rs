//! What the target holds, refuses, or must not get.

codes! {
    /// Several records of the target match.
    SEVERAL_MATCHES = 401, "K0401";
    /// The record was deleted in the target.
    DELETED_MATCH = 402, "K0402";
    /// The target refused the record.
    REFUSED = 403, "K0403";
    /// The linked record is gone.
    TARGET_GONE = 404, "K0404";
    /// The target has no such field.
    UNKNOWN_FIELD = 405, "K0405";
    /// The key cannot be searched in the target.
    KEY_NOT_SEARCHABLE = 406, "K0406";
    /// The record alone makes the target fail.
    POISON = 407, "K0407";
    /// The record that it belongs to did not get through.
    PARENT_MISSING = 408, "K0408";
}
