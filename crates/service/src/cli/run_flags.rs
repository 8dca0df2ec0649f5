//! What a run by hand is told, of a mirror or without one.

use clap::Args;

use crate::api::model::run::Force;
use crate::inputs::ForceWhen;
use crate::output::format::Output;

/// The flags beside its repositories and references.
#[derive(Debug, Args)]
pub(super) struct RunFlags {
    /// The value that the one named reference had before the change. All zeros: it did not exist. Empty: not known
    #[arg(long, value_name = "SHA", help_heading = "Inputs")]
    pub(super) reference_sha_old: Option<String>,

    /// Whether deletions are mirrored
    // Always with a value: one that may be left out would take `--sync-delete false` for `true` and a mirror of the name `false`.
    #[arg(long, value_name = "BOOL", help_heading = "Inputs")]
    pub(super) sync_delete: Option<bool>,

    /// When to replace a value that cannot be fast-forwarded
    #[arg(long, value_name = "WHEN", value_enum, help_heading = "Inputs")]
    force: Option<ForceWhen>,

    /// All references or none
    #[arg(long, help_heading = "Inputs")]
    pub(super) atomic: bool,

    /// Say what would happen, and write nothing
    #[arg(short = 'n', long, help_heading = "Inputs")]
    pub(super) dry_run: bool,

    /// Wait for the end, show it, and exit as refsync sync does
    #[arg(short, long)]
    pub(super) wait: bool,

    #[command(flatten)]
    pub(super) output: Output,
}

impl RunFlags {
    /// As the API has it.
    pub(super) fn force(&self) -> Option<Force> {
        self.force.map(Force::from)
    }
}
