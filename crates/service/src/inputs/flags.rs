//! The flags that say what a run is to do, as they were given: not validated yet.

use std::path::PathBuf;

use clap::{ArgAction, Args, ValueEnum, ValueHint};
use engine::decide::Force;

/// What the command line says of a run. Each value is text as it was typed; [`super::request`] judges it.
#[derive(Debug, Default, Args)]
pub(crate) struct Flags {
    /// The repository to read: an https, http, ssh, git or file URL, git@host:path, or a local path [env: SOURCE_URL]
    #[arg(value_name = "SOURCE", value_hint = ValueHint::Url)]
    pub(crate) source: Option<String>,

    /// The repository to write: the same, without git:// [env: TARGET_URL]
    #[arg(value_name = "TARGET", value_hint = ValueHint::Url)]
    pub(crate) target: Option<String>,

    /// SOURCE as a flag
    #[arg(long, value_name = "URL", help_heading = "Repositories", value_hint = ValueHint::Url)]
    pub(crate) source_url: Option<String>,

    /// TARGET as a flag
    #[arg(long, value_name = "URL", help_heading = "Repositories", value_hint = ValueHint::Url)]
    pub(crate) target_url: Option<String>,

    /// A file with the access token for the source; a token is never a flag's value [env: SOURCE_TOKEN, the token]
    #[arg(long, value_name = "FILE", help_heading = "Repositories", value_hint = ValueHint::FilePath)]
    pub(crate) source_token_file: Option<PathBuf>,

    /// A file with the access token for the target [env: TARGET_TOKEN, the token]
    #[arg(long, value_name = "FILE", help_heading = "Repositories", value_hint = ValueHint::FilePath)]
    pub(crate) target_token_file: Option<PathBuf>,

    /// The user name beside the source's token, instead of the host's convention [env: SOURCE_USERNAME]
    #[arg(long, value_name = "NAME", help_heading = "Repositories", value_hint = ValueHint::Username)]
    pub(crate) source_username: Option<String>,

    /// The user name beside the target's token [env: TARGET_USERNAME]
    #[arg(long, value_name = "NAME", help_heading = "Repositories", value_hint = ValueHint::Username)]
    pub(crate) target_username: Option<String>,

    /// A file of certificates (PEM) to trust beside the system's
    #[arg(long, value_name = "FILE", help_heading = "Repositories", value_hint = ValueHint::FilePath)]
    pub(crate) ca_file: Option<PathBuf>,

    /// A full name (refs/heads/main), a pattern whose * crosses / (refs/tags/*), or either after ^ to exclude it.
    /// Repeatable; without any: refs/heads/* and refs/tags/* [env: REFERENCE, several separated by spaces]
    #[arg(short, long, value_name = "REF", help_heading = "References")]
    pub(crate) reference: Vec<String>,

    /// The value that the one named reference had before the change: replace that value, even if it cannot be
    /// fast-forwarded, and no other. All zeros: it did not exist. Empty or null: not known [env: REFERENCE_SHA_OLD]
    #[arg(long, value_name = "SHA", help_heading = "References")]
    pub(crate) reference_sha_old: Option<String>,

    /// The same for any reference by its full name; nothing after the colon: it must not exist. Repeatable
    #[arg(
        long,
        value_name = "REF:SHA",
        help_heading = "References",
        require_equals = true
    )]
    pub(crate) force_with_lease: Vec<String>,

    /// Mirror deletions: true or false [env: SYNC_DELETE] [default: false]
    #[arg(long, value_name = "BOOL", help_heading = "References", require_equals = true)]
    #[arg(num_args = 0..=1, default_missing_value = "true")]
    pub(crate) sync_delete: Option<String>,

    /// Mirror in both directions: what moved on one side goes to the other, what moved on both is a conflict
    #[arg(long, help_heading = "References")]
    pub(crate) two_way: bool,

    /// When to replace a value that cannot be fast-forwarded: never, if the old value is known (lease), or always
    #[arg(
        long,
        value_name = "never|lease|always",
        help_heading = "References",
        default_value = "lease",
        hide_possible_values = true
    )]
    pub(crate) force: ForceWhen,

    /// All references or none; an error where the target cannot
    #[arg(long, help_heading = "References")]
    pub(crate) atomic: bool,

    /// Say what would happen, and write nothing
    #[arg(short = 'n', long, help_heading = "References")]
    pub(crate) dry_run: bool,

    /// Hand an option to the target, such as ci.skip. Repeatable
    #[arg(short = 'o', long, value_name = "OPTION", help_heading = "References", action = ArgAction::Append)]
    pub(crate) push_option: Vec<String>,

    /// How long to wait for a connection, such as 10s, 2m or 30min [default: 10s]
    #[arg(long, value_name = "TIME", help_heading = "Waiting")]
    pub(crate) connect_timeout: Option<String>,

    /// How long to wait for the next byte [default: 120s]
    #[arg(long, value_name = "TIME", help_heading = "Waiting")]
    pub(crate) idle_timeout: Option<String>,

    /// How long to wait for the target's report after the last byte: it checks what it got in silence [default: 30min]
    #[arg(long, value_name = "TIME", help_heading = "Waiting")]
    pub(crate) report_timeout: Option<String>,
}

/// The values of `--force`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ForceWhen {
    /// Never.
    Never,
    /// If the old value is known.
    #[default]
    Lease,
    /// Always, leased on the value just observed.
    Always,
}

impl From<ForceWhen> for crate::api::model::run::Force {
    fn from(when: ForceWhen) -> Self {
        match when {
            ForceWhen::Never => Self::Never,
            ForceWhen::Lease => Self::Lease,
            ForceWhen::Always => Self::Always,
        }
    }
}

impl From<ForceWhen> for Force {
    fn from(when: ForceWhen) -> Self {
        match when {
            ForceWhen::Never => Self::Never,
            ForceWhen::Lease => Self::Lease,
            ForceWhen::Always => Self::Always,
        }
    }
}
