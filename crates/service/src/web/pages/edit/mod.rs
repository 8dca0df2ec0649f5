//! New and changed mirrors: a form and YAML, two tabs of one thing. Both sides are tried and the difference is shown before it is saved.

mod difference;
mod fields;
mod input_set;
mod input_sets;
mod page;

pub(in crate::web) use input_set::{page as input_set, save as save_input_set};
pub(in crate::web) use input_sets::list as input_sets;
pub(in crate::web) use page::{make, new, page, remove, save};

use crate::ops::OpError;
use crate::web::trouble::Trouble;

/// Why what was pressed to be saved was not yet.
const NOT_SHOWN: &str =
    "it is not what was shown: nothing was saved. This is what would change now; save it if it is meant";

fn yaml_of<T: serde::Serialize>(value: &T) -> Result<String, OpError> {
    serde_saphyr::to_string(value).map_err(|error| OpError::Failed(error.to_string()))
}

/// What is wrong, for the form to say; any other error is a page of its own.
fn problems(error: OpError) -> Result<Vec<String>, Trouble> {
    match error {
        OpError::Invalid(errors) => Ok(errors
            .iter()
            .map(|error| format!("{}: {}", error.path, error.message))
            .collect()),
        error @ (OpError::Conflict(_) | OpError::Stale(_)) => Ok(vec![error.to_string()]),
        error => Err(error.into()),
    }
}
