//! A project: all its files, read and checked at once.
