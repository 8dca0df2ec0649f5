//! The base of a reference: what both sides last agreed on, and how it moves. Pure: no I/O, no clock.
//!
//! Whoever keeps bases hands them to a run and takes back those that moved. Before each push the intent is written down; a run
//! that was cut leaves it behind, and the next one finds out with [`found`] what it came to.

use gitwire::Oid;

use crate::decide::{Base, Direction, Refusal};
use crate::report::{Outcome, RefReport};
use crate::side::{Both, Side};

/// A write that is about to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Intent {
    /// The side it goes to.
    pub to: Side,
    /// The value there before: the lease. `None` if it did not exist.
    pub old: Option<Oid>,
    /// The value it is to get; `None` for a deletion.
    pub new: Option<Oid>,
}

/// What became of a reference, as far as its base depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Became {
    /// One side was written.
    Written {
        /// That side.
        to: Side,
        /// What it has now; `None` after a deletion.
        value: Option<Oid>,
    },
    /// Somebody else wrote the very value before us. The other side may have moved on before that: the two need never have been equal.
    Coincided,
    /// Both sides changed, and nobody decided.
    Conflict,
    /// It was deleted on one side, and the other was left alone.
    DeletionSkipped,
    /// Somebody else moved it between our look and our write.
    LeaseLost,
    /// Nobody knows whether the write was made, or may still be.
    Unsure,
    /// The same where its intent tells a later run more than a void base would: the intent and the base are kept.
    Open,
    /// Nothing was written, for whatever other reason.
    Left,
}

impl Became {
    /// What a report means for the base.
    pub fn of(report: &RefReport) -> Self {
        match report.outcome {
            Outcome::Created | Outcome::Updated(_) | Outcome::Deleted => Self::Written {
                to: report.to,
                value: report.new,
            },
            Outcome::AlreadyThere => Self::Coincided,
            Outcome::Refused(Refusal::Conflict) => Self::Conflict,
            Outcome::DeletionSkipped => Self::DeletionSkipped,
            Outcome::LeaseLost { .. } => Self::LeaseLost,
            Outcome::Unknown => Self::Unsure,
            Outcome::UpToDate
            | Outcome::LeftAlone
            | Outcome::Refused(_)
            | Outcome::Rejected(_)
            | Outcome::Held
            | Outcome::Standing
            | Outcome::NotWritten => Self::Left,
        }
    }

    /// The same in a mirror of this direction. In a one-way mirror nobody but refsync writes the target: the very value there is
    /// its own, and an intent tells all that is to be known.
    pub fn in_direction(self, direction: Direction, report: &RefReport) -> Self {
        match (direction, self) {
            (Direction::OneWay, Self::Coincided) => Self::Written {
                to: report.to,
                value: report.new,
            },
            (Direction::OneWay, Self::Unsure) => Self::Open,
            (_, became) => became,
        }
    }
}

/// Whether an intent to create a reference leaves a doubt: the side that was to be written has none, and the other one still has.
/// The creation may not have been made, or may have been and a person deleted it since. To create it again could bring back what
/// was deleted, and to leave it alone could mirror it never: only a person can tell. The intent is kept until the doubt ends, and
/// so the difference is shown in every run.
pub fn is_in_doubt(intent: &Intent, seen: Both<Option<Oid>>) -> bool {
    let creation = intent.old.is_none() && intent.new.is_some();
    creation && seen.of(intent.to).is_none() && seen.of(intent.to.other()).is_some()
}

/// The base that an intent whose end nobody recorded leaves, once both sides were seen: the new value if the side that was to be
/// written shows it, otherwise void. The write may not have been made, or may have been and a person put the old value back.
pub fn after_intent(intent: &Intent, seen: Both<Option<Oid>>) -> Base {
    if *seen.of(intent.to) == intent.new {
        Base::Agreed(intent.new)
    } else {
        Base::Void
    }
}

