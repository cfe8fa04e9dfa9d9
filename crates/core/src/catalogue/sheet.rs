//! Sheets, paths, expressions, transforms and code maps: what a person wrote in cells.

codes! {
    /// A path that cannot be read.
    BAD_PATH = 201, "K0201";
    /// An expression that cannot be read.
    BAD_EXPRESSION = 202, "K0202";
    /// A transform that cannot be read.
    BAD_TRANSFORM = 203, "K0203";
    /// A column that sheets do not have.
    UNKNOWN_COLUMN = 204, "K0204";
    /// A column is missing.
    MISSING_COLUMN = 205, "K0205";
    /// A column stands twice.
    DUPLICATE_COLUMN = 206, "K0206";
    /// A row without target.
    EMPTY_TARGET = 207, "K0207";
    /// A row that can give no value.
    NO_VALUE = 208, "K0208";
    /// A word that is not possible.
    BAD_WORD = 209, "K0209";
    /// Two rows write the same field.
    DUPLICATE_TARGET = 210, "K0210";
    /// A code map that is not there.
    UNKNOWN_CODE_MAP = 211, "K0211";
    /// A column of two-way flows.
    NOT_TWO_WAY = 212, "K0212";
    /// A list that cannot be built.
    BAD_LIST = 213, "K0213";
    /// A sheet that cannot be read.
    NO_SHEET = 214, "K0214";
    /// A code map lacks a column.
    CODES_COLUMNS = 220, "K0220";
    /// A day of a code map cannot be read.
    CODES_BAD_DAY = 221, "K0221";
    /// A code map has two rows `*` for one direction.
    CODES_TWO_STARS = 222, "K0222";
    /// A row of a crosswalk decides something that does not fit its ids.
    CROSSWALK_ROW = 223, "K0223";
    /// Two rows of a crosswalk contradict each other.
    CROSSWALK_CONTRADICTION = 224, "K0224";
    /// Flows have linked one place to several.
    LINKS_DISAGREE = 225, "K0225";
    /// A value of a code map has another counterpart already.
    CODES_CONTRADICTION = 226, "K0226";
    /// A decision on a crosswalk is about a place that its system does not have.
    CROSSWALK_STRANGER = 227, "K0227";
    /// A CSV of the project cannot be read.
    TABLE_UNREADABLE = 230, "K0230";
    /// The columns of a CSV of the project are wrong.
    TABLE_COLUMNS = 231, "K0231";
    /// The source has no such field.
    UNKNOWN_SOURCE_FIELD = 240, "K0240";
}
