//! What people run today instead of refsync, as the oracle for what refsync must do.

use std::collections::BTreeMap;

use crate::git::git_environment;
use crate::program::require;
use crate::repo::Repo;
use crate::run::Run;

/// The mirror script of pipelines, run with real git.
///
/// It decides what refsync does in every combination of source value, target value, old value and
/// `syncDelete`, except where [`expected_difference`](ScriptOracle::expected_difference) says otherwise.
#[derive(Debug)]
pub struct ScriptOracle;

/// The script's inputs.
#[derive(Clone, Debug, Default)]
pub struct ScriptInputs {
    /// `SOURCE_URL`: a URL or an absolute path.
    pub source_url: String,
    /// `TARGET_URL`: a URL or an absolute path.
    pub target_url: String,
    /// `REFERENCE`: a full name.
    pub reference: String,
    /// `REFERENCE_SHA_OLD`: `None`, empty or `null` is not known; all zeros is "did not exist".
    pub reference_sha_old: Option<String>,
    /// `SYNC_DELETE`.
    pub sync_delete: bool,
}

impl ScriptInputs {
    /// The old value, if it is known.
    pub fn known_old(&self) -> Option<&str> {
        self.reference_sha_old
            .as_deref()
            .filter(|old| !old.is_empty() && *old != "null")
    }

    /// The script's variables, which `refsync sync` reads as well. The tokens are empty.
    pub fn environment(&self) -> [(&'static str, &str); 7] {
        [
            ("SOURCE_URL", &self.source_url),
            ("TARGET_URL", &self.target_url),
            ("SOURCE_TOKEN", ""),
            ("TARGET_TOKEN", ""),
            ("REFERENCE", &self.reference),
            (
                "REFERENCE_SHA_OLD",
                self.reference_sha_old.as_deref().unwrap_or_default(),
            ),
            ("SYNC_DELETE", if self.sync_delete { "true" } else { "false" }),
        ]
    }
}

/// What the script, or refsync in its place, makes of its inputs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptOutcome {
    /// The exit code, 0 to 3.
    pub exit: i32,
    /// All references of the target afterwards.
    pub target_refs_after: BTreeMap<String, String>,
}

/// What the two sides were before the script ran, as far as a difference depends on it.
#[derive(Clone, Debug)]
pub struct Before {
    /// Whether the source can be reached and read.
    pub source_readable: bool,
    /// Whether the target can be reached and read.
    pub target_readable: bool,
    /// The reference's value on the source.
    pub source: Option<String>,
    /// The reference's value on the target.
    pub target: Option<String>,
}

impl ScriptOracle {
    /// The script itself, for `sh`. Its variables are described at its top.
    pub const SHELL: &str = include_str!("script.sh");

    /// Runs the script. `target` is the repository to which `target_url` leads, or the one that must stay as
    /// it is where that URL leads nowhere.
    ///
    /// # Panics
    ///
    /// When the script ends in any other way than with 0 to 3.
    pub fn run(inputs: &ScriptInputs, target: &Repo) -> ScriptOutcome {
        let script = Run::new(require("sh"))
            .args(["-c", ScriptOracle::SHELL])
            .envs(git_environment())
            .envs(inputs.environment())
            // The script's fresh repository has to be of the same kind as the two sides.
            .env("GIT_DEFAULT_HASH", target.format().name())
            .envs([
                ("GIT_CONFIG_COUNT", "1"),
                ("GIT_CONFIG_KEY_0", "core.fsync"),
                ("GIT_CONFIG_VALUE_0", "none"),
            ])
            .run();
        match script.code {
            Some(exit @ 0..=3) => ScriptOutcome {
                exit,
                target_refs_after: target.refs(),
            },
            other => panic!("the script ended with {other:?}:\n{}", script.stderr),
        }
    }

    /// What refsync must do where the script did `outcome`: the same, but for its deliberate differences.
    ///
    /// - Deleting what the target already lacks is success (the script: 1 where an old value is given).
    /// - A deletion whose old value does not match exits 3 (the script: 1).
    /// - A side that cannot be reached exits 1, whichever it is (the script: 2 or 3 for the target, or 0
    ///   where it never asks the target).
    /// - Tags on trees and blobs are mirrored. Git 2.39 and 2.47 do that as well, so nothing differs here.
    ///
    /// None of them changes what is on the target.
    pub fn expected_difference(
        inputs: &ScriptInputs,
        before: &Before,
        outcome: &ScriptOutcome,
    ) -> ScriptOutcome {
        let unreachable = !(before.source_readable && before.target_readable);
        let deletes = before.source.is_none() && inputs.sync_delete;
        let exit = match (&before.target, inputs.known_old()) {
            _ if unreachable => 1,
            (None, _) if deletes => 0,
            (Some(value), Some(old)) if deletes && value != old => 3,
            _ => outcome.exit,
        };
        ScriptOutcome {
            exit,
            target_refs_after: outcome.target_refs_after.clone(),
        }
    }
}
