//! The guard: a run that would take away too much waits for a person.

/// When deletions and rewrites are held for a person; creations and fast-forwards proceed all the same.
///
/// They are held, all of the run, if they are more than `references` and more than `percent` of what the written side lists in
/// scope. Deletions are held as well if the side that they follow lists nothing at all, or lacks over half of the references that
/// have a base.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Guard {
    /// So many are never too many.
    pub references: u64,
    /// Of the references in scope that the written side lists: 0 to 100.
    pub percent: f64,
}

impl Default for Guard {
    /// More than 5 references and more than 10 %.
    fn default() -> Self {
        Self {
            references: 5,
            percent: 10.0,
        }
    }
}

impl Guard {
    /// Whether so many deletions and rewrites are too many for a side with so many references in scope.
    pub fn holds(&self, losing: u64, scope: u64) -> bool {
        losing > self.references && losing as f64 * 100.0 > self.percent * scope as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_limits_must_be_passed() {
        let guard = Guard::default();
        assert!(!guard.holds(5, 5), "five are never too many");
        assert!(guard.holds(6, 59));
        assert!(!guard.holds(6, 60), "10 % is not more than 10 %");
        assert!(!guard.holds(10, 100));
        assert!(guard.holds(11, 100));
        assert!(guard.holds(6, 0));
    }
}
