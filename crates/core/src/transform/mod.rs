//! The closed set of transforms, a family a file.
