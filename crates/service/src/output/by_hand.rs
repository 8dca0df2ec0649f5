//! The git commands that show what a run saw, without refsync and without a token.

use super::names::shell_word;
use crate::api::model::Side;
use crate::api::model::name_of_text;
use crate::api::model::run::{Run, RunInputs, RunReference, RunState};

/// How many references get commands of their own.
const NAMED: usize = 3;

/// `git ls-remote` of the side at fault, and a leased push for each of the first references that were not written. What cannot
/// be typed is left out. Addresses of runs hold no secret; git asks its own credential helpers.
pub(crate) fn commands(run: &Run, references: &[RunReference]) -> Vec<String> {
    if !matches!(run.state, RunState::Failed | RunState::Refused | RunState::Held) {
        return Vec::new();
    }
    let mut commands = Vec::new();
    if let Some(side) = run.fault.as_ref().and_then(|fault| side(fault.side.as_deref()?)) {
        commands.extend(ls_remote(&run.inputs, side, None));
    }
    let stuck = references.iter().filter(|reference| is_stuck(&reference.outcome));
    for reference in stuck.take(NAMED) {
        commands.extend(pushing(&run.inputs, reference).unwrap_or_default());
    }
    commands
}

/// What stands before a command in a log, and in the advice that the API gives.
pub(crate) const BY_HAND: &str = "the same by hand: ";

/// What to do next, of an advice that may name a command too: for those who show the commands by themselves.
pub(crate) fn next_action(advice: &str) -> Option<String> {
    let said: Vec<&str> = advice.lines().filter(|line| !line.starts_with(BY_HAND)).collect();
    (!said.is_empty()).then(|| said.join(" "))
}

fn side(word: &str) -> Option<Side> {
    match word {
        "source" => Some(Side::Source),
        "target" => Some(Side::Target),
        _ => None,
    }
}

/// Whether a reference that ended so was to be written, and was not.
pub(crate) fn is_stuck(outcome: &str) -> bool {
    matches!(
        outcome,
        "refused" | "rejected" | "lease-lost" | "not-written" | "unknown" | "held" | "conflict"
    )
}

fn url(inputs: &RunInputs, side: Side) -> Option<String> {
    shell_word(match side {
        Side::Source => inputs.source_url.as_bytes(),
        Side::Target => inputs.target_url.as_bytes(),
    })
}

fn ls_remote(inputs: &RunInputs, side: Side, name: Option<&str>) -> Option<String> {
    let url = url(inputs, side)?;
    Some(match name {
        Some(name) => format!("git ls-remote {url} {name}"),
        None => format!("git ls-remote {url}"),
    })
}

/// Looks at the written side, gets what was to be written, and pushes it as the run would have.
fn pushing(inputs: &RunInputs, reference: &RunReference) -> Option<Vec<String>> {
    let name = name_of_text(&reference.name)?;
    let text = std::str::from_utf8(name.as_bytes()).ok()?;
    let word = shell_word(name.as_bytes())?;
    let to = reference.to;
    let from = match to {
        Side::Source => Side::Target,
        Side::Target => Side::Source,
    };
    let mut commands = vec![ls_remote(inputs, to, Some(&word))?];
    if reference.new.is_some() {
        commands.push(format!("git fetch {} {word}", url(inputs, from)?));
    }
    let lease = format!("{}:{}", text, reference.old.as_deref().unwrap_or_default());
    let update = format!("{}:{}", reference.new.as_deref().unwrap_or_default(), text);
    commands.push(format!(
        "git push --force-with-lease={} {} {}",
        shell_word(lease.as_bytes())?,
        url(inputs, to)?,
        shell_word(update.as_bytes())?
    ));
    Some(commands)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::fixtures::{fault, reference, run};

    #[test]
    fn a_side_that_fails_is_listed_by_hand() {
        let run = Run {
            state: RunState::Failed,
            fault: Some(fault()),
            ..run()
        };
        assert_eq!(
            commands(&run, &[]),
            ["git ls-remote https://ghe.corp.example/acme/app.git"]
        );
    }

    #[test]
    fn a_command_that_is_shown_by_itself_is_not_told_with_what_to_do() {
        let command = "the same by hand: git ls-remote https://ghe.corp.example/acme/app.git";
        assert_eq!(
            next_action(&format!("check the token\n{command}")).unwrap(),
            "check the token"
        );
        assert_eq!(next_action(command), None);
    }

    #[test]
    fn what_was_refused_is_pushed_by_hand_with_the_lease_of_the_run() {
        let run = Run {
            state: RunState::Refused,
            ..run()
        };
        let refused = RunReference {
            outcome: "refused".into(),
            ..reference("refs/heads/it's")
        };
        insta::assert_snapshot!(commands(&run, &[refused]).join("\n"), @r#"
        git ls-remote https://ghe.corp.example/acme/app.git 'refs/heads/it'\''s'
        git fetch https://git.harness.io/acct/org/x/app.git 'refs/heads/it'\''s'
        git push --force-with-lease='refs/heads/it'\''s:a1b2c3d4a1b2c3d4a1b2c3d4a1b2c3d4a1b2c3d4' https://ghe.corp.example/acme/app.git 'b1b2c3d4b1b2c3d4b1b2c3d4b1b2c3d4b1b2c3d4:refs/heads/it'\''s'
        "#);
        let deletion = RunReference {
            outcome: "held".into(),
            new: None,
            ..reference("refs/heads/old")
        };
        insta::assert_snapshot!(commands(&run, &[deletion]).join("\n"), @"
        git ls-remote https://ghe.corp.example/acme/app.git refs/heads/old
        git push --force-with-lease=refs/heads/old:a1b2c3d4a1b2c3d4a1b2c3d4a1b2c3d4a1b2c3d4 https://ghe.corp.example/acme/app.git :refs/heads/old
        ");
    }

    #[test]
    fn what_succeeded_or_cannot_be_typed_has_no_commands() {
        assert_eq!(commands(&run(), &[reference("refs/heads/main")]), [""; 0]);
        let refused = Run {
            state: RunState::Refused,
            ..run()
        };
        let hostile = RunReference {
            outcome: "refused".into(),
            ..reference(r"refs/heads/a\u{202e}b")
        };
        assert_eq!(commands(&refused, &[hostile]), [""; 0]);
    }
}
