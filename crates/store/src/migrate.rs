//! The database's version: what each added, for both dialects.
