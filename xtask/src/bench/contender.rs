//! Who does the work: refsync, and the git commands that it is compared with.

use std::fs;
use std::path::Path;

use anyhow::Context;
use testkit::Repo;

use super::lab::{Lab, Scope, in_turn};
use super::sample::Sample;

/// One way to bring a target to what its source has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Contender {
    /// `refsync sync`.
    Refsync,
    /// What a pipeline without state does: everything is fetched, whatever the target has.
    Script,
    /// What a service with a clone on disk does.
    WarmClone,
    /// The physical limit: no transfer but one, from the disk where the source lies.
    PushFromSource,
    /// All references by way of a fresh clone.
    MirrorClone,
    /// Looking at both sides and comparing nothing.
    LsRemote,
}

/// What is to be mirrored once.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Errand<'a> {
    pub(crate) source: &'a Repo,
    pub(crate) target: &'a Repo,
    pub(crate) scope: &'a Scope,
    /// A clone from before the change, for [`Contender::WarmClone`].
    pub(crate) cache: &'a Path,
}

impl Contender {
    /// The commands, in words.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Refsync => "refsync",
            Self::Script => "the script (init, fetch, push)",
            Self::WarmClone => "warm clone (fetch, push)",
            Self::PushFromSource => "git push from the source's disk",
            Self::MirrorClone => "clone --mirror, push --mirror",
            Self::LsRemote => "git ls-remote on both sides",
        }
    }

    /// Does the errand once. Only the commands count; what must be there before and goes after does not.
    pub(crate) fn run(self, lab: &Lab, errand: Errand<'_>) -> anyhow::Result<Sample> {
        let (source, target) = (lab.url(errand.source), lab.url(errand.target));
        let (reference, push) = match errand.scope {
            Scope::One(name) => (name.as_str(), name.as_str()),
            Scope::All => ("refs/*", "--mirror"),
        };
        let refspec = format!("+{reference}:{reference}");
        let fresh = lab.client();
        let fresh_name = utf8(&fresh)?;
        let sample = match self {
            Self::Refsync => lab.refsync(&["sync", &source, &target, "-r", reference, "-q"]),
            Self::Script => in_turn([
                lab.git(["init", "-q", "--bare", fresh_name]),
                lab.git(["-C", fresh_name, "fetch", "-q", &source, &refspec]),
                lab.git(["-C", fresh_name, "push", "-q", &target, push]),
            ]),
            Self::WarmClone => {
                let cache = utf8(errand.cache)?;
                in_turn([
                    lab.git(["-C", cache, "fetch", "-q", "--no-tags", &source, &refspec]),
                    lab.git(["-C", cache, "push", "-q", &target, push]),
                ])
            }
            Self::PushFromSource => {
                in_turn([lab.git(["-C", utf8(errand.source.path())?, "push", "-q", &target, push])])
            }
            Self::MirrorClone => in_turn([
                lab.git(["clone", "-q", "--mirror", &source, fresh_name]),
                lab.git(["-C", fresh_name, "push", "-q", "--mirror", &target]),
            ]),
            Self::LsRemote => in_turn([
                lab.git(["ls-remote", "-q", &source]),
                lab.git(["ls-remote", "-q", &target]),
            ]),
        };
        if fresh.exists() {
            fs::remove_dir_all(&fresh).context("a clone of the benchmark cannot be removed")?;
        }
        sample.with_context(|| self.title())
    }
}

fn utf8(path: &Path) -> anyhow::Result<&str> {
    path.to_str()
        .context("the temporary directory has a name that is not UTF-8")
}
