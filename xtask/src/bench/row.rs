//! The rows of the benchmark: what is done, by whom, and what the ratio should not exceed.

use std::path::PathBuf;

use clap::ValueEnum;
use testkit::{Repo, Run};

use super::contender::{Contender, Errand};
use super::lab::{Lab, Scope, in_turn, settle};
use super::sample::{Comparison, Sample};
use super::source::Source;
use super::table::grouped;

/// A row, by the name that `--only` takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Row {
    /// One branch with all of its history, into an empty repository.
    FirstMirror,
    /// One new commit; the target has all of the source's branches and tags.
    OneCommit,
    /// One new commit; the target has that branch alone.
    OneCommitAlone,
    /// One new commit, against the script that fetches everything.
    OneCommitScript,
    /// All references, into an empty repository.
    AllReferences,
    /// All references compared, none different.
    NothingChanged,
    /// One new commit after short and long histories.
    Scaling,
    /// A first mirror of one file of 1 GiB (with `--with-big-blob`, or by name).
    BigBlob,
}

impl Row {
    /// Whether the row generates what it mirrors, whatever `--repo` says.
    pub(crate) fn makes_its_source(self) -> bool {
        matches!(self, Self::Scaling | Self::BigBlob)
    }

    /// The name that `--only` takes.
    pub(crate) fn name(self) -> String {
        self.to_possible_value()
            .map_or_else(String::new, |value| value.get_name().to_owned())
    }
}

/// A ratio that only a long history can show: what the script pays grows with it.
const LONG_HISTORY: u64 = 50_000;
/// A ratio that only many references can show.
const MANY_REFERENCES: u64 = 5_000;

/// A rival, and how many times its time refsync may take.
type Rival = (Contender, Option<f64>);

/// What one row does with one source.
struct Plan {
    work: String,
    rivals: Vec<Rival>,
    deed: Deed,
    /// The references that are mirrored.
    scope: Scope,
    pairs: u32,
}

/// What makes there be something to do, or nothing, before each run.
enum Deed {
    /// The target is new and empty each time.
    FirstMirror,
    /// The source gets a commit before each pair; every contender has a target of its own.
    OneCommit { besides: Besides },
    /// Nothing is different.
    Nothing,
}

/// What a target has besides the branch that gets a commit.
#[derive(Clone, Copy)]
enum Besides {
    Nothing,
    /// What a host shows to somebody who pushes: it hides the references of its own, `refs/pull/*` and the like.
    BranchesAndTags,
}

impl Besides {
    fn contains(self, name: &str) -> bool {
        match self {
            Self::Nothing => false,
            Self::BranchesAndTags => name.starts_with("refs/heads/") || name.starts_with("refs/tags/"),
        }
    }
}

/// Runs that take a fraction of a second are repeated this many times as often: there, five pairs say little.
const MORE_PAIRS_OF_SHORT_RUNS: u32 = 4;

/// Runs a row on a source. `pairs` is how often each contender runs.
pub(crate) fn measure(row: Row, lab: &Lab, source: &Source, pairs: u32) -> anyhow::Result<Vec<Comparison>> {
    run(&plan(row, source, pairs), lab, source)
}

fn plan(row: Row, source: &Source, pairs: u32) -> Plan {
    use Contender::{LsRemote, MirrorClone, PushFromSource, Script, WarmClone};
    let short = pairs * MORE_PAIRS_OF_SHORT_RUNS;
    let one = Scope::One(source.branch.clone());
    match row {
        Row::FirstMirror => Plan {
            work: "first mirror of one branch, all history".into(),
            rivals: vec![(Script, Some(0.5)), (PushFromSource, Some(1.05))],
            deed: Deed::FirstMirror,
            scope: one,
            pairs,
        },
        Row::OneCommit => Plan {
            work: "one new commit".into(),
            rivals: vec![(WarmClone, Some(0.5)), (PushFromSource, Some(0.9))],
            deed: Deed::OneCommit {
                besides: Besides::BranchesAndTags,
            },
            scope: one,
            pairs: short,
        },
        Row::OneCommitAlone => Plan {
            work: "one new commit, no other reference on the target".into(),
            rivals: vec![(WarmClone, Some(0.5)), (PushFromSource, Some(0.9))],
            deed: Deed::OneCommit {
                besides: Besides::Nothing,
            },
            scope: one,
            pairs: short,
        },
        Row::OneCommitScript => Plan {
            work: "one new commit".into(),
            rivals: vec![(Script, (source.commits() >= LONG_HISTORY).then_some(0.02))],
            deed: Deed::OneCommit {
                besides: Besides::BranchesAndTags,
            },
            scope: one,
            pairs,
        },
        Row::AllReferences => {
            let references = source.references();
            Plan {
                work: format!("all {} references, first mirror", grouped(references)),
                rivals: vec![(MirrorClone, (references >= MANY_REFERENCES).then_some(0.3))],
                deed: Deed::FirstMirror,
                scope: Scope::All,
                pairs,
            }
        }
        Row::NothingChanged => Plan {
            work: format!(
                "nothing changed, all {} references compared",
                grouped(source.references())
            ),
            rivals: vec![(LsRemote, Some(1.0))],
            deed: Deed::Nothing,
            scope: Scope::All,
            pairs: short,
        },
        Row::Scaling => Plan {
            work: format!("one new commit after {} commits", grouped(source.commits())),
            rivals: vec![(PushFromSource, None)],
            deed: Deed::OneCommit {
                besides: Besides::BranchesAndTags,
            },
            scope: one,
            pairs: short,
        },
        Row::BigBlob => Plan {
            work: "first mirror of one file of 1 GiB".into(),
            rivals: vec![(PushFromSource, None)],
            deed: Deed::FirstMirror,
            scope: one,
            pairs,
        },
    }
}

