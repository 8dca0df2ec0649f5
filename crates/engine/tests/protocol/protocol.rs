//! The protocol as a machine: what can happen next, and what comes of it.
//!
//! The decision and the base are the engine's own functions. A worker that lost its claim can change nothing in the database, so
//! all that is left of it is the push it had begun; it may land at any later moment.

use engine::base::{self, Became};
use engine::decide::{Base, Direction, Force, Hints, Policy, Proofs, Refusal, Sight, Verdict, decide};
use engine::side::{Both, Side};
use gitwire::RefName;
use stateright::{Model, Property};

use crate::history::{Value, lineage};
use crate::rules::Rules;
use crate::state::{Event, Fate, Note, Reference, Run, Sighted, Stage, State, Write, at};

/// Both, in the order in which a run writes them.
const SIDES: [Side; 2] = [Side::Target, Side::Source];

/// How many webhooks can be under way, and written down, for one reference.
const WEBHOOKS: usize = 2;

/// How large the world is, and which rules hold in it.
#[derive(Clone, Debug)]
pub(crate) struct Protocol {
    pub(crate) rules: Rules,
    /// How each reference starts.
    pub(crate) starts: Vec<([Value; 2], Note)>,
    pub(crate) name: RefName,
    pub(crate) policy: Policy,
    /// How many commits there are.
    pub(crate) commits: u8,
    /// How often people do something.
    pub(crate) acts: u8,
    /// How often a worker dies or loses its claim.
    pub(crate) faults: u8,
    /// Until when a push that was begun can land after its worker died or lost its claim.
    pub(crate) astray: Astray,
    /// Whether there are webhooks.
    pub(crate) webhooks: bool,
    /// Whether something can happen between the looks at the two sides.
    pub(crate) apart: bool,
}

impl Protocol {
    /// A branch that both sides have at commit 1, deletions mirrored, all rules in force.
    pub(crate) fn new(acts: u8, faults: u8) -> Self {
        Self {
            rules: Rules::ALL,
            starts: vec![([Value(1), Value(1)], Note::Agreed(Value(1)))],
            name: RefName::new("refs/heads/main").expect("a valid name"),
            policy: Policy {
                sync_delete: Both::from_fn(|_| true),
                force: Force::Lease,
            },
            commits: 4,
            acts,
            faults,
            astray: Astray::Never,
            webhooks: false,
            apart: false,
        }
    }
}

/// Until when a push can land whose worker is no more in charge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Astray {
    /// It lands before the claim is lost, or never.
    Never,
    /// At any time.
    Ever,
}

/// What happens next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// A person sets a reference on a side: a push, a forced push, a deletion, or the same again.
    Person {
        reference: usize,
        side: Side,
        value: Value,
    },
    /// A webhook is written down.
    Arrives { reference: usize, index: usize },
    /// A webhook is written down, and will be sent again.
    ArrivesTwice { reference: usize, index: usize },
    /// A webhook is lost.
    IsLost { reference: usize, index: usize },
    /// A worker claims the mirror: something is due, or a sweep.
    Claim,
    /// The worker that has the claim takes its next step.
    Work,
    /// It dies, and whatever it had sent comes to nothing.
    Dies,
    /// It loses its claim, or dies with a push on its way.
    GoesAstray,
    /// What is left of such a worker takes its next step.
    WorkAstray,
}

impl<const R: usize> Model for World<R> {
    type State = State<R>;
    type Action = Action;

    fn init_states(&self) -> Vec<State<R>> {
        let starts = self.0.starts.iter().map(|(now, base)| State {
            refs: std::array::from_fn(|_| Reference::starting(*now, *base)),
            run: None,
            astray: None,
            acts: self.0.acts,
            faults: self.0.faults,
        });
        starts.collect()
    }

