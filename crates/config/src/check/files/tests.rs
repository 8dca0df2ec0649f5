use crate::load::load;

/// The warnings about a credential with this key, in a directory with files.
fn warnings(key: &str, value: &str) -> Vec<String> {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    let file = |name: &str, text: &str| std::fs::write(at(name), text).unwrap();
    file("text", "hello");
    file(
        "ca.pem",
        "a comment\n-----BEGIN CERTIFICATE-----\nMII=\n-----END CERTIFICATE-----\n",
    );
    file(
        "both.pem",
        "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n",
    );
    std::os::unix::fs::symlink("/dev/zero", at("device")).unwrap();
    file(
        "refsync.yaml",
        &format!("version: 1\ncredentials:\n  ghe:\n    host: h\n    provider: github\n    {key}: {value}\n"),
    );
    let config = load(&at("refsync.yaml")).unwrap();
    let prefix = format!("{}/", directory.path().display());
    let all = config.warnings.iter();
    all.map(|warning| warning.to_string().replace(&prefix, ""))
        .collect()
}

fn warning(key: &str, value: &str) -> String {
    let mut all = warnings(key, value);
    assert_eq!(all.len(), 1, "{key}: {value}: {all:?}");
    all.remove(0)
}

#[test]
fn files_of_credentials_that_are_not_there_are_warned_of_with_their_place() {
    for key in ["caFile", "clientCert", "sshKey", "knownHosts"] {
        let column = key.len() + 7;
        let place = format!("refsync.yaml:6:{column}: credentials.ghe.{key}: ");
        let told = warning(key, "secrets/none");
        let why = "secrets/none cannot be read here: No such file or directory";
        assert!(told.starts_with(&format!("{place}{why}")), "{told}");
        assert!(warning(key, ".").contains(". cannot be read here: is a directory"));
        assert!(warning(key, "device").contains("it is no regular file"));
        assert!(warning(key, "/nowhere/x.pem").contains(": /nowhere/x.pem cannot be read"));
    }
}

#[test]
fn files_that_hold_no_pem_are_warned_of_where_pem_is_wanted() {
    assert!(warning("caFile", "text").contains("text holds no certificate in PEM; "));
    let key = "holds no certificate with its private key in PEM; ";
    assert!(warning("clientCert", "text").contains(key));
    assert!(warning("clientCert", "ca.pem").contains(key));
    for (right, file) in [
        ("caFile", "ca.pem"),
        ("caFile", "both.pem"),
        ("clientCert", "both.pem"),
        ("sshKey", "text"),
        ("knownHosts", "text"),
    ] {
        assert_eq!(warnings(right, file), [""; 0], "{right}: {file}");
    }
}
