//! A model of one reference in a two-way mirror: people write on both sides, webhooks are lost, late and doubled, runs are raced
//! and die. Whatever happens, a value that a person left on one side is only replaced by one that contains it, or by what came
//! of it on the other side.

use std::collections::BTreeMap;

use gitwire::{Oid, RefName};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::*;

/// What happens next.
#[derive(Debug, Clone, Copy)]
enum Step {
    Person(Side, Deed),
    /// The oldest webhook under way arrives. Doubled, it arrives again later.
    Arrives {
        side: Side,
        doubled: bool,
    },
    /// The oldest webhook under way is lost.
    Lost(Side),
    Run(Fate),
}

/// What a person does on a side.
#[derive(Debug, Clone, Copy)]
enum Deed {
    /// A new commit on top, or the first one.
    Advances,
    /// Back to the parent.
    Rewinds,
    /// A new commit in place of the last one.
    Rewrites,
    /// Back to the value before.
    Undoes,
    Deletes,
}

/// What becomes of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Ends,
    /// Somebody advances the side that is written between the look and the write.
    IsRaced,
    /// It dies when it has noted what it is about to write.
    DiesBeforeTheWrite,
    /// It dies when it has written.
    DiesAfterTheWrite,
}

/// What is noted before a push: where, and which value.
#[derive(Debug, Clone, Copy)]
struct Intent {
    to: Side,
    new: Option<Oid>,
}

/// How the mirror keeps its notes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Protocol {
    AsDesigned,
    /// It forgets what it was about to write when it died.
    WithoutIntents,
    /// It holds on to its base when both sides changed or a lease was lost.
    WithoutVoid,
}

#[derive(Debug)]
struct World {
    protocol: Protocol,
    policy: Policy,
    /// Each commit with its parent.
    parents: BTreeMap<Oid, Option<Oid>>,
    now: Both<Option<Oid>>,
    before: Both<Option<Oid>>,
    base: Base,
    intent: Option<Intent>,
    under_way: Both<Vec<Moved>>,
    told: Both<Vec<Moved>>,
    /// What was looked at, and written, so far: the values of both sides.
    looks: Vec<Both<Option<Oid>>>,
    writes: u32,
    wrong: Option<String>,
}

impl World {
    fn new(protocol: Protocol, policy: Policy) -> Self {
        Self {
            protocol,
            policy,
            parents: BTreeMap::new(),
            now: Both::default(),
            before: Both::default(),
            base: Base::Unknown,
            intent: None,
            under_way: Both::default(),
            told: Both::default(),
            looks: Vec::new(),
            writes: 0,
            wrong: None,
        }
    }

    fn descends(&self, descendant: Oid, ancestor: Oid) -> bool {
        std::iter::successors(Some(descendant), |id| self.parents[id]).any(|id| id == ancestor)
    }

    fn commit(&mut self, parent: Option<Oid>) -> Oid {
        let number = u8::try_from(self.parents.len() + 1).expect("histories are short");
        let id = Oid::from_bytes_or_panic(&[number; 20]);
        self.parents.insert(id, parent);
        id
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Person(side, deed) => self.person(side, deed),
            Step::Arrives { side, doubled } => {
                let under_way = self.under_way.of_mut(side);
                if !under_way.is_empty() {
                    let event = under_way.remove(0);
                    under_way.extend(doubled.then_some(event));
                    self.told.of_mut(side).push(event);
                }
            }
            Step::Lost(side) => {
                let under_way = self.under_way.of_mut(side);
                drop(under_way.drain(..under_way.len().min(1)));
            }
            Step::Run(fate) => self.run(fate),
        }
    }

    fn person(&mut self, side: Side, deed: Deed) {
        let now = *self.now.of(side);
        let parent = now.and_then(|id| self.parents[&id]);
        let new = match (deed, now) {
            (Deed::Advances, _) => Some(self.commit(now)),
            (Deed::Rewrites, Some(_)) => Some(self.commit(parent)),
            (Deed::Rewinds, Some(_)) => parent.or(now),
            (Deed::Undoes, _) => *self.before.of(side),
            (Deed::Deletes, _) => None,
            (Deed::Rewinds | Deed::Rewrites, None) => None,
        };
        if new != now {
            let old = now.map_or(OldValue::Absent, OldValue::At);
            self.under_way.of_mut(side).push(Moved { old, new });
            self.set(side, new);
        }
    }

    fn set(&mut self, side: Side, new: Option<Oid>) {
        *self.before.of_mut(side) = *self.now.of(side);
        *self.now.of_mut(side) = new;
    }

    fn verdict(&self) -> Verdict {
        let name = RefName::new("refs/heads/main").expect("a name");
        let hints = Hints {
            person: None,
            events: self.told.clone(),
        };
        let mut proofs = Proofs::default();
        loop {
            let sight = Sight {
                name: &name,
                seen: self.now,
                base: self.base,
                in_doubt: false,
                hints: &hints,
                named: false,
                proofs: &proofs,
            };
            match decide(Direction::TwoWay, &sight, &self.policy) {
                Verdict::NeedsLineage(question) => {
                    let answer = if self.descends(question.descendant, question.ancestor) {
                        Lineage::Descends
                    } else {
                        Lineage::Rewrites
                    };
                    proofs.insert(question, answer);
                }
                verdict => return verdict,
            }
        }
    }

    fn run(&mut self, fate: Fate) {
        if let Some(Intent { to, new }) = self.intent.take()
            && self.protocol != Protocol::WithoutIntents
        {
            self.base = if *self.now.of(to) == new {
                // It was written, or a person did the same meanwhile: either way both sides have had this value.
                self.looks.push(Both::from_fn(|_| new));
                Base::Agreed(new)
            } else {
                Base::Void
            };
        }
        self.looks.push(self.now);
        match self.verdict() {
            Verdict::InSync => self.base = Base::Agreed(self.now.source),
            Verdict::Write(change) => self.write(change, fate),
            Verdict::DeletionSkipped => self.base = Base::Void,
            Verdict::Refused(_) => self.give_up_base(),
            Verdict::LeftAlone | Verdict::NeedsLineage(_) => {}
        }
        self.told = Both::default();
    }

    fn give_up_base(&mut self) {
        if self.protocol != Protocol::WithoutVoid {
            self.base = Base::Void;
        }
    }

    fn write(&mut self, Change { to, action }: Change, fate: Fate) {
        self.intent = Some(Intent {
            to,
            new: action.new_value(),
        });
        match fate {
            Fate::DiesBeforeTheWrite => return,
            Fate::IsRaced => self.person(to, Deed::Advances),
            Fate::Ends | Fate::DiesAfterTheWrite => {}
        }
        if *self.now.of(to) != action.old_value() {
            self.intent = None;
            return self.give_up_base();
        }
        self.judge(to, action);
        self.writes += 1;
        self.set(to, action.new_value());
        self.looks.push(self.now);
        if fate != Fate::DiesAfterTheWrite {
            self.intent = None;
            self.base = Base::Agreed(action.new_value());
        }
    }

    /// A write may replace what it contains. Anything else may only be replaced if, since both sides were last seen with it, the
    /// side that is written was never seen with another value: then all that happened since happened on the other side.
    fn judge(&mut self, to: Side, action: Action) {
        let old = action.old_value();
        let contains = match (old, action.new_value()) {
            (Some(old), Some(new)) => self.descends(new, old),
            (None, _) => self.base == Base::Unknown,
            (Some(_), None) => false,
        };
        let kept = self.looks.iter().rev().take_while(|look| *look.of(to) == old);
        let agreed = { kept }.any(|look| look.source == look.target);
        // Without a base, only webhooks can tell.
        let told = self.base == Base::Unknown && action.new_value().is_some();
        if !contains && !agreed && !told {
            self.wrong = Some(format!("{action:?} on the {to} undoes what a person did there"));
        }
    }
}