    fn actions(&self, state: &State<R>, actions: &mut Vec<Action>) {
        self.people(state, actions);
        for (reference, it) in state.refs.iter().enumerate() {
            for (index, event) in it.under_way.iter().enumerate() {
                actions.push(Action::IsLost { reference, index });
                // That the same is written down twice makes no difference to anybody.
                if it.told.len() < WEBHOOKS && !it.told.contains(event) {
                    actions.push(Action::Arrives { reference, index });
                    actions.push(Action::ArrivesTwice { reference, index });
                }
            }
        }
        match &state.run {
            None => actions.push(Action::Claim),
            Some(run) => {
                actions.push(Action::Work);
                if state.faults > 0 {
                    actions.push(Action::Dies);
                    // Of one that has not begun to push nothing is left, as long as fences hold.
                    let goes_on = matches!(run.stage, Stage::Pushes(_)) || !self.0.rules.fences;
                    if self.0.astray != Astray::Never && goes_on && state.astray.is_none() {
                        actions.push(Action::GoesAstray);
                    }
                }
            }
        }
        if state.astray.is_some() {
            actions.push(Action::WorkAstray);
        }
    }

    fn next_state(&self, last: &State<R>, action: Action) -> Option<State<R>> {
        let mut state = last.clone();
        match action {
            Action::Person {
                reference,
                side,
                value,
            } => {
                state.acts -= 1;
                let old = state.refs[reference].of(side);
                state.refs[reference].act(side, value);
                self.moves(
                    &mut state,
                    reference,
                    Event {
                        side,
                        old,
                        new: value,
                    },
                );
            }
            Action::Arrives { reference, index } => {
                let event = state.refs[reference].under_way.remove(index);
                state.refs[reference].told.push(event);
            }
            Action::ArrivesTwice { reference, index } => {
                let event = state.refs[reference].under_way[index];
                state.refs[reference].told.push(event);
            }
            Action::IsLost { reference, index } => {
                state.refs[reference].under_way.remove(index);
            }
            Action::Claim => state.run = Some(claim(&state)),
            Action::Work => {
                let run = state.run.take()?;
                state.run = self.work(&mut state, run, true);
            }
            Action::Dies => {
                state.faults -= 1;
                state.run = None;
            }
            Action::GoesAstray => {
                state.faults -= 1;
                state.astray = state.run.take();
            }
            Action::WorkAstray => {
                let run = state.astray.take()?;
                state.astray = self.work(&mut state, run, !self.0.rules.fences);
            }
        }
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        crate::properties::all()
    }
}

/// A protocol over `R` references.
#[derive(Clone, Debug)]
pub(crate) struct World<const R: usize>(pub(crate) Protocol);

pub(crate) fn claim<const R: usize>(state: &State<R>) -> Run<R> {
    Run {
        stage: Stage::Claimed,
        refs: std::array::from_fn(|index| {
            let reference = &state.refs[index];
            Sighted {
                seen: [Value::default(); 2],
                touched: [false; 2],
                base: reference.base,
                intent: reference.intent,
                taken: u8::try_from(reference.told.len()).expect("webhooks are few"),
                fate: Fate::Open,
            }
        }),
    }
}

impl<const R: usize> World<R> {
    fn people(&self, state: &State<R>, actions: &mut Vec<Action>) {
        if state.acts == 0 {
            return;
        }
        for (reference, it) in state.refs.iter().enumerate() {
            for side in SIDES {
                let others = Value::all(self.0.commits).filter(|value| *value != it.of(side));
                actions.extend(others.map(|value| Action::Person {
                    reference,
                    side,
                    value,
                }));
            }
        }
    }

    /// A value changed: whoever saw the old one is touched by it, and the host tells.
    fn moves(&self, state: &mut State<R>, reference: usize, event: Event) {
        for run in [&mut state.run, &mut state.astray].into_iter().flatten() {
            run.refs[reference].touched[at(event.side)] = true;
            tidy(run);
        }
        if self.0.webhooks {
            let under_way = &mut state.refs[reference].under_way;
            if !under_way.contains(&event) {
                under_way.push(event);
            }
            // What is too much is lost.
            let lost = under_way.len().saturating_sub(WEBHOOKS);
            under_way.drain(..lost);
        }
    }