/// One contender's own things.
struct Stand {
    contender: Contender,
    limit: Option<f64>,
    /// The target that it keeps over the rounds; none where each run gets a new one.
    target: Option<Repo>,
    cache: PathBuf,
    samples: Vec<Sample>,
}

fn run(plan: &Plan, lab: &Lab, source: &Source) -> anyhow::Result<Vec<Comparison>> {
    println!("\n{}", plan.work);
    let contenders = std::iter::once((Contender::Refsync, None)).chain(plan.rivals.iter().copied());
    let mut stands = contenders
        .map(|rival| stand(plan, lab, source, rival))
        .collect::<anyhow::Result<Vec<_>>>()?;
    for pair in 1..=plan.pairs {
        if let Deed::OneCommit { .. } = plan.deed {
            // A path of its own, so that no commit repeats another.
            let path = format!("benchmark/{}", source.commits());
            source
                .repo
                .commit_with_file(&source.branch, &path, path.as_bytes());
        }
        for stand in &mut stands {
            let sample = attempt(plan, lab, source, stand)?;
            stand.samples.push(sample);
        }
        let times = stands.iter().filter_map(|stand| {
            stand
                .samples
                .last()
                .map(|sample| format!("{} {:.3} s", stand.contender.title(), sample.seconds))
        });
        println!(
            "  {pair} of {}: {}",
            plan.pairs,
            times.collect::<Vec<_>>().join(", ")
        );
    }
    let ours = stands.remove(0).samples;
    Ok(stands
        .into_iter()
        .map(|stand| Comparison {
            work: plan.work.clone(),
            against: stand.contender.title(),
            limit: stand.limit,
            ours: ours.clone(),
            theirs: stand.samples,
        })
        .collect())
}

fn stand(plan: &Plan, lab: &Lab, source: &Source, (contender, limit): Rival) -> anyhow::Result<Stand> {
    let target = match &plan.deed {
        Deed::FirstMirror => None,
        Deed::OneCommit { besides } => Some(lab.mirror_of(&source.repo, |name| {
            plan.scope.contains(name) || besides.contains(name)
        })?),
        Deed::Nothing => Some(lab.mirror_of(&source.repo, |name| plan.scope.contains(name))?),
    };
    let cache = lab.client();
    if contender == Contender::WarmClone {
        let url = lab.url(&source.repo);
        in_turn([lab.git(["clone", "-q", "--mirror", &url]).arg(&cache)])?;
    }
    Ok(Stand {
        contender,
        limit,
        target,
        cache,
        samples: Vec::new(),
    })
}

/// Lets one contender do the work once and checks that it is done.
fn attempt(plan: &Plan, lab: &Lab, source: &Source, stand: &Stand) -> anyhow::Result<Sample> {
    let new;
    let target = match &stand.target {
        Some(target) => target,
        None => {
            new = lab.target();
            &new
        }
    };
    // So that nobody waits for what another one wrote.
    in_turn([Run::new("sync")])?;
    let errand = Errand {
        source: &source.repo,
        target,
        scope: &plan.scope,
        cache: &stand.cache,
    };
    let sample = stand.contender.run(lab, errand)?;
    settle(&source.repo, target, &plan.scope)?;
    if stand.target.is_none() {
        std::fs::remove_dir_all(target.path())?;
    }
    Ok(sample)
}
