//! Aggregates: the sheet (1101-1109), what it says of the target (1110-1119), and records that cannot be counted (1131-1139).

codes! {
    /// An indicator that cannot be.
    BAD_INDICATOR = 1101, "K1101";
    /// The column `value` cannot be read.
    BAD_MEASURE = 1102, "K1102";
    /// The column `by` cannot be read.
    BAD_BY = 1103, "K1103";
    /// A formula names an indicator that is not there.
    UNKNOWN_INPUT = 1104, "K1104";
    /// Formulas need each other in a circle.
    FORMULA_CYCLE = 1105, "K1105";
    /// Something that needs `drill: on`.
    NEEDS_DRILL = 1106, "K1106";
    /// The data set has another period type.
    WRONG_PERIOD_TYPE = 1110, "K1110";
    /// The data set has no such element.
    UNKNOWN_ELEMENT = 1111, "K1111";
    /// The element does not take numbers.
    NOT_NUMERIC = 1112, "K1112";
    /// The categories are not those of the element.
    WRONG_CATEGORIES = 1113, "K1113";
    /// The category has no such option.
    UNKNOWN_OPTION = 1114, "K1114";
    /// There is no such option combination.
    UNKNOWN_OPTION_COMBO = 1115, "K1115";
    /// The hierarchy has no such level.
    WRONG_LEVEL = 1116, "K1116";
    /// A crosswalk leads to org units that are not there.
    UNKNOWN_ORG_UNIT = 1117, "K1117";
    /// Two indicators write the same value.
    SAME_CELL = 1118, "K1118";
    /// The target takes no numbers.
    NO_NUMBERS_HERE = 1119, "K1119";
    /// The record has no day for the period.
    NO_DATE = 1131, "K1131";
    /// Nobody says which org unit the place is.
    UNMAPPED_PLACE = 1132, "K1132";
    /// The data set is not for this org unit.
    NOT_ASSIGNED = 1133, "K1133";
    /// The place lies above the level.
    ABOVE_LEVEL = 1134, "K1134";
    /// The record fits no category option.
    NO_OPTION = 1135, "K1135";
    /// The options have no combination.
    NO_SUCH_COMBO = 1136, "K1136";
    /// A number is due.
    NOT_A_NUMBER = 1137, "K1137";
}
