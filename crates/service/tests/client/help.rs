//! Help, completions, and the document of all commands.

use crate::{everything, refsync};

/// All commands, found by the help of the one above.
fn commands(path: &[String]) -> Vec<Vec<String>> {
    let help = refsync().args(path).arg("--help").run();
    assert_eq!(help.code, Some(0), "{}", everything(&help));
    let mut all = vec![path.to_vec()];
    let listed = help.stdout.split("\nCommands:\n").nth(1).unwrap_or_default();
    for line in listed.lines().take_while(|line| !line.is_empty()) {
        let name = line.trim_start().split(' ').next().unwrap_or_default();
        // Continued lines of a description are further in.
        if line.starts_with("  ") && !line.starts_with("   ") && name != "help" {
            all.extend(commands(&[path, &[name.to_owned()]].concat()));
        }
    }
    all
}

#[test]
fn every_command_has_an_example_and_the_document_has_every_command() {
    let document = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/commands.md");
    let mut text = String::from(
        "# Commands\n\nWritten from the program's help; a test keeps it equal, and writes it anew with `REFSYNC_WRITE_DOCS=1`.\n",
    );
    for path in commands(&[]) {
        let help = refsync()
            .args(&path)
            .arg("--help")
            .env("COLUMNS", "110")
            .run()
            .stdout;
        let name = format!("refsync {}", path.join(" "));
        let group = help.contains("\nCommands:\n");
        assert!(
            group || path.is_empty() || help.contains("xamples:\n") || path == ["demo"],
            "{name} has no example:\n{help}"
        );
        let help: String = help
            .lines()
            .map(|line| format!("{}\n", line.trim_end()))
            .collect();
        text.push_str(&format!("\n## {}\n\n```text\n{help}```\n", name.trim()));
    }
    if std::env::var_os("REFSYNC_WRITE_DOCS").is_some() {
        std::fs::write(document, &text).unwrap();
    }
    let written = std::fs::read_to_string(document).unwrap_or_default();
    assert!(
        written == text,
        "docs/commands.md is not current: REFSYNC_WRITE_DOCS=1 cargo test -p refsync --test client help"
    );
}

#[test]
fn completions_know_the_commands() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let finished = refsync().args(["completion", shell]).run();
        assert_eq!(
            (finished.code, finished.stderr.as_str()),
            (Some(0), ""),
            "{shell}"
        );
        for word in ["mirror", "conflict", "redeliver"] {
            assert!(finished.stdout.contains(word), "{shell}: {word}");
        }
    }
    assert_eq!(refsync().args(["completion", "cmd"]).run().code, Some(64));
}
