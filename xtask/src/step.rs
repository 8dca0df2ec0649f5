//! One command, shown before it runs, with its output streamed; and how a failure becomes our exit code.

use std::fmt;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitCode, ExitStatus};

use anyhow::Context;

/// A command that ran and failed. Its own output has said why, so only its name and status are kept.
#[derive(Debug)]
pub(crate) struct Failed {
    command: String,
    status: ExitStatus,
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` failed: {}", self.command, self.status)
    }
}

impl std::error::Error for Failed {}

impl Failed {
    /// The exit code that a shell would give: the command's own, or 128 and the signal's number.
    fn code(&self) -> u8 {
        let code = self
            .status
            .code()
            .or_else(|| self.status.signal().map(|signal| 128 + signal));
        code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
    }
}

/// Shows and runs a command, its output going where ours goes.
///
/// # Errors
///
/// [`Failed`] when it exits with anything but 0.
pub(crate) fn run(command: &mut Command) -> anyhow::Result<()> {
    let shown = show(command);
    println!("$ {shown}");
    let status = command
        .status()
        .with_context(|| format!("`{shown}` cannot be started"))?;
    if status.success() {
        Ok(())
    } else {
        Err(Failed {
            command: shown,
            status,
        }
        .into())
    }
}

/// The command as a person would type it. No secret is ever an argument, so all of it can be shown.
fn show(command: &Command) -> String {
    let set = command.get_envs().filter_map(|(name, value)| {
        value.map(|value| format!("{}={}", name.display(), quote(&value.to_string_lossy())))
    });
    let program = std::path::Path::new(command.get_program());
    let program = program
        .file_name()
        .unwrap_or(command.get_program())
        .to_string_lossy()
        .into_owned();
    let arguments = command
        .get_args()
        .map(|argument| quote(&argument.to_string_lossy()));
    set.chain([program])
        .chain(arguments)
        .collect::<Vec<_>>()
        .join(" ")
}

fn quote(word: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_=./:,@%+^".contains(&byte);
    if !word.is_empty() && word.bytes().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// Says what went wrong and gives the exit code for it.
#[expect(
    clippy::print_stderr,
    reason = "the one place where these tools report an error"
)]
pub(crate) fn report(error: &anyhow::Error) -> ExitCode {
    eprintln!("error: {error:#}");
    error
        .downcast_ref::<Failed>()
        .map_or(ExitCode::FAILURE, |failed| ExitCode::from(failed.code()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure_of(script: &str) -> Failed {
        run(Command::new("sh").args(["-c", script]))
            .unwrap_err()
            .downcast()
            .unwrap()
    }

    #[test]
    fn the_exit_code_of_a_failed_command_is_passed_on() {
        assert_eq!(failure_of("exit 101").code(), 101);
    }

    #[test]
    fn a_command_killed_by_a_signal_exits_as_in_a_shell() {
        assert_eq!(failure_of("kill -9 $$").code(), 137);
    }

    #[test]
    fn a_command_is_shown_as_it_would_be_typed() {
        let mut command = Command::new("/usr/bin/cargo");
        command
            .args(["doc", "it's", ""])
            .env("RUSTDOCFLAGS", "-D warnings");
        assert_eq!(
            show(&command),
            r"RUSTDOCFLAGS='-D warnings' cargo doc 'it'\''s' ''"
        );
    }
}
