//! The JSON Schema of the file, for editors.

/// The schema, in JSON.
pub fn schema() -> String {
    todo!()
}
