//! The columns of a mapping sheet.

use crate::sheet::Columns;

/// A column of a mapping sheet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Column {
    Record,
    Target,
    Source,
    Transform,
    Codes,
    When,
    Default,
    Empty,
    On,
    Owner,
    Direction,
    TransformBack,
    Personal,
    Status,
    Note,
    SourceType,
    SourceSample,
    TargetType,
    TargetRequired,
}

impl Column {
    /// All columns, in the order in which `map draft` writes them.
    pub const ALL: [Self; 19] = [
        Self::Record,
        Self::Target,
        Self::Source,
        Self::Transform,
        Self::Codes,
        Self::When,
        Self::Default,
        Self::Empty,
        Self::On,
        Self::Owner,
        Self::Direction,
        Self::TransformBack,
        Self::Personal,
        Self::Status,
        Self::Note,
        Self::SourceType,
        Self::SourceSample,
        Self::TargetType,
        Self::TargetRequired,
    ];

    /// Its name in the header.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Record => "record",
            Self::Target => "target",
            Self::Source => "source",
            Self::Transform => "transform",
            Self::Codes => "codes",
            Self::When => "when",
            Self::Default => "default",
            Self::Empty => "empty",
            Self::On => "on",
            Self::Owner => "owner",
            Self::Direction => "direction",
            Self::TransformBack => "transform_back",
            Self::Personal => "personal",
            Self::Status => "status",
            Self::Note => "note",
            Self::SourceType => "source_type",
            Self::SourceSample => "source_sample",
            Self::TargetType => "target_type",
            Self::TargetRequired => "target_required",
        }
    }

    /// What it holds, in a sentence.
    pub const fn about(self) -> &'static str {
        match self {
            Self::Record => "which of the flow's records; empty when there is one",
            Self::Target => "path in the target record",
            Self::Source => "path in the source record; several, with ` ; ` between",
            Self::Transform => "transforms with `|` between, or an expression in braces",
            Self::Codes => "the code map that translates the value, after the transform",
            Self::When => "an expression; the row counts only when it holds",
            Self::Default => "used when the value is empty: a text, or an expression in braces",
            Self::Empty => "`keep` (or empty): the target field is left alone; `clear`; `reject`: the field is required",
            Self::On => {
                "`create`, `update`, or empty for both. What only updates say of a new record is sent by the next run that reads it. `empty`: only where the target has nothing in that field"
            }
            Self::Owner => "`source` (or empty), or `target`: who is right about this field",
            Self::Direction => "two-way flows only: `to` or `back`",
            Self::TransformBack => "two-way flows only: the transform on the way back",
            Self::Personal => "`yes` (or empty), or `no`: whether the value is shown in the open",
            Self::Status => "`agreed`, `discuss`, `new`; for people",
            Self::Note => "for people",
            Self::SourceType | Self::SourceSample | Self::TargetType | Self::TargetRequired => "filled in by `kivuko map draft`",
        }
    }
}

impl Columns for Column {
    const ALL: &'static [Self] = &Column::ALL;
    const REQUIRED: &'static [Self] = &[Self::Target];

    fn name(self) -> &'static str {
        Column::name(self)
    }

    fn position(self) -> usize {
        self as usize
    }
}

/// A mapping sheet as it was written.
pub type Sheet = crate::sheet::Sheet<Column>;

/// A row of it.
pub type Row = crate::sheet::Row<Column>;
