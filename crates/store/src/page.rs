//! Pages of lists.

/// Which part of a list.
#[derive(Debug, Clone, Default)]
pub struct Ask {
    /// Where the page before ended; opaque.
    pub after: Option<String>,
    /// At most so many, at most 500; 0 for 50.
    pub limit: u32,
}

/// A part of a list, newest first unless said otherwise.
#[derive(Debug, Clone)]
pub struct Page<T> {
    /// The entries.
    pub items: Vec<T>,
    /// What to give as `after` for the next page; `None` at the end.
    pub next: Option<String>,
}
