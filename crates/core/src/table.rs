//! Project CSVs: read with whatever separator and encoding, written back in the form found.
