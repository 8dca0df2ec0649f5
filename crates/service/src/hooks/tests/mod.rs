//! Endpoints over a real database, asked as hosts ask.