/// The base that a decision rests on, from the one that was kept and an intent that was left behind.
///
/// In a one-way mirror nobody but refsync writes the target. If that still has the old value, the write was not made, and the base
/// is what it was; a void one would turn every rewrite that was cut into a question to a person.
pub fn found(direction: Direction, kept: Base, intent: Option<&Intent>, seen: Both<Option<Oid>>) -> Base {
    match intent {
        None => kept,
        Some(intent)
            if direction == Direction::OneWay
                && intent.old != intent.new
                && *seen.of(intent.to) == intent.old =>
        {
            kept
        }
        Some(intent) => after_intent(intent, seen),
    }
}

/// The base after a run that rested on `base`, in which the sides were `seen` so, before it wrote, and this `became` of the
/// reference.
///
/// It moves only when both sides were seen, or written, with the same value; what neither side has any more is forgotten
/// ([`Base::Unknown`]). It is void after a conflict, a deletion that was left alone, a lost lease, also to somebody who wrote the
/// same, an unknown end, and where a person had a side written with a value that the other one does not have.
pub fn after(base: Base, seen: Both<Option<Oid>>, became: Became) -> Base {
    match became {
        Became::Written { to, value } if *seen.of(to.other()) == value => agreed(value),
        // What was never agreed on may still be made on the other side, as a parked reference is.
        Became::Written { .. } if base == Base::Unknown => Base::Unknown,
        Became::Written { .. } => Base::Void,
        _ if seen.source == seen.target => agreed(seen.source),
        Became::Coincided
        | Became::Conflict
        | Became::DeletionSkipped
        | Became::LeaseLost
        | Became::Unsure => Base::Void,
        Became::Open | Became::Left => base,
    }
}

