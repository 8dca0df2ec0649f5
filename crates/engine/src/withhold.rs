//! Writes that are taken out of the plan again, because of what the servers are.

use std::collections::{BTreeMap, BTreeSet};

use gitwire::{Oid, RefName};

use crate::decide::{Action, Direction, Lineage, OldValue, Question, Refusal};
use crate::error::{Error, Stage};
use crate::listing::Listed;
use crate::observe::Observed;
use crate::plan::{Plan, Planned};
use crate::prove::prove_all;
use crate::report::Outcome;
use crate::request::Request;
use crate::side::{Both, Side};
use crate::symbolic::Symbolic;
use crate::transport::Remote;
use crate::upload::Upload;

impl Plan {
    /// Takes writes out and reports them as refused.
    fn withhold(&mut self, refusal: Refusal, which: impl Fn(&Planned) -> bool) {
        self.withhold_as(&Outcome::Refused(refusal), which);
    }

    /// Takes writes out and reports what became of them.
    fn withhold_as(&mut self, outcome: &Outcome, which: impl Fn(&Planned) -> bool) {
        let (out, stay) = std::mem::take(&mut self.writes)
            .into_iter()
            .partition(|planned| which(planned));
        self.writes = stay;
        let out: Vec<Planned> = out;
        self.others
            .extend(out.iter().map(|planned| planned.report(outcome.clone())));
    }

    /// Symbolic references are not written, and where nobody tells and the value has another name, nothing that loses commits is.
    pub(crate) fn withhold_symbolic(
        &mut self,
        doubtful: &Both<BTreeSet<RefName>>,
        symbolic: &Both<Symbolic>,
    ) {
        for side in [Side::Source, Side::Target] {
            let Symbolic { names, plain } = symbolic.of(side);
            self.withhold(Refusal::Symbolic, |planned| {
                planned.change.to == side && names.contains(&planned.name)
            });
            let doubtful = doubtful.of(side);
            self.withhold(Refusal::MaybeSymbolic, |planned| {
                let unknown = doubtful.contains(&planned.name) && !plain.contains(&planned.name);
                planned.change.to == side && unknown && planned.change.loses_commits()
            });
        }
    }

    /// A host may list old values for a moment. What would lose commits and nobody announced is written only after a second,
    /// later listing agrees.
    pub(crate) async fn withhold_unsteady(
        &mut self,
        request: &Request,
        observed: &Observed<'_>,
        remotes: &Both<Remote>,
    ) -> Result<(), Error> {
        if request.dry_run {
            return Ok(());
        }
        for from in [Side::Source, Side::Target] {
            self.withhold_unsteady_from(from, request, observed, remotes.of(from))
                .await?;
        }
        Ok(())
    }

    async fn withhold_unsteady_from(
        &mut self,
        from: Side,
        request: &Request,
        observed: &Observed<'_>,
        remote: &Remote,
    ) -> Result<(), Error> {
        let unannounced = |planned: &&Planned| {
            planned.change.to == from.other() && planned.change.loses_commits() && !told(request, planned)
        };
        let names: BTreeSet<RefName> = self
            .writes
            .iter()
            .filter(unannounced)
            .map(|planned| planned.name.clone())
            .collect();
        if names.is_empty() {
            return Ok(());
        }
        let prefixes: Vec<_> = names.iter().map(|name| name.as_bstr().to_owned()).collect();
        let mut again: BTreeMap<RefName, Oid> = BTreeMap::new();
        let mut each = |listed: Listed| {
            again.insert(listed.name, listed.id);
        };
        let listed = Upload::list(remote, &prefixes, &mut each).await;
        listed.map_err(|fault| remote.error(Stage::Decide, fault))?;
        let first = |name: &RefName| observed.references.get(name).and_then(|seen| *seen.of(from));
        self.withhold(Refusal::Unsteady, |planned| {
            names.contains(&planned.name) && again.get(&planned.name).copied() != first(&planned.name)
        });
        Ok(())
    }

    /// What the server said beforehand that it will not do.
    pub(crate) fn withhold_impossible(&mut self, request: &Request, observed: &Observed<'_>) {
        let deletes = |side: Side| {
            observed
                .receives
                .of(side)
                .as_ref()
                .is_none_or(|receive| receive.capabilities.delete_refs)
        };
        self.withhold(Refusal::NoDelete, |planned| {
            matches!(planned.change.action, Action::Delete { .. }) && !deletes(planned.change.to)
        });
        if request.atomic {
            let names: BTreeSet<RefName> = self.writes.iter().map(|planned| planned.name.clone()).collect();
            // Of two names that collide, the longer has the shorter among its directories.
            let above: BTreeSet<RefName> = names
                .iter()
                .flat_map(directories)
                .filter(|it| names.contains(it))
                .collect();
            self.withhold(Refusal::NameCollision, |planned| {
                above.contains(&planned.name)
                    || directories(&planned.name).any(|directory| above.contains(&directory))
            });
        }
    }

