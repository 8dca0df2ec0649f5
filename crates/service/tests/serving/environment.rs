//! What programs that refsync starts see of its environment.

use std::fs;
use std::path::Path;
use std::time::Duration;

use testkit::{Serve, tmp, until};

use crate::REFSYNC;

const PATIENCE: Duration = Duration::from_secs(60);

/// One mirror that is read over ssh and written with a token of a command, which prints its environment into `printed`; credentials
/// that nothing uses; and who is told.
fn configuration(printed: &Path, more: &str) -> String {
    format!(
        "credentials:
  written:
    host: 127.0.0.1:9
    provider: gitea
    token: \"${{command:env > {printed}.new; mv {printed}.new {printed}; echo token}}\"
    hookToken: \"${{env:HOOK_TOKEN}}\"
    webhookSecret: [\"${{env:HOOK_NEW}}\", \"${{env:HOOK_OLD}}\"]
  unused: {{host: unused.example, provider: gitea, token: \"${{env:UNUSED}}\"}}
{more}notifications:
  - {{kind: webhook, url: \"https://127.0.0.1:9/${{env:NOTIFIED}}\", secret: \"${{env:SIGNING}}\"}}
mirrors:
  - {{name: app, source: \"ssh://git@source.example/app.git\", target: \"http://127.0.0.1:9/app.git\", sweep: 1s}}
",
        printed = printed.display(),
    )
}

/// What a program printed, once it has.
fn printed(path: &Path) -> String {
    until("a program to print its environment", PATIENCE, || path.exists());
    let text = fs::read_to_string(path).expect("it was moved there whole");
    assert!(text.contains("PATH="), "an environment: {text}");
    text
}

#[test]
fn no_program_that_refsync_starts_sees_what_secrets_are_read_from() {
    let folder = tmp();
    let path = |name: &str| folder.path().join(name);
    let ssh = path("ssh.env");
    fs::write(
        path("ssh.sh"),
        format!("env > {0}.$$\nmv {0}.$$ {0}\nexit 255\n", ssh.display()),
    )
    .expect("the directory is the test's");
    let hidden = [
        "SOURCE_TOKEN",
        "TARGET_TOKEN",
        "REFSYNC_TOKEN",
        "HOOK_TOKEN",
        "HOOK_NEW",
        "HOOK_OLD",
        "UNUSED",
        "NOTIFIED",
        "SIGNING",
    ];
    let mut serve = Serve::new(REFSYNC, folder.path(), &configuration(&path("before"), ""))
        .env("GIT_SSH_COMMAND", &format!("sh {}", path("ssh.sh").display()))
        .env("LATE", "late-canary");
    for variable in hidden {
        serve = serve.env(variable, &format!("canary-in-{variable}"));
    }
    let mut serve = serve.start();
    for text in [printed(&path("before")), printed(&ssh)] {
        assert!(!text.contains("canary-in-"), "{text}");
        assert!(
            text.contains("late-canary"),
            "nothing is read from it yet: {text}"
        );
    }
    // What a new file reads secrets from is hidden from then on.
    let late = "  late: {host: late.example, provider: gitea, token: \"${env:LATE}\"}\n";
    serve.configure(&configuration(&path("after"), late));
    let after = printed(&path("after"));
    fs::remove_file(&ssh).ok();
    for text in [after, printed(&ssh)] {
        assert!(!text.contains("canary"), "{text}");
    }
}

#[test]
fn a_crash_leaves_no_copy_of_the_memory() {
    let folder = tmp();
    let serve = Serve::new(REFSYNC, folder.path(), "").start();
    let limits = fs::read_to_string(format!("/proc/{}/limits", serve.id())).expect("it runs");
    let core = limits.lines().find(|line| line.starts_with("Max core file size"));
    let words: Vec<_> = core.expect("proc(5)").split_whitespace().collect();
    assert_eq!(words[4..6], ["0", "0"], "{words:?}");
}
