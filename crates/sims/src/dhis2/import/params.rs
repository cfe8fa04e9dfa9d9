//! How a document is imported.

use crate::dhis2::error::{Error, Result};
use crate::dhis2::routes::Call;

/// By what objects are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Identifier {
    /// Identifier.
    Uid,
    /// Code.
    Code,
    /// Identifier, and else code.
    Auto,
}

/// What is done with the objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strategy {
    /// New ones are made, known ones replaced.
    CreateAndUpdate,
    /// Known ones are refused.
    Create,
    /// New ones are refused.
    Update,
    /// Known ones are deleted.
    Delete,
}

/// The parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Params {
    /// `importMode=VALIDATE`: nothing is written.
    pub validate_only: bool,
    /// By what objects are found.
    pub identifier: Identifier,
    /// What is done with them.
    pub strategy: Strategy,
    /// `atomicMode=ALL`: one fault, and nothing is written.
    pub atomic: bool,
    /// `importReportMode=FULL` or `DEBUG`: objects without fault are reported as well.
    pub full_report: bool,
    /// Neither required properties nor uniqueness is looked at.
    pub skip_validation: bool,
}

impl Params {
    /// For one object.
    pub fn single(strategy: Strategy) -> Self {
        Self { validate_only: false, identifier: Identifier::Uid, strategy, atomic: true, full_report: false, skip_validation: false }
    }

    /// From the query.
    pub fn read(call: &Call<'_>) -> Result<Self> {
        let word = |name: &str| call.argument(name).unwrap_or_default();
        let refused = |name: &str| Error::bad_request(format!("Value '{}' is not valid for parameter {name}", word(name)));
        if call.flag("async", false)? {
            return Err(Error::not_simulated("asynchronous imports of metadata"));
        }
        Ok(Self {
            validate_only: match word("importMode") {
                "" | "COMMIT" => false,
                "VALIDATE" => true,
                _ => return Err(refused("importMode")),
            },
            identifier: match word("identifier") {
                "" | "UID" => Identifier::Uid,
                "CODE" => Identifier::Code,
                "AUTO" => Identifier::Auto,
                _ => return Err(refused("identifier")),
            },
            strategy: match word("importStrategy") {
                "" | "CREATE_AND_UPDATE" => Strategy::CreateAndUpdate,
                "CREATE" => Strategy::Create,
                "UPDATE" => Strategy::Update,
                "DELETE" => Strategy::Delete,
                _ => return Err(refused("importStrategy")),
            },
            atomic: match word("atomicMode") {
                "" | "ALL" => true,
                "NONE" => false,
                _ => return Err(refused("atomicMode")),
            },
            full_report: match word("importReportMode") {
                "" | "ERRORS" => false,
                "FULL" | "DEBUG" => true,
                "ERRORS_NOT_OWNER" => return Err(Error::not_simulated("importReportMode=ERRORS_NOT_OWNER")),
                _ => return Err(refused("importReportMode")),
            },
            skip_validation: call.flag("skipValidation", false)?,
        })
    }
}
