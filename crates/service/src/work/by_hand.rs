//! Git's own commands that show what a run saw or did.

use engine::report::RefReport;
use engine::url::RemoteUrl;

use crate::output::by_hand::BY_HAND;
use crate::output::names::shell_word;

/// `git ls-remote URL`; `None` if the address cannot be typed.
pub(super) fn looking(url: &RemoteUrl) -> Option<String> {
    Some(format!(
        "git ls-remote {}",
        shell_word(url.to_string().as_bytes())?
    ))
}

/// `git push --force-with-lease=NAME:OLD URL NEW:NAME`: the write of one reference, to be typed in a clone that has the new value.
pub(super) fn pushing(url: &RemoteUrl, reference: &RefReport) -> Option<String> {
    let name = shell_word(reference.name.as_bytes())?;
    let old = reference.old.map(|id| id.to_string()).unwrap_or_default();
    let new = reference.new.map(|id| id.to_string()).unwrap_or_default();
    let url = shell_word(url.to_string().as_bytes())?;
    Some(format!(
        "git push --force-with-lease={name}:{old} {url} {new}:{name}"
    ))
}

/// A command with what it is for.
pub(super) fn told(command: &str) -> String {
    format!("{BY_HAND}{command}")
}
