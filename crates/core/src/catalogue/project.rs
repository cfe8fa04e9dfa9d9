//! The project: its files, keys and values.

codes! {
    /// A file is not YAML.
    BAD_YAML = 101, "K0101";
    /// A key that nobody knows.
    UNKNOWN_KEY = 102, "K0102";
    /// A value of the wrong kind.
    WRONG_KIND = 103, "K0103";
    /// A key is missing.
    MISSING_KEY = 104, "K0104";
    /// A key is written twice.
    DUPLICATE_KEY = 105, "K0105";
    /// A file is missing.
    MISSING_FILE = 106, "K0106";
    /// A system that is not declared.
    UNKNOWN_SYSTEM = 107, "K0107";
    /// A kind of system that does not exist.
    UNKNOWN_CONNECTOR = 108, "K0108";
    /// Two flows have one name.
    DUPLICATE_NAME = 109, "K0109";
    /// A secret in clear text.
    CLEAR_SECRET = 110, "K0110";
    /// A file that nothing uses.
    UNUSED_FILE = 111, "K0111";
    /// A value that is not possible.
    BAD_VALUE = 112, "K0112";
    /// Something that this version cannot do yet.
    NOT_AVAILABLE = 113, "K0113";
    /// A record that the flow does not have.
    UNKNOWN_RECORD = 114, "K0114";
    /// Records belong to each other in a circle.
    OF_CYCLE = 115, "K0115";
    /// A flow does not say what identifies a record.
    IDENTITY_MISSING = 116, "K0116";
    /// No row of the sheet fills the key.
    KEY_NOT_WRITTEN = 117, "K0117";
    /// Payloads cannot be dropped here.
    KEEP_NOT_ALLOWED = 118, "K0118";
    /// A resource that the system does not have.
    UNKNOWN_RESOURCE = 119, "K0119";
    /// A system cannot be read or written.
    WRONG_DIRECTION = 120, "K0120";
    /// A flow that is not there.
    UNKNOWN_FLOW = 121, "K0121";
    /// A setting without effect.
    NO_EFFECT = 122, "K0122";
    /// A crosswalk needs two sides.
    CROSSWALK_SIDES = 123, "K0123";
    /// A schedule that this version does not run by itself.
    SCHEDULE_NOT_RUN = 124, "K0124";
    /// Nothing says where a record of a place has its identity or its name.
    PLACE_PATHS_MISSING = 125, "K0125";
    /// Rows cannot be put together to groups here.
    GROUP_NOT_POSSIBLE = 130, "K0130";
    /// The sheet reads a field of a row as if it were one of the group.
    OUTSIDE_ROWS = 131, "K0131";
    /// A scope for each record is not possible here.
    SCOPE_NOT_POSSIBLE = 132, "K0132";
    /// Nobody can tell which of several parents is meant.
    PARENT_UNCLEAR = 133, "K0133";
    /// People cannot be looked for like this.
    MATCH_NOT_POSSIBLE = 140, "K0140";
    /// A flow says neither or both of `mapping` and `aggregate`.
    MAPPING_OR_AGGREGATE = 141, "K0141";
    /// A key that an aggregate flow cannot have.
    NOT_IN_AGGREGATES = 142, "K0142";
}
