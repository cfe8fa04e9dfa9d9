//! Files as source and target.

codes! {
    /// A file or folder is not there.
    FILE_MISSING = 701, "K0701";
    /// A file could not be read.
    FILE_UNREADABLE = 702, "K0702";
    /// A file holds nothing at all.
    FILE_EMPTY = 703, "K0703";
    /// A file changed while it was read or written.
    FILE_CHANGED = 704, "K0704";
    /// The encoding of a file has to be declared.
    ENCODING_UNDECLARED = 705, "K0705";
    /// A row holds bytes that its encoding does not have.
    ENCODING_BROKEN = 706, "K0706";
    /// The separator of a file has to be declared.
    SEPARATOR_UNCLEAR = 707, "K0707";
    /// Column names are blank or repeated.
    HEADER_NAMES = 708, "K0708";
    /// A row has more or fewer cells than the header.
    CELL_COUNT = 709, "K0709";
    /// The quotes of a row do not match.
    QUOTES_BROKEN = 710, "K0710";
    /// A cell or an element is too long.
    CELL_TOO_LONG = 711, "K0711";
    /// A row holds a NUL character.
    CHARACTER_NUL = 712, "K0712";
    /// A file lacks a column.
    COLUMN_MISSING = 713, "K0713";
    /// The format of a file is not known.
    FORMAT_UNKNOWN = 714, "K0714";
    /// An option does not fit.
    OPTION_UNFIT = 715, "K0715";
    /// A file is not the JSON that it should be.
    JSON_BROKEN = 716, "K0716";
    /// A line or an element is not JSON.
    ELEMENT_BROKEN = 717, "K0717";
    /// A text cannot be written in the encoding of the file.
    NOT_ENCODABLE = 718, "K0718";
    /// A file could not be written.
    FILE_NOT_WRITTEN = 719, "K0719";
    /// The present content of a target file cannot be read.
    TARGET_UNREADABLE = 720, "K0720";
    /// A record has a field with the name under which its own name was to be read.
    NAME_TAKEN = 730, "K0730";
    /// A document is not ADX, or breaks off.
    ADX_BROKEN = 740, "K0740";
    /// A value of an ADX document cannot be told.
    ADX_VALUE = 741, "K0741";
    /// A value cannot be written into an ADX document.
    ADX_NOT_WRITABLE = 742, "K0742";
    /// A record of a tree names a parent that the file does not hold.
    TREE_PARENT_UNKNOWN = 743, "K0743";
    /// A record of a tree names another parent than the one under which it stands.
    TREE_PARENT_DIFFERS = 744, "K0744";
    /// A node of a tree is none.
    TREE_NODE = 745, "K0745";
    /// A record of a tree has others below it.
    TREE_HAS_CHILDREN = 746, "K0746";
    /// A record of a tree would stand below itself.
    TREE_LOOP = 747, "K0747";
    /// A workbook cannot be read.
    WORKBOOK_UNREADABLE = 750, "K0750";
    /// A workbook has no sheet of that name.
    SHEET_MISSING = 751, "K0751";
    /// A cell of a workbook holds an error.
    CELL_ERROR = 752, "K0752";
}
