//! DHIS2.

codes! {
    /// The release is too old, or does not say which it is.
    UNSUPPORTED_RELEASE = 1001, "K1001";
    /// The server counts its periods in another calendar.
    OTHER_CALENDAR = 1002, "K1002";
    /// What the project names is not there, or several things have the name.
    NO_SUCH_OBJECT = 1003, "K1003";
    /// The account may not write these numbers.
    NOT_ALLOWED = 1004, "K1004";
    /// DHIS2 refused a question.
    QUESTION_REFUSED = 1005, "K1005";
    /// The resource is read only.
    ONLY_READ = 1006, "K1006";
    /// The analytics tables cannot be asked now.
    ANALYTICS_NOT_READY = 1007, "K1007";
    /// The element is not in the data set.
    NOT_IN_DATA_SET = 1010, "K1010";
    /// The org unit is not known, or the data set is not assigned to it.
    NOT_ASSIGNED = 1011, "K1011";
    /// The option combination does not belong to the element or the data set.
    WRONG_OPTION_COMBO = 1012, "K1012";
    /// The value is not of the type of the element.
    WRONG_VALUE = 1013, "K1013";
    /// The value is not among the options of the element.
    NOT_AN_OPTION = 1014, "K1014";
    /// The org unit or a category option is not open in the period.
    OUT_OF_TIME = 1015, "K1015";
    /// The account does not capture data at the org unit.
    OUTSIDE_CAPTURE = 1016, "K1016";
    /// The comment or another part of the value does not fit.
    BAD_PART = 1017, "K1017";
    /// The period is locked.
    LOCKED = 1020, "K1020";
    /// The period is not open yet.
    NOT_YET_OPEN = 1021, "K1021";
    /// DHIS2 refused the value.
    VALUE_REFUSED = 1022, "K1022";
    /// An import broke off.
    IMPORT_BROKE_OFF = 1030, "K1030";
    /// What became of an asynchronous import is not known.
    IMPORT_LOST = 1031, "K1031";
    /// ADX cannot carry it.
    NOT_IN_ADX = 1032, "K1032";
    /// The account may not write this metadata.
    METADATA_NOT_ALLOWED = 1040, "K1040";
    /// A field of an object is missing, too long, or not of its form.
    BAD_FIELD = 1041, "K1041";
    /// A code, or a value that is unique, belongs to another object.
    TAKEN = 1042, "K1042";
    /// What an object refers to is not there.
    NO_SUCH_REFERENCE = 1043, "K1043";
    /// An org unit would lie below itself.
    BELOW_ITSELF = 1044, "K1044";
    /// What is to be deleted is in use.
    IN_USE = 1045, "K1045";
    /// DHIS2 has no way to mark it as no longer used.
    NOT_DEACTIVATED = 1046, "K1046";
    /// DHIS2 refused the object.
    OBJECT_REFUSED = 1047, "K1047";
    /// What the object refers to has not come yet.
    REFERENCE_NOT_YET = 1048, "K1048";
    /// The object was written, and was not put into a group, data set, program or among the org units of the account.
    NOT_ASSIGNED_TO = 1049, "K1049";
    /// The object that was made for this key has another key now.
    KEY_CHANGED = 1050, "K1050";
}
