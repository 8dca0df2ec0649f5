use std::path::Path;

use super::*;

/// A mirror between two addresses, as the database knows it.
fn between(source: &str, target: &str) -> Known {
    let text = format!("version: 1\nmirrors: [{{name: app, source: \"{source}\", target: \"{target}\"}}]");
    let config = load::load_text(Path::new("refsync.yaml"), &text).unwrap();
    known(&config.mirrors["app"])
}

#[test]
fn a_path_in_another_case_is_another_repository_to_those_who_keep_bases() {
    let target = "https://b.example/app.git";
    let of = |source: &str| between(source, target).source_url;
    assert_ne!(
        of("https://a.example/Acme/app.git"),
        of("https://a.example/acme/app.git")
    );
    assert_eq!(
        of("https://A.example:443/Acme/app.git"),
        of("git@a.example:Acme/app")
    );
}
