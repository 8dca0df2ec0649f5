//! A serving process from start to stop.
