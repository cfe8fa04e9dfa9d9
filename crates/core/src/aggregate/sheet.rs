//! The columns of an aggregate sheet.

use crate::sheet::Columns;

/// A column of an aggregate sheet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Column {
    Indicator,
    DataElement,
    Each,
    Where,
    Value,
    Date,
    OrgUnit,
    By,
    CategoryOptionCombo,
    AttributeOptionCombo,
    Note,
}

impl Column {
    /// All columns, in the order in which they are documented.
    pub const ALL: [Self; 11] = [
        Self::Indicator,
        Self::DataElement,
        Self::Each,
        Self::Where,
        Self::Value,
        Self::Date,
        Self::OrgUnit,
        Self::By,
        Self::CategoryOptionCombo,
        Self::AttributeOptionCombo,
        Self::Note,
    ];

    /// Its name in the header.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Indicator => "indicator",
            Self::DataElement => "data_element",
            Self::Each => "each",
            Self::Where => "where",
            Self::Value => "value",
            Self::Date => "date",
            Self::OrgUnit => "org_unit",
            Self::By => "by",
            Self::CategoryOptionCombo => "category_option_combo",
            Self::AttributeOptionCombo => "attribute_option_combo",
            Self::Note => "note",
        }
    }

    /// What it holds, in a sentence.
    pub const fn about(self) -> &'static str {
        match self {
            Self::Indicator => "its name: small letters, digits and `_`; formulas and messages use it",
            Self::DataElement => "id, code or name of the data element; empty for what only formulas use",
            Self::Each => "a source path that ends in `[]`: each item is counted, and is `item`; empty: the record is counted",
            Self::Where => "an expression in braces; only records (or items) for which it holds are counted",
            Self::Value => {
                "`count`, `sum(p)`, `avg(p)`, `min(p)`, `max(p)`, `distinct(p)` with a source path, or a formula in braces over other indicators"
            }
            Self::Date => "the source path of the day that decides the period; empty: the flow's",
            Self::OrgUnit => "the source path of the place; empty: the flow's",
            Self::By => {
                "categories with `;` between: `sex: gender | codes(sex); age: age.years(0-4,5-14,15+)`; of a formula only their names"
            }
            Self::CategoryOptionCombo => "a fixed category option combo by id, code or name; in the place of `by`",
            Self::AttributeOptionCombo => {
                "a fixed attribute option combo by id, code or name, or categories as in `by`; empty where the data set has none"
            }
            Self::Note => "for people",
        }
    }
}

impl Columns for Column {
    const ALL: &'static [Self] = &Column::ALL;
    const REQUIRED: &'static [Self] = &[Self::Indicator, Self::Value];

    fn name(self) -> &'static str {
        Column::name(self)
    }

    fn position(self) -> usize {
        self as usize
    }
}

/// An aggregate sheet as it was written.
pub type Sheet = crate::sheet::Sheet<Column>;

/// A row of it.
pub type Row = crate::sheet::Row<Column>;