fn a_side() -> impl Strategy<Value = Side> {
    prop_oneof![Just(Side::Source), Just(Side::Target)]
}

fn a_deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        4 => Just(Deed::Advances),
        2 => Just(Deed::Rewinds),
        2 => Just(Deed::Rewrites),
        2 => Just(Deed::Undoes),
        1 => Just(Deed::Deletes),
    ]
}

fn a_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (a_side(), a_deed()).prop_map(|(side, deed)| Step::Person(side, deed)),
        2 => (a_side(), any::<bool>()).prop_map(|(side, doubled)| Step::Arrives { side, doubled }),
        1 => a_side().prop_map(Step::Lost),
        4 => prop_oneof![
            4 => Just(Fate::Ends),
            1 => Just(Fate::IsRaced),
            1 => Just(Fate::DiesBeforeTheWrite),
            1 => Just(Fate::DiesAfterTheWrite),
        ].prop_map(Step::Run),
    ]
}

fn a_policy() -> impl Strategy<Value = Policy> {
    (any::<bool>(), any::<bool>(), any::<bool>()).prop_map(|(source, target, never)| Policy {
        sync_delete: Both { source, target },
        force: if never { Force::Never } else { Force::Lease },
    })
}

fn a_history() -> impl Strategy<Value = Vec<Step>> {
    proptest::collection::vec(a_step(), 1..40)
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        rng_seed: RngSeed::Fixed(20_261_121),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

fn live(protocol: Protocol, policy: Policy, history: &[Step]) -> World {
    let mut world = World::new(protocol, policy);
    for step in history {
        world.step(*step);
    }
    world
}

proptest! {
    #![proptest_config(config(4_000))]

    #[test]
    fn nobody_loses_what_they_did(history in a_history(), policy in a_policy()) {
        let world = live(Protocol::AsDesigned, policy, &history);
        prop_assert!(world.wrong.is_none(), "{:?}", world.wrong);
    }

    #[test]
    fn when_people_rest_so_does_the_mirror(history in a_history(), policy in a_policy()) {
        let mut world = live(Protocol::AsDesigned, policy, &history);
        // The first run may find the note of one that died, the second writes, the third finds nothing to do.
        for _ in 0..2 {
            world.run(Fate::Ends);
        }
        let (writes, now) = (world.writes, world.now);
        world.run(Fate::Ends);
        prop_assert_eq!((world.writes, world.now), (writes, now));
    }
}

/// Whether some history goes wrong under a protocol that is not the designed one.
fn goes_wrong(protocol: Protocol) -> bool {
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        max_shrink_iters: 0,
        ..config(20_000)
    });
    let found = runner.run(&(a_history(), a_policy()), |(history, policy)| {
        match live(protocol, policy, &history).wrong {
            None => Ok(()),
            Some(wrong) => Err(TestCaseError::fail(wrong)),
        }
    });
    found.is_err()
}

#[test]
fn without_its_notes_a_mirror_undoes_what_a_person_did() {
    // So the model sees what it is there to see.
    assert!(goes_wrong(Protocol::WithoutIntents));
    assert!(goes_wrong(Protocol::WithoutVoid));
}
