//! Names that people type to narrow a list.

use crate::api::model::Page;
use crate::ops::OpError;

/// A list of the mirror with that name, of all if it is empty. What is typed is a filter and no address: where no mirror is called so,
/// the list is empty.
pub(super) fn of_mirror<T>(typed: &str, listed: Result<Page<T>, OpError>) -> Result<Page<T>, OpError> {
    match listed {
        Err(OpError::NotFound { .. }) if !typed.is_empty() => Ok(Page {
            items: Vec::new(),
            next: None,
        }),
        listed => listed,
    }
}