    /// All references or none holds for those that refsync itself refuses, too.
    pub(crate) fn all_or_nothing(&mut self) {
        let refused =
            |outcome: &Outcome| matches!(outcome, Outcome::Refused(_) | Outcome::Held | Outcome::Standing);
        if self.others.iter().any(|report| refused(&report.outcome)) {
            self.withhold(Refusal::Atomic, |_| true);
        }
    }

    /// Before the guard holds too much it must be known that it is: what looked like a rewrite only because no small request told, as
    /// a server of version 0 answers none, may be a fast-forward.
    pub(crate) async fn prove_guarded<'r>(
        &mut self,
        request: &Request,
        observed: &mut Observed<'r>,
        remotes: &'r Both<Remote>,
    ) -> Result<(), Error> {
        let Some(guard) = &request.guard else {
            return Ok(());
        };
        for to in [Side::Source, Side::Target] {
            let losing = |planned: &&Planned| {
                planned.change.to == to && planned.order.is_none() && planned.change.loses_commits()
            };
            let count = self.writes.iter().filter(losing).count();
            if !guard.holds(count as u64, *observed.seen.of(to)) {
                continue;
            }
            let questions: BTreeSet<Question> =
                self.writes.iter().filter(losing).filter_map(unproven).collect();
            if questions.is_empty() {
                continue;
            }
            let proofs = prove_all(to.other(), questions, observed, remotes).await?;
            for planned in self.writes.iter_mut().filter(|planned| losing(&&**planned)) {
                let question = unproven(planned);
                if let (Some(answer), Action::Update { lineage, .. }) = (
                    question.and_then(|question| proofs.get(&question)),
                    &mut planned.change.action,
                ) {
                    *lineage = answer;
                }
            }
        }
        Ok(())
    }

    /// What would take away too much waits for a person.
    pub(crate) async fn withhold_guarded(
        &mut self,
        request: &Request,
        observed: &Observed<'_>,
        remotes: &Both<Remote>,
    ) -> Result<(), Error> {
        let Some(guard) = &request.guard else {
            return Ok(());
        };
        for to in [Side::Source, Side::Target] {
            let losing = |planned: &Planned| {
                planned.change.to == to && planned.order.is_none() && planned.change.loses_commits()
            };
            let deletes =
                |planned: &Planned| losing(planned) && matches!(planned.change.action, Action::Delete { .. });
            let count = self.writes.iter().filter(|planned| losing(planned)).count();
            if guard.holds(count as u64, *observed.seen.of(to)) {
                self.withhold_as(&Outcome::Held, losing);
            }
            let from = to.other();
            if self.writes.iter().any(deletes)
                && lacks_much(from, request, observed, remotes.of(from)).await?
            {
                self.withhold_as(&Outcome::Held, deletes);
            }
        }
        Ok(())
    }
}

/// The question that an update of a branch leaves open.
fn unproven(planned: &Planned) -> Option<Question> {
    match planned.change.action {
        Action::Update {
            old,
            new,
            lineage: Lineage::Unproven,
        } if planned.name.is_branch() => Some(Question {
            descendant: new,
            ancestor: old,
        }),
        _ => None,
    }
}

/// Whether a side whose deletions are about to be mirrored lists nothing at all, or lacks over half of what has a base.
async fn lacks_much(
    from: Side,
    request: &Request,
    observed: &Observed<'_>,
    remote: &Remote,
) -> Result<bool, Error> {
    let mut empty = observed.listings.of(from).is_empty();
    let mut listed = *observed.seen.of(from);
    // A listing of the references of a narrowed run says nothing about the others.
    if request.only.is_some() && request.direction == Direction::OneWay {
        listed = 0;
        let mut each = |found: Listed| listed += u64::from(request.scope.covers(&found.name));
        let again = Upload::list(remote, &request.scope.prefixes(), &mut each).await;
        let (_, listing) = again.map_err(|fault| remote.error(Stage::Decide, fault))?;
        empty = listing.is_empty();
    }
    let lacking = match (request.only.is_some(), request.scope_size) {
        (false, _) => *observed.lacking.of(from) * 2 > observed.based,
        (true, Some(size)) => listed * 2 < size,
        (true, None) => false,
    };
    Ok(empty || lacking)
}

/// Whether the replacement was told by somebody: the old value, and that the new one has come.
fn told(request: &Request, planned: &Planned) -> bool {
    let action = &planned.change.action;
    let old = action.old_value().map_or(OldValue::Absent, OldValue::At);
    let Some(hints) = request.hints.get(&planned.name) else {
        return planned.order.is_some();
    };
    let events = hints.events.of(planned.change.to.other());
    let left = events.iter().any(|event| event.old == old);
    let came = events.iter().any(|event| event.new == action.new_value());
    planned.order.is_some() || hints.person == Some(old) || (left && came)
}

/// The names that are directories of a name.
fn directories(name: &RefName) -> impl Iterator<Item = RefName> {
    let bytes = name.as_bytes();
    let slashes = bytes
        .iter()
        .enumerate()
        .filter(|(_, byte)| **byte == b'/')
        .map(|(at, _)| at);
    slashes.filter_map(|at| RefName::new(&bytes[..at]).ok())
}
