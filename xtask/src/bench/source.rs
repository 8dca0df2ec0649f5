//! The repositories that are mirrored: a copy of a given one, or generated ones.

use std::path::Path;

use anyhow::{Context, ensure};
use testkit::{Repo, Run, git_environment};

use super::Args;
use super::lab::{Lab, in_turn};
use super::table::grouped;

/// A repository to mirror, and the branch that the rows on one branch take.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) repo: Repo,
    /// Its full name.
    pub(crate) branch: String,
}

/// Every how many commits a generated history has a tag.
const COMMITS_PER_TAG: usize = 20;
/// The size of the big file, in bytes.
const BIG: u64 = 1 << 30;
/// The part of it that repeats, in bytes.
const BLOCK: usize = 1 << 20;

impl Source {
    /// How long the branch's history is, in commits.
    pub(crate) fn commits(&self) -> u64 {
        self.repo
            .git(&["rev-list", "--count", &self.branch])
            .parse()
            .unwrap_or(0)
    }

    /// How many references it has, of any kind.
    pub(crate) fn references(&self) -> u64 {
        self.repo.refs().len() as u64
    }

    /// The repository's size, in a sentence.
    pub(crate) fn describe(&self) -> String {
        let count = self.repo.git(&["count-objects", "-v"]);
        let value = |name: &str| -> u64 {
            let line = count
                .lines()
                .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
            line.and_then(|number| number.parse().ok()).unwrap_or(0)
        };
        format!(
            "{} references, {} commits on {}, {} objects in {} MiB.",
            grouped(self.references()),
            grouped(self.commits()),
            self.branch,
            grouped(value("in-pack") + value("count")),
            grouped(value("size-pack") >> 10),
        )
    }
}

/// What most rows mirror: what the arguments say.
pub(crate) fn prepare(lab: &Lab, args: &Args) -> anyhow::Result<Source> {
    let mut source = match &args.repo {
        Some(path) => copied(lab, path)?,
        None => generated(lab, args.commits)?,
    };
    if let Some(branch) = &args.branch {
        source.branch = if branch.starts_with("refs/") {
            branch.clone()
        } else {
            format!("refs/heads/{branch}")
        };
    }
    ensure!(
        source.repo.get(&source.branch).is_some(),
        "the repository has no {}",
        source.branch
    );
    Ok(source)
}

/// A copy of the repository at `path`, packed as hosts pack theirs. The original is only read.
fn copied(lab: &Lab, path: &Path) -> anyhow::Result<Source> {
    let path = path
        .canonicalize()
        .context("the repository to mirror is not there")?;
    println!("Copying and packing {}", path.display());
    let repo = lab.source();
    let git = |arguments: &[&str]| {
        Run::new("git")
            .envs(git_environment())
            .directory(&path)
            .args(arguments)
    };
    let branch = git(&["symbolic-ref", "HEAD"]).run().stdout.trim().to_owned();
    // No transfer, which would index every object anew.
    let objects = git(&["rev-parse", "--path-format=absolute", "--git-path", "objects"])
        .run()
        .stdout;
    let copy = Run::new("cp").arg("-r").arg(Path::new(objects.trim()).join("."));
    let references = git(&["for-each-ref", "--format=create %(refname) %(objectname)"])
        .run()
        .stdout;
    in_turn([
        copy.arg(repo.git_dir().join("objects").join(".")),
        Run::new("git")
            .envs(git_environment())
            .directory(repo.path())
            .args(["update-ref", "--stdin"])
            .input(references),
    ])?;
    repo.symbolic_ref("HEAD", &branch);
    finish(repo, branch)
}

/// A repository with one long branch, `main`, and a light tag on every twentieth commit.
pub(crate) fn generated(lab: &Lab, commits: u32) -> anyhow::Result<Source> {
    println!("Generating {} commits", grouped(commits));
    let repo = lab.source();
    repo.history("main", commits);
    let history = repo.git(&["rev-list", "--reverse", "main"]);
    let tags: String = history
        .lines()
        .step_by(COMMITS_PER_TAG)
        .enumerate()
        .map(|(number, id)| format!("create refs/tags/v0.{number}.0 {id}\n"))
        .collect();
    let update = Run::new("git").envs(git_environment()).directory(repo.path());
    in_turn([update.args(["update-ref", "--stdin"]).input(tags)])?;
    finish(repo, "refs/heads/main".into())
}

/// A repository with one file of hexadecimal digits, which compress to little more than half: Apache takes no body
/// over 1 GiB unless it is told to.
pub(crate) fn big_blob(lab: &Lab) -> Source {
    println!("Generating a file of {} bytes", grouped(BIG));
    let repo = lab.source();
    // What repeats lies further apart than zlib looks back.
    let times = usize::try_from(BIG).expect("1 GiB can be addressed") / BLOCK;
    repo.commit_with_file("main", "big", &digits(BLOCK).repeat(times));
    Source {
        repo,
        branch: "refs/heads/main".into(),
    }
}

/// Pseudo-random hexadecimal digits, always the same.
fn digits(count: usize) -> Vec<u8> {
    let mut state: u64 = 1;
    let mut digit = || {
        // Knuth's MMIX generator; its high bits are the good ones.
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        b"0123456789abcdef"[(state >> 60) as usize]
    };
    (0..count).map(|_| digit()).collect()
}

fn finish(repo: Repo, branch: String) -> anyhow::Result<Source> {
    repo.repack();
    repo.git(&["pack-refs", "--all"]);
    // What root made, a server that gave up root's rights must read and write.
    in_turn([Run::new("chmod").args(["-R", "a+rwX"]).arg(repo.path())])?;
    Ok(Source { repo, branch })
}
