//! A record on its way through the mapping.

codes! {
    /// The record has no identity.
    NO_IDENTITY = 301, "K0301";
    /// The record could not be read.
    UNREADABLE = 302, "K0302";
    /// A required field is empty.
    REQUIRED_EMPTY = 303, "K0303";
    /// A date cannot be read.
    BAD_DATE = 304, "K0304";
    /// A number cannot be read.
    BAD_NUMBER = 305, "K0305";
    /// A value is not in the code list.
    UNLISTED_CODE = 306, "K0306";
    /// A place is not known.
    UNKNOWN_PLACE = 307, "K0307";
    /// Several values where one is wanted.
    SEVERAL_VALUES = 308, "K0308";
    /// An expression could not be worked out.
    EXPRESSION_FAILED = 309, "K0309";
    /// A text is too long.
    TOO_LONG = 310, "K0310";
    /// A value is of the wrong kind.
    WRONG_TYPE = 311, "K0311";
    /// Two records of the input have the same identity.
    DUPLICATE_ID = 312, "K0312";
    /// Several records of the source lead to the same record of the target.
    DUPLICATE_KEY = 313, "K0313";
    /// The key is empty.
    EMPTY_KEY = 314, "K0314";
    /// A text is not a period of DHIS2, or not one of the type that is due.
    NOT_A_PERIOD = 315, "K0315";
    /// A geometry cannot be read.
    BAD_GEOMETRY = 320, "K0320";
    /// A code has no label in the language that the flow names.
    NO_LABEL = 340, "K0340";
    /// The source has no labels at all.
    NO_LABELS_HERE = 341, "K0341";
    /// The target does not have the record, and the flow does not make it.
    NOT_IN_TARGET = 345, "K0345";
    /// A person has to decide who it is.
    NEEDS_DECISION = 346, "K0346";
    /// Too little is known to look for somebody.
    TOO_LITTLE_KNOWN = 347, "K0347";
    /// Several records of the source are one person of the target, and say different things.
    SAME_PERSON = 348, "K0348";
    /// A person decided that the record is not carried over.
    DECIDED_AGAINST = 349, "K0349";
}
