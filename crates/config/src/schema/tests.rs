use std::path::PathBuf;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[test]
fn the_schema_in_the_documentation_is_this_one() {
    let path = root().join("docs/schema/refsync.json");
    let schema = super::schema();
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        std::fs::write(&path, &schema).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == schema,
        "docs/schema/refsync.json differs: run this test with UPDATE_SCHEMA=1"
    );
}
