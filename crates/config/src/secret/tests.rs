use std::time::Duration;

use secrecy::ExposeSecret;

use super::{Secret, Secrets};

fn secret(text: &str) -> Secret {
    Secret::parse(text).unwrap()
}

async fn read(text: &str) -> Result<String, String> {
    let value = Secrets::default().read(&secret(text)).await;
    value
        .map(|value| value.expose_secret().to_owned())
        .map_err(|error| error.to_string())
}

#[test]
fn places_are_shown_and_what_is_written_is_not() {
    let secret = secret("CANARY${env:A}${file:/run/x}${command:curl -H CANARY}");
    let shown = format!("{secret} {secret:?}");
    assert!(!shown.contains("CANARY"), "{shown}");
    assert!(
        shown.contains("${env:A}${file:/run/x}${command:curl …}"),
        "{shown}"
    );
    assert!(secret.is_literal() && !Secret::parse("${env:A}").unwrap().is_literal());
    assert_eq!(
        secret.written(),
        "CANARY${env:A}${file:/run/x}${command:curl -H CANARY}"
    );
}

#[test]
fn braces_of_a_command_are_its_own() {
    let parsed = secret("${command:awk '{print $1}' f}!");
    assert_eq!(parsed.written(), "${command:awk '{print $1}' f}!");
    for text in [
        "${env:}",
        "${env:A",
        "${env:A B}",
        "${vault:x}",
        "${x}",
        "${command: }",
    ] {
        assert!(Secret::parse(text).is_err(), "{text}");
    }
}

#[tokio::test]
async fn a_file_is_read_without_the_newline_at_its_end_and_never_too_far() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("token");
    let text = format!("a${{file:{}}}b", path.display());
    let missing = read(&text).await.unwrap_err();
    assert!(
        missing.contains("token") && missing.contains("No such file"),
        "{missing}"
    );
    for (content, expected) in [(" x \n", "a x b"), ("x\r\n", "axb"), ("x\n\n", "ax\nb")] {
        std::fs::write(&path, content).unwrap();
        assert_eq!(read(&text).await.unwrap(), expected);
    }
    std::fs::write(&path, "\n").unwrap();
    assert!(read(&text).await.unwrap_err().contains("empty"));
    std::fs::write(&path, vec![b'x'; (64 << 10) + 1]).unwrap();
    assert!(read(&text).await.unwrap_err().contains("64 KiB"));
    std::fs::write(&path, [0xff]).unwrap();
    assert!(read(&text).await.unwrap_err().contains("UTF-8"));
    assert!(
        read(&format!("${{file:{}}}", directory.path().display()))
            .await
            .is_err()
    );
}

#[tokio::test]
async fn a_variable_that_is_not_set_is_named() {
    let error = read("${env:REFSYNC_NO_SUCH_VARIABLE}").await.unwrap_err();
    assert!(error.contains("REFSYNC_NO_SUCH_VARIABLE is not set"), "{error}");
    assert_eq!(read("${env:PATH}").await.unwrap(), std::env::var("PATH").unwrap());
}

#[tokio::test]
async fn a_command_says_nothing_of_what_it_printed_when_it_fails() {
    let error = read("${command:echo CANARY; echo CANARY >&2; exit 3}")
        .await
        .unwrap_err();
    assert!(
        error.contains("exit status: 3") && !error.contains("CANARY"),
        "{error}"
    );
    assert_eq!(read("${command:printf 'x\\n'}").await.unwrap(), "x");
    assert!(read("${command:true}").await.unwrap_err().contains("empty"));
    assert!(
        read("${command:head -c 70000 /dev/zero | tr '\\0' x}")
            .await
            .unwrap_err()
            .contains("64 KiB")
    );
    assert!(read("${command:cat}").await.unwrap_err().contains("empty"));
}

#[tokio::test]
async fn a_command_does_not_see_what_other_secrets_were_read_from() {
    let secrets = Secrets::default();
    secrets.read(&secret("${env:HOME}")).await.unwrap();
    let seen = secrets
        .read(&secret("${command:echo \"[$HOME]\"}"))
        .await
        .unwrap();
    assert_eq!(seen.expose_secret(), "[]");
}

/// A command that prints how often it ran.
fn counting(directory: &tempfile::TempDir) -> Secret {
    let file = directory.path().join("runs");
    secret(&format!(
        "${{command:echo x >> {0}; wc -l < {0}}}",
        file.display()
    ))
}

#[tokio::test]
async fn those_who_ask_at_the_same_time_share_one_run() {
    let directory = tempfile::tempdir().unwrap();
    let (secrets, counting) = (Secrets::default(), counting(&directory));
    let (one, two, three) = tokio::join!(
        secrets.read(&counting),
        secrets.read(&counting),
        secrets.read(&counting)
    );
    for value in [one, two, three, secrets.read(&counting).await] {
        assert_eq!(value.unwrap().expose_secret().trim(), "1");
    }
}

#[tokio::test]
async fn after_a_401_it_is_read_anew_and_says_whether_it_changed() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("token");
    let stored = secret(&format!("${{command:cat {}}}", path.display()));
    std::fs::write(&path, "old").unwrap();
    let secrets = Secrets::new(Duration::from_secs(300), Duration::ZERO);
    secrets.read(&stored).await.unwrap();
    assert!(!secrets.refresh(&stored).await.unwrap());
    std::fs::write(&path, "new").unwrap();
    assert_eq!(secrets.read(&stored).await.unwrap().expose_secret(), "old");
    secrets.refresh(&stored).await.unwrap();
    assert_eq!(secrets.read(&stored).await.unwrap().expose_secret(), "new");

    let file = secret(&format!("${{file:{}}}", path.display()));
    let secrets = Secrets::default();
    secrets.read(&file).await.unwrap();
    assert!(!secrets.refresh(&file).await.unwrap());
    std::fs::write(&path, "newer").unwrap();
    assert!(secrets.refresh(&file).await.unwrap());
    // Another mirror that saw a 401 with the old value learns of it too.
    assert!(secrets.refresh(&file).await.unwrap());
}

#[tokio::test]
async fn a_command_that_fails_is_not_run_for_every_mirror() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("runs");
    let failing = secret(&format!("${{command:echo x >> {}; exit 1}}", file.display()));
    let secrets = Secrets::default();
    for _ in 0..5 {
        assert!(secrets.read(&failing).await.is_err());
        assert!(secrets.refresh(&failing).await.is_err());
    }
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "x\n");
}
