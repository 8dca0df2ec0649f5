//! From what was seen to what will be written: asks what the decision still needs to know, and decides.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::stream::{self, StreamExt, TryStreamExt};
use gitwire::{Oid, RefName};

use crate::decide::{
    self, Action, Base, Change, Direction, Hints, Lineage, OldValue, Proofs, Question, Refusal, Sight, Verdict,
};
use crate::error::{Error, Stage};
use crate::listing::Listed;
use crate::observe::Observed;
use crate::report::{Outcome, RefReport};
use crate::request::Request;
use crate::side::{Both, Side};
use crate::transport::Remote;
use crate::upload::Upload;

/// How many questions about lineage are under way at once. Each is a process on the server.
const QUESTIONS: usize = 4;

/// Up to how many updates are looked at more closely only to tell people what they are.
const CURIOSITY: usize = 16;

/// A write that will be made.
#[derive(Debug, Clone)]
pub(crate) struct Planned {
    pub(crate) name: RefName,
    pub(crate) change: Change,
    pub(crate) old_told: bool,
}

impl Planned {
    /// What is reported of it.
    pub(crate) fn report(&self, outcome: Outcome) -> RefReport {
        RefReport {
            name: self.name.clone(),
            to: self.change.to,
            old: self.change.action.old(),
            new: self.change.action.new(),
            outcome,
            old_told: self.old_told,
        }
    }

    /// What is reported of it once it is done.
    pub(crate) fn done(&self) -> Outcome {
        match self.change.action {
            Action::Create { .. } => Outcome::Created,
            Action::Update { lineage, .. } => Outcome::Updated(lineage),
            Action::Delete { .. } => Outcome::Deleted,
        }
    }
}

/// What is to be done.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    pub(crate) writes: Vec<Planned>,
    /// What is reported of the references that are not written.
    pub(crate) others: Vec<RefReport>,
}

/// Makes the plan.
pub(crate) async fn plan<'r>(
    request: &Request,
    observed: &mut Observed<'r>,
    remotes: &'r Both<Remote>,
) -> Result<Plan, Error> {
    let proofs = prove(request, observed, remotes).await?;
    let mut plan = Plan::default();
    for (name, seen) in &observed.references {
        plan.add(request, name, seen, &proofs);
    }
    plan.withhold_symbolic(observed, remotes).await?;
    plan.withhold_unsteady(request, observed, remotes).await?;
    plan.withhold_impossible(request, observed);
    if request.atomic {
        plan.all_or_nothing();
    }
    Ok(plan)
}