fn agreed(value: Option<Oid>) -> Base {
    value.map_or(Base::Unknown, |id| Base::Agreed(Some(id)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decide::Lineage;

    fn id(digit: u8) -> Oid {
        gitwire::parse_oid(&[b'0' + digit; 40]).unwrap()
    }

    fn at(source: u8, target: u8) -> Both<Option<Oid>> {
        let value = |digit: u8| (digit > 0).then(|| id(digit));
        Both {
            source: value(source),
            target: value(target),
        }
    }

    fn base(digit: u8) -> Base {
        Base::Agreed(Some(id(digit)))
    }

    const ALL: [Base; 2] = [Base::Unknown, Base::Void];

    const LEFT: [Became; 6] = [
        Became::Coincided,
        Became::Conflict,
        Became::DeletionSkipped,
        Became::LeaseLost,
        Became::Unsure,
        Became::Left,
    ];

    #[test]
    fn both_sides_seen_equal_agree_whatever_was_known_before() {
        for before in ALL.into_iter().chain([base(3)]) {
            for became in LEFT {
                assert_eq!(after(before, at(1, 1), became), base(1), "{before:?} {became:?}");
            }
        }
    }

    #[test]
    fn what_neither_side_has_is_forgotten() {
        for before in ALL.into_iter().chain([base(3)]) {
            assert_eq!(after(before, at(0, 0), Became::Left), Base::Unknown);
        }
        let deleted = Became::Written {
            to: Side::Target,
            value: None,
        };
        assert_eq!(after(base(1), at(0, 1), deleted), Base::Unknown);
    }

    #[test]
    fn a_write_of_the_other_sides_value_is_the_new_base() {
        let written = |to, digit| Became::Written {
            to,
            value: Some(id(digit)),
        };
        assert_eq!(after(base(1), at(2, 1), written(Side::Target, 2)), base(2));
        assert_eq!(after(Base::Void, at(1, 2), written(Side::Source, 2)), base(2));
        assert_eq!(after(Base::Unknown, at(2, 0), written(Side::Target, 2)), base(2));
    }

    #[test]
    fn a_write_of_another_value_is_nothing_to_rely_on() {
        let written = Became::Written {
            to: Side::Target,
            value: Some(id(3)),
        };
        assert_eq!(after(base(1), at(2, 1), written), Base::Void);
        assert_eq!(after(base(2), at(2, 2), written), Base::Void, "an undo");
        assert_eq!(after(Base::Unknown, at(2, 1), written), Base::Unknown);
    }

    #[test]
    fn what_nobody_can_rely_on_makes_the_base_void() {
        for became in [
            Became::Coincided,
            Became::Conflict,
            Became::DeletionSkipped,
            Became::LeaseLost,
            Became::Unsure,
        ] {
            for before in ALL.into_iter().chain([base(1)]) {
                assert_eq!(after(before, at(2, 1), became), Base::Void, "{became:?}");
            }
        }
    }

    #[test]
    fn what_was_not_tried_keeps_its_base() {
        for before in ALL.into_iter().chain([base(1)]) {
            assert_eq!(after(before, at(2, 1), Became::Left), before);
        }
    }

    fn intent(old: u8, new: u8) -> Intent {
        let Both {
            source: old,
            target: new,
        } = at(old, new);
        Intent {
            to: Side::Target,
            old,
            new,
        }
    }

    #[test]
    fn an_intent_whose_value_is_there_was_carried_out() {
        assert_eq!(after_intent(&intent(1, 2), at(3, 2)), base(2));
        assert_eq!(after_intent(&intent(1, 0), at(3, 0)), Base::Agreed(None));
        for direction in [Direction::OneWay, Direction::TwoWay] {
            assert_eq!(found(direction, base(1), Some(&intent(1, 2)), at(3, 2)), base(2));
        }
    }

    #[test]
    fn an_intent_whose_value_is_not_there_leaves_nothing_to_rely_on() {
        for seen in [at(2, 1), at(2, 3), at(1, 1), at(2, 0)] {
            assert_eq!(after_intent(&intent(1, 2), seen), Base::Void);
            assert_eq!(
                found(Direction::TwoWay, base(1), Some(&intent(1, 2)), seen),
                Base::Void
            );
        }
    }

    #[test]
    fn a_one_way_write_that_was_not_made_keeps_the_base() {
        let one_way = |seen| found(Direction::OneWay, base(1), Some(&intent(1, 2)), seen);
        assert_eq!(one_way(at(2, 1)), base(1));
        assert_eq!(one_way(at(2, 3)), Base::Void);
    }

    #[test]
    fn without_an_intent_the_kept_base_holds() {
        assert_eq!(found(Direction::TwoWay, base(1), None, at(2, 3)), base(1));
    }

    #[test]
    fn in_a_one_way_mirror_what_is_there_is_our_own_and_an_open_end_stays_open() {
        let report = RefReport {
            name: gitwire::RefName::new("refs/heads/main").unwrap(),
            to: Side::Target,
            old: Some(id(1)),
            new: Some(id(2)),
            outcome: Outcome::AlreadyThere,
            old_told: false,
            seen: at(2, 1),
        };
        let one_way = |became: Became| became.in_direction(Direction::OneWay, &report);
        assert_eq!(after(base(1), at(2, 1), one_way(Became::Coincided)), base(2));
        assert_eq!(one_way(Became::Unsure), Became::Open);
        assert_eq!(after(base(1), at(2, 1), Became::Open), base(1));
        let two_way = Became::Coincided.in_direction(Direction::TwoWay, &report);
        assert_eq!(two_way, Became::Coincided);
    }

    #[test]
    fn a_report_says_what_it_means_for_the_base() {
        let report = |outcome| RefReport {
            name: gitwire::RefName::new("refs/heads/main").unwrap(),
            to: Side::Target,
            old: Some(id(1)),
            new: Some(id(2)),
            outcome,
            old_told: false,
            seen: at(2, 1),
        };
        let became = |outcome| Became::of(&report(outcome));
        let written = Became::Written {
            to: Side::Target,
            value: Some(id(2)),
        };
        assert_eq!(became(Outcome::Updated(Lineage::Descends)), written);
        assert_eq!(became(Outcome::AlreadyThere), Became::Coincided);
        assert_eq!(became(Outcome::Refused(Refusal::Conflict)), Became::Conflict);
        assert_eq!(became(Outcome::Refused(Refusal::OutOfSync)), Became::Left);
        assert_eq!(became(Outcome::LeaseLost { now: None }), Became::LeaseLost);
        assert_eq!(became(Outcome::DeletionSkipped), Became::DeletionSkipped);
        assert_eq!(became(Outcome::Unknown), Became::Unsure);
        for outcome in [
            Outcome::Held,
            Outcome::Standing,
            Outcome::NotWritten,
            Outcome::LeftAlone,
        ] {
            assert_eq!(became(outcome), Became::Left);
        }
    }
}
