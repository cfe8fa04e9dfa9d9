//! Sheets, paths, expressions, transforms and code maps: what a person wrote in cells.

codes! {}
