//! A demonstration that is really run: commands as one would type them, their output, and a sentence on each.

use anyhow::Context;

mod sandbox;
mod story;

use sandbox::Sandbox;

/// Tells the whole story. The repositories are removed at the end, and when a signal ends it, unless they are to be kept.
///
/// # Errors
///
/// When a step does not end as the story says, or git is missing.
pub(crate) fn run(keep: bool) -> anyhow::Result<()> {
    let mut sandbox = Sandbox::new(keep)?;
    if !keep {
        sandbox.remove_on_signal()?;
    }
    let told = story::tell(&mut sandbox);
    if keep {
        sandbox.say(&format!("The repositories are in {}", sandbox.path().display()))?;
    }
    told.context("the demo did not go as it should")
}