/// Asks about lineage until no verdict depends on it any more.
async fn prove<'r>(
    request: &Request,
    observed: &mut Observed<'r>,
    remotes: &'r Both<Remote>,
) -> Result<Proofs, Error> {
    let mut proofs = Proofs::default();
    loop {
        let questions = questions(request, observed, &proofs);
        if questions.is_empty() {
            return Ok(proofs);
        }
        for side in questions.keys().map(|asked| asked.side).collect::<BTreeSet<_>>() {
            open(observed.uploads.of_mut(side), remotes.of(side)).await?;
        }
        let uploads = &observed.uploads;
        let answers: Vec<(Question, Lineage)> = stream::iter(questions)
            .map(|(asked, commits)| async move {
                let answer = match uploads.of(asked.side) {
                    Some(upload) => upload.lineage(asked.question, commits).await,
                    None => Ok(Lineage::Unproven),
                };
                let answer = answer.map_err(|fault| remotes.of(asked.side).error(Stage::Decide, fault))?;
                Ok((asked.question, answer))
            })
            .buffer_unordered(QUESTIONS)
            .try_collect()
            .await?;
        for (question, answer) in answers {
            proofs.insert(question, answer);
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Asked {
    side: Side,
    question: Question,
}

/// The questions that are open, each with whether both values are known to be commits.
fn questions(request: &Request, observed: &Observed<'_>, proofs: &Proofs) -> BTreeMap<Asked, bool> {
    let mut questions = BTreeMap::new();
    let mut curious = 0;
    for (name, seen) in &observed.references {
        let question = match verdict(request, name, seen, proofs) {
            Verdict::NeedsLineage(question) => question,
            // The answer changes nothing but the words: a fast-forward, or forced.
            Verdict::Write(Change { action: Action::Update { old, new, lineage: Lineage::Unproven }, .. })
                if name.is_branch() && curious < CURIOSITY =>
            {
                curious += 1;
                Question { descendant: new, ancestor: old }
            }
            _ => continue,
        };
        if proofs.get(&question).is_none() {
            // The side that has the descendant knows its history.
            let side = if seen.source == Some(question.descendant) { Side::Source } else { Side::Target };
            let commits: &mut bool = questions.entry(Asked { side, question }).or_insert(false);
            *commits |= name.is_branch();
        }
    }
    questions
}

fn verdict(request: &Request, name: &RefName, seen: &Both<Option<Oid>>, proofs: &Proofs) -> Verdict {
    let none = Hints::default();
    let sight = Sight {
        name,
        seen: *seen,
        base: request.bases.get(name).copied().unwrap_or_default(),
        hints: request.hints.get(name).unwrap_or(&none),
        named: request.scope.names(name),
        proofs,
    };
    decide::decide(request.direction, &sight, &request.policy)
}

/// Opens the conversation for reading, if it is not open.
async fn open<'r>(upload: &mut Option<Upload<'r>>, remote: &'r Remote) -> Result<(), Error> {
    if upload.is_none() {
        *upload = Some(Upload::open(remote).await.map_err(|fault| remote.error(Stage::Decide, fault))?);
    }
    Ok(())
}

impl Plan {
    fn add(&mut self, request: &Request, name: &RefName, seen: &Both<Option<Oid>>, proofs: &Proofs) {
        let old_told = old_told(request, name);
        let other = |outcome| RefReport {
            name: name.clone(),
            to: Side::Target,
            old: seen.target,
            new: seen.source,
            outcome,
            old_told,
        };
        match verdict(request, name, seen, proofs) {
            Verdict::Write(change) => self.writes.push(Planned { name: name.clone(), change, old_told }),
            Verdict::InSync => self.others.push(other(Outcome::UpToDate)),
            Verdict::DeletionSkipped => self.others.push(other(Outcome::DeletionSkipped)),
            Verdict::LeftAlone => self.others.push(other(Outcome::LeftAlone)),
            Verdict::Refused(refusal) => self.others.push(other(Outcome::Refused(refusal))),
            // `prove` ends only when nothing depends on lineage any more.
            Verdict::NeedsLineage(_) => self.others.push(other(Outcome::Refused(Refusal::Unproven))),
        }
    }

    /// Takes writes out and reports them as refused.
    fn withhold(&mut self, refusal: Refusal, which: impl Fn(&Planned) -> bool) {
        let (out, stay) = std::mem::take(&mut self.writes).into_iter().partition(|planned| which(planned));
        self.writes = stay;
        let out: Vec<Planned> = out;
        self.others.extend(out.iter().map(|planned| planned.report(Outcome::Refused(refusal))));
    }

    /// Symbolic references are never written: deleting one deletes what it stands for. It has the value of another name, so
    /// only where a value has two names is there anything to ask.
    async fn withhold_symbolic(&mut self, observed: &Observed<'_>, remotes: &Both<Remote>) -> Result<(), Error> {
        for side in [Side::Source, Side::Target] {
            let shared = |old: Oid| observed.holders.of(side).get(&old).is_some_and(|names| *names > 1);
            let doubtful: BTreeSet<RefName> = self
                .writes
                .iter()
                .filter(|planned| planned.change.to == side && planned.change.action.old().is_some_and(shared))
                .map(|planned| planned.name.clone())
                .collect();
            if doubtful.is_empty() {
                continue;
            }
            let remote = remotes.of(side);
            let prefixes: Vec<_> = doubtful.iter().map(|name| name.as_bstr().to_owned()).collect();
            let mut symbolic = BTreeSet::new();
            let mut each = |listed: Listed| {
                if listed.symbolic {
                    symbolic.insert(listed.name);
                }
            };
            let listed = Upload::list(remote, &prefixes, &mut each).await;
            let (_, listing) = listed.map_err(|fault| remote.error(Stage::Decide, fault))?;
            self.withhold(Refusal::Symbolic, |planned| planned.change.to == side && symbolic.contains(&planned.name));
            if !listing.tells_symbolic {
                self.withhold(Refusal::MaybeSymbolic, |planned| {
                    planned.change.to == side && doubtful.contains(&planned.name) && loses_commits(&planned.change)
                });
            }
        }
        Ok(())
    }

    /// A host may list old values for a moment. What would lose commits and nobody announced is written only after a second,
    /// later listing agrees.
    async fn withhold_unsteady(
        &mut self,
        request: &Request,
        observed: &Observed<'_>,
        remotes: &Both<Remote>,
    ) -> Result<(), Error> {
        if request.direction == Direction::TwoWay || request.dry_run {
            return Ok(());
        }
        let unannounced = |planned: &Planned| loses_commits(&planned.change) && !told(request, planned);
        let names: BTreeSet<RefName> =
            self.writes.iter().filter(|planned| unannounced(planned)).map(|planned| planned.name.clone()).collect();
        if names.is_empty() {
            return Ok(());
        }
        let prefixes: Vec<_> = names.iter().map(|name| name.as_bstr().to_owned()).collect();
        let mut again: BTreeMap<RefName, Oid> = BTreeMap::new();
        let mut each = |listed: Listed| {
            again.insert(listed.name, listed.id);
        };
        let remote = &remotes.source;
        let listed = Upload::list(remote, &prefixes, &mut each).await;
        listed.map_err(|fault| remote.error(Stage::Decide, fault))?;
        let first = |name: &RefName| observed.references.get(name).and_then(|seen| seen.source);
        self.withhold(Refusal::Unsteady, |planned| {
            names.contains(&planned.name) && again.get(&planned.name).copied() != first(&planned.name)
        });
        Ok(())
    }

    /// What the server said beforehand that it will not do.
    fn withhold_impossible(&mut self, request: &Request, observed: &Observed<'_>) {
        let deletes = |side: Side| {
            observed.receives.of(side).as_ref().is_none_or(|receive| receive.capabilities.delete_refs)
        };
        self.withhold(Refusal::NoDelete, |planned| {
            matches!(planned.change.action, Action::Delete { .. }) && !deletes(planned.change.to)
        });
        if request.atomic {
            let names: Vec<RefName> = self.writes.iter().map(|planned| planned.name.clone()).collect();
            self.withhold(Refusal::NameCollision, |planned| names.iter().any(|name| name.collides_with(&planned.name)));
        }
    }

    /// All references or none holds for those that refsync itself refuses, too.
    fn all_or_nothing(&mut self) {
        if self.others.iter().any(|report| matches!(report.outcome, Outcome::Refused(_))) {
            self.withhold(Refusal::Atomic, |_| true);
        }
    }
}

/// Whether an old value was told for a reference, by a person or a webhook, or is known as the base.
fn old_told(request: &Request, name: &RefName) -> bool {
    let hinted = request.hints.get(name).is_some_and(|hints| hints.person.is_some() || !hints.events.source.is_empty());
    hinted || matches!(request.bases.get(name), Some(Base::Agreed(_)))
}

/// Whether the value that is replaced was told by somebody.
fn told(request: &Request, planned: &Planned) -> bool {
    let old = planned.change.action.old().map_or(OldValue::Absent, OldValue::At);
    let Some(hints) = request.hints.get(&planned.name) else { return false };
    hints.person == Some(old) || hints.events.source.iter().any(|event| event.old == old)
}

/// Whether a write takes commits out of a reference's history, as far as is known.
fn loses_commits(change: &Change) -> bool {
    match change.action {
        Action::Create { .. } | Action::Update { lineage: Lineage::Descends, .. } => false,
        Action::Update { .. } | Action::Delete { .. } => true,
    }
}
