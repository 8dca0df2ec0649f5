//! A server's refusal to write, parsed into a reason once, with the raw text beside it.

use std::fmt;

/// Why a server does not let us write a reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// The reason, as far as the words are known.
    pub reason: RejectReason,
    /// What the server said in its report, without control characters.
    pub raw: String,
}

/// The reasons that are known by their words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RejectReason {
    /// A `pre-receive` hook, an `update` hook or a rule of the host.
    Hook,
    /// A protected branch or tag.
    Protected,
    /// A hidden reference, such as `refs/pull/*`.
    Hidden,
    /// GitHub: the token may not change `.github/workflows/`.
    Workflow,
    /// Deletions are denied.
    DeleteDenied,
    /// Values that do not descend are denied (`receive.denyNonFastForwards`).
    NonFastForwardDenied,
    /// The branch is checked out there (`receive.denyCurrentBranch`), or it is the default branch.
    CurrentBranch,
    /// The server lacks objects after unpacking, or refuses what it got.
    Unpack,
    /// The push, or a file in it, is too large.
    TooLarge,
    /// The disk of the server is full.
    DiskFull,
    /// Git LFS objects are missing on the host.
    LfsMissing,
    /// Another name is a directory of this one, or the reverse.
    NameCollision,
    /// The server takes no new references of a shallow repository.
    Shallow,
    /// Another reference of an atomic push failed.
    Atomic,
    /// Something else: read the raw text.
    Other,
}

/// Which words mean which reason: all words of an entry must occur in the lower-cased text; the first that fits counts.
const WORDS: &[(&[&str], RejectReason)] = &[
    (&["without `workflow` scope"], RejectReason::Workflow),
    (&["without `workflows` permission"], RejectReason::Workflow),
    (&["gh008"], RejectReason::LfsMissing),
    (&["lfs", "missing"], RejectReason::LfsMissing),
    (&["deny updating a hidden ref"], RejectReason::Hidden),
    (&["no space left on device"], RejectReason::DiskFull),
    (&["disk quota exceeded"], RejectReason::DiskFull),
    (&["exceeds maximum allowed size"], RejectReason::TooLarge),
    (&["exceeds github's file size limit"], RejectReason::TooLarge),
    (&["repository size limit"], RejectReason::TooLarge),
    (&["size", "exceed"], RejectReason::TooLarge),
    (&["too large"], RejectReason::TooLarge),
    (&["protected branch"], RejectReason::Protected),
    (&["protected tag"], RejectReason::Protected),
    (&["protected ref"], RejectReason::Protected),
    (&["tf402455"], RejectReason::Protected),
    (&["gh006"], RejectReason::Protected),
    (&["gh013"], RejectReason::Protected),
    (&["deletion of the current branch"], RejectReason::CurrentBranch),
    (&["branch is currently checked out"], RejectReason::CurrentBranch),
    (
        &["refusing to delete the current branch"],
        RejectReason::CurrentBranch,
    ),
    (&["deletion prohibited"], RejectReason::DeleteDenied),
    (&["deleting", "prohibited"], RejectReason::DeleteDenied),
    (&["non-fast-forward"], RejectReason::NonFastForwardDenied),
    (&["directory/file conflict"], RejectReason::NameCollision),
    (
        &["cannot lock ref", "exists; cannot create"],
        RejectReason::NameCollision,
    ),
    (&["shallow update not allowed"], RejectReason::Shallow),
    (&["atomic"], RejectReason::Atomic),
    (&["transaction failed"], RejectReason::Atomic),
    (&["unpacker error"], RejectReason::Unpack),
    (&["unpack"], RejectReason::Unpack),
    (&["missing necessary objects"], RejectReason::Unpack),
    (&["hook declined"], RejectReason::Hook),
    (&["declined"], RejectReason::Hook),
];

