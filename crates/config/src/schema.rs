//! The JSON Schema of the file, for editors.

/// The schema, in JSON.
pub fn schema() -> String {
    let schema = schemars::schema_for!(crate::raw::File);
    let mut text = serde_json::to_string_pretty(&schema).expect("a schema is JSON");
    text.push('\n');
    text
}

#[cfg(test)]
mod tests;
