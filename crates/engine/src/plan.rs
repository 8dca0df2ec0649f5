//! From what was seen to what will be written: asks what the decision still needs to know, and decides.

use futures_util::future::try_join;
use gitwire::{Oid, RefName};

use crate::base::Intent;
use crate::decide::{
    self, Action, Base, Change, Direction, Hints, Lineage, Proofs, Question, Refusal, Sight, Verdict,
};
use crate::error::Error;
use crate::observe::Observed;
use crate::order::Order;
use crate::prove::{open_questions, prove};
use crate::report::{Outcome, RefReport};
use crate::request::Request;
use crate::side::{Both, Side};
use crate::symbolic;
use crate::transport::Remote;

/// A write that will be made.
#[derive(Debug, Clone)]
pub(crate) struct Planned {
    pub(crate) name: RefName,
    pub(crate) change: Change,
    pub(crate) old_told: bool,
    pub(crate) seen: Both<Option<Oid>>,
    /// Why it is written, if a person ordered it.
    pub(crate) order: Option<Order>,
    /// Nobody is asked for its objects: the side that is written has them.
    pub(crate) objects_are_there: bool,
}

impl Planned {
    /// What is reported of it.
    pub(crate) fn report(&self, outcome: Outcome) -> RefReport {
        RefReport {
            name: self.name.clone(),
            to: self.change.to,
            old: self.change.action.old_value(),
            new: self.change.action.new_value(),
            outcome,
            old_told: self.old_told,
            seen: self.seen,
        }
    }

    /// What is written down before it is made.
    pub(crate) fn intent(&self) -> Intent {
        Intent {
            to: self.change.to,
            old: self.change.action.old_value(),
            new: self.change.action.new_value(),
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
    let hoped = hoped(request, observed);
    let doubtful = symbolic::doubtful(&hoped, observed);
    let (proofs, symbolic) = try_join(
        prove(request, observed, remotes, &hoped),
        symbolic::ask(&doubtful, remotes),
    )
    .await?;
    let mut plan = Plan::default();
    for (name, seen) in &observed.references {
        plan.add(request, name, seen, &proofs);
    }
    plan.withhold_symbolic(&doubtful, &symbolic);
    let unasked = symbolic::unasked(&plan, &doubtful);
    plan.withhold_symbolic(&Both::default(), &symbolic::ask(&unasked, remotes).await?);
    plan.withhold_unsteady(request, observed, remotes).await?;
    plan.withhold_impossible(request, observed);
    plan.prove_guarded(request, observed, remotes).await?;
    plan.withhold_guarded(request, observed, remotes).await?;
    if request.atomic {
        plan.all_or_nothing();
    }
    Ok(plan)
}

/// The verdict on one reference, as far as the proofs go.
pub(crate) fn verdict(
    request: &Request,
    name: &RefName,
    seen: &Both<Option<Oid>>,
    proofs: &Proofs,
) -> Verdict {
    if let Some(order) = request.orders.get(name) {
        return order.verdict(seen);
    }
    if request.is_standing(name, seen) {
        return Verdict::LeftAlone;
    }
    let none = Hints::default();
    let sight = Sight {
        name,
        seen: *seen,
        base: request.base(name, seen),
        in_doubt: request.is_in_doubt(name, seen),
        hints: request.hints.get(name).unwrap_or(&none),
        named: request.names(name),
        proofs,
    };
    decide::decide(request.direction, &sight, &request.policy)
}

/// The writes, if every question that is open now is answered with "descends".
fn hoped(request: &Request, observed: &Observed<'_>) -> Vec<(RefName, Change)> {
    let mut proofs = Proofs::default();
    let questions: Vec<Question> = open_questions(request, observed, &proofs).collect();
    for question in questions {
        proofs.insert(question, Lineage::Descends);
    }
    let verdicts = observed
        .references
        .iter()
        .map(|(name, seen)| (name, verdict(request, name, seen, &proofs)));
    verdicts
        .filter_map(|(name, verdict)| match verdict {
            // The other side may not have what a person orders.
            Verdict::Write(_) if matches!(request.orders.get(name), Some(Order::Put { .. })) => None,
            Verdict::Write(change) => Some((name.clone(), change)),
            _ => None,
        })
        .collect()
}

/// What is reported of a reference that is not written.
fn unwritten(request: &Request, name: &RefName, seen: &Both<Option<Oid>>, outcome: Outcome) -> RefReport {
    // What was deleted on the target is still there on the source.
    let to = match (request.direction, seen.target) {
        (Direction::TwoWay, None) => Side::Source,
        _ => Side::Target,
    };
    RefReport {
        name: name.clone(),
        to,
        old: *seen.of(to),
        new: *seen.of(to.other()),
        outcome,
        old_told: old_told(request, name),
        seen: *seen,
    }
}

/// What is reported of the references of a run that ended before anything was decided.
pub(crate) fn undecided<'a>(
    request: &'a Request,
    observed: &'a Observed<'_>,
) -> impl Iterator<Item = RefReport> {
    observed.references.iter().map(|(name, seen)| {
        let outcome = match seen.source == seen.target {
            true => Outcome::UpToDate,
            false => Outcome::NotWritten,
        };
        unwritten(request, name, seen, outcome)
    })
}

impl Plan {
    fn add(&mut self, request: &Request, name: &RefName, seen: &Both<Option<Oid>>, proofs: &Proofs) {
        let other = |outcome| unwritten(request, name, seen, outcome);
        if request.is_standing(name, seen) {
            self.others.push(other(Outcome::Standing));
            return;
        }
        match verdict(request, name, seen, proofs) {
            Verdict::Write(change) => self.writes.push(Planned {
                name: name.clone(),
                change,
                old_told: old_told(request, name),
                seen: *seen,
                order: request.orders.get(name).copied(),
                objects_are_there: false,
            }),
            Verdict::InSync => self.others.push(other(Outcome::UpToDate)),
            Verdict::DeletionSkipped => self.others.push(other(Outcome::DeletionSkipped)),
            Verdict::LeftAlone => self.others.push(other(Outcome::LeftAlone)),
            Verdict::Refused(refusal) => self.others.push(other(Outcome::Refused(refusal))),
            // `prove` ends only when nothing depends on lineage any more.
            Verdict::NeedsLineage(_) => self.others.push(other(Outcome::Refused(Refusal::Unproven))),
        }
    }
}

/// Whether an old value was told for a reference, by a person or a webhook, or is known as the base.
fn old_told(request: &Request, name: &RefName) -> bool {
    let hinted = request.hints.get(name).is_some_and(|hints| {
        hints.person.is_some() || !hints.events.source.is_empty() || !hints.events.target.is_empty()
    });
    hinted || matches!(request.bases.get(name), Some(Base::Agreed(_)))
}