    /// One step of a worker; `None` when it is at its end. `in_charge` is whether the database takes what it writes.
    pub(crate) fn work(&self, state: &mut State<R>, mut run: Run<R>, in_charge: bool) -> Option<Run<R>> {
        match run.stage {
            Stage::Claimed => {
                look(state, &mut run, Side::Source);
                if self.0.apart {
                    run.stage = Stage::SeenSource;
                } else {
                    look(state, &mut run, Side::Target);
                    self.decide(state, &mut run);
                }
            }
            Stage::SeenSource => {
                for (reference, sighted) in state.refs.iter_mut().zip(&run.refs) {
                    reference.unknowable |= sighted.touched == [true; 2];
                }
                look(state, &mut run, Side::Target);
                self.decide(state, &mut run);
            }
            Stage::Intends(side) => {
                if !in_charge {
                    return None;
                }
                self.intend(state, &run, side);
                run.stage = Stage::Pushes(side);
            }
            Stage::Pushes(side) => {
                self.push(state, &mut run, side);
                if !in_charge {
                    return None;
                }
                run.stage = next_stage(&run);
            }
            Stage::Records => {
                self.record(state, &run);
                return None;
            }
        }
        tidy(&mut run);
        Some(run)
    }

    fn decide(&self, state: &mut State<R>, run: &mut Run<R>) {
        for (reference, sighted) in state.refs.iter_mut().zip(&mut run.refs) {
            reference.unknowable |= reference.coincides;
            let seen = Both::from_fn(|side| sighted.seen[at(side)].id());
            sighted.base = self.found(sighted, seen);
            let in_doubt = |it: &Write| base::is_in_doubt(&it.intent(), seen);
            sighted.intent = sighted.intent.filter(|it| in_doubt(it) && self.0.rules.doubts);
            sighted.fate = match self.verdict(reference, sighted, seen) {
                Verdict::InSync => Fate::InSync,
                Verdict::Write(change) => Fate::Planned(Write {
                    to: change.to,
                    old: Value::of(change.action.old_value()),
                    new: Value::of(change.action.new_value()),
                }),
                Verdict::DeletionSkipped => Fate::DeletionSkipped,
                Verdict::LeftAlone => Fate::LeftAlone,
                Verdict::Refused(Refusal::Conflict) => Fate::Conflict,
                Verdict::Refused(_) => Fate::Refused,
                Verdict::NeedsLineage(_) => unreachable!("all questions were answered"),
            };
        }
        run.stage = next_stage(run);
    }

    /// The base as the intent leaves it.
    fn found(&self, sighted: &Sighted, seen: Both<Option<gitwire::Oid>>) -> Note {
        let Some(write) = sighted.intent else {
            return sighted.base;
        };
        let found = base::found(
            Direction::TwoWay,
            sighted.base.into(),
            Some(&write.intent()),
            seen,
        );
        if found == Base::Void && !self.0.rules.void_after_intent {
            return sighted.base;
        }
        found.into()
    }

    /// The engine's verdict, with every question answered.
    pub(crate) fn verdict(
        &self,
        reference: &Reference,
        sighted: &Sighted,
        seen: Both<Option<gitwire::Oid>>,
    ) -> Verdict {
        let mut hints = Hints::default();
        for event in &reference.told[..usize::from(sighted.taken)] {
            hints.events.of_mut(event.side).push(event.moved());
        }
        let told = hints.events.source.len() + hints.events.target.len() > 0;
        let base = match sighted.base {
            Note::Void if !self.0.rules.void_is_not_unknown => Note::Unknown,
            Note::Agreed(_) | Note::Void if told && !self.0.rules.base_before_hints => Note::Unknown,
            base => base,
        };
        let mut proofs = Proofs::default();
        loop {
            let sight = Sight {
                name: &self.0.name,
                seen,
                base: base.into(),
                in_doubt: sighted.intent.is_some(),
                hints: &hints,
                named: false,
                proofs: &proofs,
            };
            match decide(Direction::TwoWay, &sight, &self.0.policy) {
                Verdict::NeedsLineage(question) => proofs.insert(question, lineage(&question)),
                verdict => return verdict,
            }
        }
    }

    fn intend(&self, state: &mut State<R>, run: &Run<R>, side: Side) {
        for (reference, sighted) in state.refs.iter_mut().zip(&run.refs) {
            let Fate::Planned(write) = sighted.fate else {
                continue;
            };
            if write.to == side && self.0.rules.intents {
                reference.note(write);
            }
        }
    }

