//! What goes wrong with a database.

/// What went wrong.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// What was asked for is not there.
    #[error("{what} does not exist")]
    NotFound {
        /// `mirror app`, `run 0192…`.
        what: String,
    },
    /// It is there already, or not as expected any more.
    #[error("{0}")]
    Conflict(String),
    /// The claim was lost to another worker: what it wrote is not taken.
    #[error(
        "another process took {mirror} over, since this one was silent for longer than the lease: nothing more of this run is recorded, \
         and the other one looks at what was written (raise limits.lease if it happens often)"
    )]
    Fenced {
        /// The mirror.
        mirror: String,
    },
    /// Locked or busy: trying again can help.
    #[error("the database is busy: {0}")]
    Busy(String),
    /// Nothing answers where it should be: trying again can help, once it does. Says where, why, and what to do.
    #[error("the database cannot be reached: {0}")]
    Unreachable(String),
    /// Full, read-only, newer, damaged: a person must look. Says what to do.
    #[error("{0}")]
    Unusable(String),
    /// The file of SQLite is not the open one any more: the system keeps the open one only until the last process closes it.
    #[error(
        "the database file {} was {what} while refsync has it open: what refsync writes is lost when it stops. If it was moved, move it back; \
         else stop refsync and put a backup in its place with `refsync db restore`", path.display()
    )]
    Adrift {
        /// Where it was opened.
        path: std::path::PathBuf,
        /// `moved or removed`, `replaced by another`.
        what: &'static str,
    },
    /// Anything else of the driver's.
    #[error("the database failed: {0}")]
    Database(String),
}

impl StoreError {
    /// Whether the same can succeed in a while, without a person.
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Busy(_) | Self::Unreachable(_))
    }
}
