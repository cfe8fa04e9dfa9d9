//! Mapping sheets: from rows to a plan that turns records into target records.