impl Rejection {
    /// Parses the reason of a report, together with what the server told people meanwhile: hosts keep the reason itself vague
    /// (`pre-receive hook declined`) and say more in their messages.
    pub fn parse(raw: &str, remote_messages: &str) -> Self {
        let reason = match find(raw) {
            Some(reason @ (RejectReason::Hook | RejectReason::Unpack)) => {
                find(remote_messages).unwrap_or(reason)
            }
            Some(reason) => reason,
            // Git says so of every reference that it cannot write, and why in its messages.
            None if raw == "failed to update ref" => find(remote_messages).unwrap_or(RejectReason::Other),
            None => RejectReason::Other,
        };
        Self {
            reason,
            raw: raw.to_owned(),
        }
    }

    /// What a person can do about it.
    pub fn advice(&self) -> Option<&'static str> {
        Some(match self.reason {
            RejectReason::Hook => "a hook or rule of the host refused it: see what it said",
            RejectReason::Protected => {
                "let the token's user push to the protected reference, or exclude it (-r '^refs/heads/NAME')"
            }
            RejectReason::Hidden => {
                "the host keeps these references to itself: exclude them (-r '^refs/pull/*')"
            }
            RejectReason::Workflow => {
                "give the token the permission to write workflows (GitHub: scope `workflow`)"
            }
            RejectReason::DeleteDenied => {
                "allow deletions on the host (receive.denyDeletes), or leave out --sync-delete"
            }
            RejectReason::NonFastForwardDenied => {
                "allow force pushes on the host (receive.denyNonFastForwards)"
            }
            RejectReason::CurrentBranch => {
                "it is the host's default or checked-out branch: choose another there first"
            }
            RejectReason::TooLarge => {
                "the host limits the size of a push or a file: raise it there, or exclude the reference"
            }
            RejectReason::DiskFull => "free space on the server and run again",
            RejectReason::LfsMissing => {
                "refsync does not mirror LFS content yet: push it with `git lfs push --all` first"
            }
            RejectReason::NameCollision => "remove the reference on that side whose name is in the way",
            RejectReason::Shallow => "complete the repository there (git fetch --unshallow)",
            RejectReason::Unpack => "the server could not store the pack: see what it said",
            RejectReason::Atomic | RejectReason::Other => return None,
        })
    }
}

fn find(text: &str) -> Option<RejectReason> {
    let text = text.to_lowercase();
    WORDS
        .iter()
        .find(|(words, _)| words.iter().all(|word| text.contains(word)))
        .map(|(_, reason)| *reason)
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.raw)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_hosts_are_known() {
        for (raw, messages, reason) in [
            ("deny updating a hidden ref", "", RejectReason::Hidden),
            ("protected branch hook declined", "", RejectReason::Protected),
            (
                "pre-receive hook declined",
                "GitLab: You are not allowed to push code to protected branches on this project.",
                RejectReason::Protected,
            ),
            (
                "pre-receive hook declined",
                "error: GH008: Your push referenced at least 1 unknown Git LFS object",
                RejectReason::LfsMissing,
            ),
            ("pre-receive hook declined", "policy: no", RejectReason::Hook),
            (
                "refusing to allow a Personal Access Token to create or update workflow `x` without `workflow` scope",
                "",
                RejectReason::Workflow,
            ),
            ("deletion prohibited", "", RejectReason::DeleteDenied),
            (
                "deletion of the current branch prohibited",
                "",
                RejectReason::CurrentBranch,
            ),
            (
                "unpacker error",
                "fatal: write error: No space left on device",
                RejectReason::DiskFull,
            ),
            ("unpacker error", "", RejectReason::Unpack),
            (
                "failed to update ref",
                "error: cannot lock ref 'refs/heads/a/b': 'refs/heads/a' exists; cannot create 'refs/heads/a/b'",
                RejectReason::NameCollision,
            ),
            ("failed to update ref", "", RejectReason::Other),
            ("something new", "", RejectReason::Other),
        ] {
            assert_eq!(
                Rejection::parse(raw, messages).reason,
                reason,
                "{raw} / {messages}"
            );
        }
    }
}