    fn push(&self, state: &mut State<R>, run: &mut Run<R>, side: Side) {
        for index in 0..R {
            let Fate::Planned(write) = run.refs[index].fate else {
                continue;
            };
            if write.to != side {
                continue;
            }
            let reference = &mut state.refs[index];
            let old = reference.of(side);
            if self.0.rules.leases && old != write.old {
                let there = old == write.new;
                run.refs[index].fate = if there {
                    Fate::Coincided(write)
                } else {
                    Fate::LeaseLost
                };
                continue;
            }
            // The value that was seen is there again.
            reference.unknowable |= self.0.rules.leases && run.refs[index].touched[at(side)];
            let nobody_knows = match run.refs[index].base {
                Note::Unknown => true,
                Note::Void => write.old != Value::default(),
                Note::Agreed(_) => false,
            };
            let keeps = (1..=self.0.commits).all(|it| !write.old.reaches(it) || write.new.reaches(it));
            reference.land(Write { old, ..write }, !(nobody_knows && keeps));
            run.refs[index].fate = Fate::Written(write);
            let new = write.new;
            self.moves(state, index, Event { side, old, new });
        }
    }

    fn record(&self, state: &mut State<R>, run: &Run<R>) {
        for (reference, sighted) in state.refs.iter_mut().zip(&run.refs) {
            // A doubt stays, with its intent.
            if sighted.intent.is_none() {
                reference.base = self.recorded(sighted);
                reference.intent = None;
                reference.coincides = false;
            }
            reference.told.drain(..usize::from(sighted.taken));
            reference.remember();
            for side in SIDES {
                let value = match sighted.fate {
                    Fate::Written(write) => write.new,
                    _ => sighted.seen[at(side)],
                };
                reference.know(side, value);
            }
        }
    }

    fn recorded(&self, sighted: &Sighted) -> Note {
        let seen = Both::from_fn(|side| sighted.seen[at(side)].id());
        let (became, kept) = match sighted.fate {
            Fate::Open | Fate::Planned(_) => unreachable!("a run ends when all is decided and done"),
            Fate::InSync | Fate::LeftAlone | Fate::Refused => (Became::Left, false),
            Fate::Written(write) => (written(write), false),
            // Without its rule it would be as if this run had written it.
            Fate::Coincided(write) if !self.0.rules.void_after_coincidence => (written(write), false),
            Fate::Coincided(_) => (Became::Coincided, false),
            Fate::LeaseLost => (Became::LeaseLost, !self.0.rules.void_after_lost_lease),
            Fate::DeletionSkipped => (Became::DeletionSkipped, false),
            Fate::Conflict => (Became::Conflict, !self.0.rules.void_after_conflict),
        };
        if kept {
            return sighted.base;
        }
        base::after(sighted.base.into(), seen, became).into()
    }
}

fn look<const R: usize>(state: &State<R>, run: &mut Run<R>, side: Side) {
    for (reference, sighted) in state.refs.iter().zip(&mut run.refs) {
        sighted.seen[at(side)] = reference.of(side);
        sighted.touched[at(side)] = false;
    }
}

fn next_stage<const R: usize>(run: &Run<R>) -> Stage {
    let planned =
        |to| move |sighted: &Sighted| matches!(sighted.fate, Fate::Planned(write) if write.to == to);
    SIDES
        .into_iter()
        .find(|to| run.refs.iter().any(planned(*to)))
        .map_or(Stage::Records, Stage::Intends)
}

/// Forgets what makes no difference any more, so that equal worlds are seen to be equal.
fn tidy<const R: usize>(run: &mut Run<R>) {
    if run.stage == Stage::SeenSource {
        return;
    }
    for sighted in &mut run.refs {
        for side in SIDES {
            let matters = matches!(sighted.fate, Fate::Planned(write) if write.to == side);
            sighted.touched[at(side)] &= matters;
        }
    }
}

fn written(write: Write) -> Became {
    Became::Written {
        to: write.to,
        value: write.new.id(),
    }
}
