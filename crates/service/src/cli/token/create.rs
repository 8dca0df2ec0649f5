//! `refsync token create`.

use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, ValueEnum};
use store::Time;

use crate::api::model::Moment;
use crate::api::model::token::{MadeToken, Role, TokenRequest};
use crate::cli::{online, selection};
use crate::client::Call;
use crate::output::Aside;
use crate::output::format::Output;
use crate::output::names::visible;

/// Make a token of the API
///
/// Its text goes to standard output, once and never again; the server keeps only its hash.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct CreateArgs {
    /// What people call it
    #[arg(value_name = "NAME")]
    name: String,

    /// What it may do: look (read), run, pause, resolve and approve (operate), or everything (admin)
    #[arg(long, value_enum, default_value = "read")]
    role: RoleWord,

    /// It sees and acts on mirrors with this label alone, and makes them only with credentials that such mirrors use
    #[arg(short = 'l', long, value_name = "KEY=VALUE", value_parser = selection::label)]
    label: Option<String>,

    /// When it ends: after a time such as 12h, 30d or 1y
    #[arg(long, value_name = "TIME", value_parser = lifetime)]
    expires: Option<Duration>,

    #[command(flatten)]
    output: Output,
}

const AFTER_HELP: &str = "\
Examples:
  refsync token create ci --role operate -l team=pay --expires 90d > token
  REFSYNC_TOKEN_FILE=token refsync mirror list";

/// A role, as a flag's value.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum RoleWord {
    /// Look.
    Read,
    /// Run, rerun, cancel, pause, resolve, approve, undo, redeliver.
    Operate,
    /// Everything.
    Admin,
}

impl From<RoleWord> for Role {
    fn from(word: RoleWord) -> Self {
        match word {
            RoleWord::Read => Self::Read,
            RoleWord::Operate => Self::Operate,
            RoleWord::Admin => Self::Admin,
        }
    }
}

pub(super) fn execute(args: &CreateArgs) -> anyhow::Result<ExitCode> {
    online(async |client| {
        let request = TokenRequest {
            name: args.name.clone(),
            role: args.role.into(),
            label: args.label.clone(),
            expires_at: args.expires.map(|time| Moment(Time::now() + time)),
        };
        let made: MadeToken = client.ask(Call::post(&["tokens"]).json(&request)?).await?;
        args.output
            .print(&made, |_| format!("{}\n", visible(made.text.as_bytes())))?;
        if !args.output.is_for_programs() {
            Aside::new().hint(&format!(
                "this is told once: keep it in a file and set REFSYNC_TOKEN_FILE; to end it: refsync token revoke {}",
                made.token.id
            ));
        }
        Ok(ExitCode::SUCCESS)
    })
}

/// Reads `12h`, `30d`, `8w`, `1y`.
fn lifetime(text: &str) -> Result<Duration, String> {
    const HOUR: u64 = 60 * 60;
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let unit = match unit {
        "m" | "min" => 60,
        "h" => HOUR,
        "d" => 24 * HOUR,
        "w" => 7 * 24 * HOUR,
        "y" => 365 * 24 * HOUR,
        _ => 0,
    };
    match number
        .parse::<u64>()
        .ok()
        .and_then(|number| number.checked_mul(unit))
    {
        Some(seconds @ 1..=3_153_600_000) => Ok(Duration::from_secs(seconds)),
        _ => Err("write a time such as 12h, 30d or 1y".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lifetimes_are_read() {
        assert_eq!(lifetime("90d").unwrap().as_secs(), 90 * 86_400);
        assert_eq!(lifetime("12h").unwrap().as_secs(), 43_200);
        for wrong in ["", "0d", "d", "30", "-1d", "999999999y", "99999999999999999999d"] {
            assert!(lifetime(wrong).is_err(), "{wrong}");
        }
    }
}
