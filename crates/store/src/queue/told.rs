//! Who told what of a due reference: kept as JSON in its row, bounded.

use engine::decide::{Hints, Moved};
use engine::side::Side;
use serde::{Deserialize, Serialize};

use crate::codec::{old_word, parse_oid, parse_old, parse_side, side_word};
use crate::queue::Due;
use crate::{StoreError, Time};

/// How many events are kept for a side of a reference. What is dropped beyond is a hint: less is known, nothing is lost.
const EVENTS: usize = 64;

/// One thing that was told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Told {
    /// Of the mirror's sequence.
    pub(crate) number: i64,
    pub(crate) at: Time,
    pub(crate) by: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) delivery: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) event: Option<Event>,
}

/// An event, as spelled in the database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Event {
    side: String,
    old: String,
    pub(crate) new: Option<String>,
}

impl Told {
    pub(crate) fn of(due: &Due, number: i64, at: Time) -> Self {
        Self {
            number,
            at,
            by: due.trigger.clone(),
            delivery: due.delivery.clone(),
            event: due.event.as_ref().map(|(side, moved)| Event {
                side: side_word(*side).to_owned(),
                old: old_word(moved.old),
                new: moved.new.map(|id| id.to_string()),
            }),
        }
    }
}

impl Event {
    fn read(&self) -> Result<(Side, Moved), StoreError> {
        let moved = Moved {
            old: parse_old(&self.old)?,
            new: self.new.as_deref().map(parse_oid).transpose()?,
        };
        Ok((parse_side(&self.side)?, moved))
    }
}

/// Adds to what was told, and drops what is too much: the oldest events of that side, and what the same trigger told before without
/// an event.
pub(crate) fn add(told: &mut Vec<Told>, new: Told) {
    match &new.event {
        None => told.retain(|old| old.event.is_some() || old.by != new.by),
        Some(event) => {
            let side = event.side.clone();
            let same = |old: &Told| old.event.as_ref().is_some_and(|event| event.side == side);
            let mut spare = (told.iter().filter(|old| same(old)).count() + 1).saturating_sub(EVENTS);
            told.retain(|old| {
                let drop = spare > 0 && same(old);
                spare -= usize::from(drop);
                !drop
            });
        }
    }
    told.push(new);
}

/// The events of each side, oldest first.
pub(crate) fn hints(told: &[Told]) -> Result<Hints, StoreError> {
    let mut hints = Hints::default();
    for event in told.iter().filter_map(|told| told.event.as_ref()) {
        let (side, moved) = event.read()?;
        hints.events.of_mut(side).push(moved);
    }
    Ok(hints)
}
