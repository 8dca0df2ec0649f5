//! What must hold, whatever happens.

use engine::decide::Verdict;
use engine::side::{Both, Side};
use stateright::Property;

use crate::history::Value;
use crate::protocol::World;
use crate::state::{Reference, Run, Sighted, State};

/// A commit that a person pushed and nobody took away since is on one side at least.
pub(crate) const LOST: &str = "no commit whose latest human act was a push is gone from both sides";
/// A worker does not undo what a person did on that side since.
pub(crate) const UNDONE: &str = "nothing that a person did is undone by what came before";
/// Nothing is written again and again.
pub(crate) const PING_PONG: &str = "both sides come to rest";
/// When all is quiet both sides have the same, or the difference is shown.
pub(crate) const SETTLED: &str = "at rest both sides are equal or the difference is shown";

/// The check sees something at all.
pub(crate) const WRITTEN: &str = "a value is written";
/// It sees what workers do not settle.
pub(crate) const LEFT: &str = "a difference is left to people";

/// A person's act may be written to the other side, and once more by a run that had looked before it.
const WRITES: u8 = 2;

pub(crate) fn all<const R: usize>() -> Vec<Property<World<R>>> {
    vec![
        Property::always(LOST, |_, state: &State<R>| {
            state.refs.iter().all(|it| it.unknowable || !it.lost())
        }),
        Property::always(UNDONE, |_, state: &State<R>| {
            state.refs.iter().all(|it| it.unknowable || !it.undone)
        }),
        Property::always(PING_PONG, |_, state: &State<R>| {
            state.refs.iter().all(|it| it.writes <= WRITES)
        }),
        Property::always(SETTLED, settles),
        Property::sometimes(WRITTEN, |_, state: &State<R>| {
            state.refs.iter().any(|it| it.writes > 0)
        }),
        Property::sometimes(LEFT, |world, state: &State<R>| {
            state.acts == 0 && resting(state) && !rest(world, state.clone()).refs.iter().all(Reference::equal)
        }),
    ]
}

fn resting<const R: usize>(state: &State<R>) -> bool {
    state.run.is_none() && state.astray.is_none()
}

/// Runs without a fault, until nothing can be left to do: the first may find an intent, the second writes.
fn rest<const R: usize>(world: &World<R>, mut state: State<R>) -> State<R> {
    for _ in 0..2 {
        sweep(world, &mut state);
    }
    state
}

fn sweep<const R: usize>(world: &World<R>, state: &mut State<R>) {
    let mut run = crate::protocol::claim(state);
    while let Some(next) = world.work(state, run, true) {
        run = next;
    }
}

fn settles<const R: usize>(world: &World<R>, state: &State<R>) -> bool {
    if !resting(state) {
        return true;
    }
    let rested = rest(world, state.clone());
    let mut again = rested.clone();
    sweep(world, &mut again);
    let quiet = |index: usize| {
        let (it, then) = (&rested.refs[index], &again.refs[index]);
        (it.now, it.base, it.intent) == (then.now, then.base, then.intent)
    };
    (0..R).all(|index| quiet(index) && (rested.refs[index].equal() || shown(world, &rested.refs[index])))
}

/// Whether people are told of a difference: as a conflict, or as a deletion that their configuration does not mirror. What nobody
/// deleted is left alone by nobody's wish.
fn shown<const R: usize>(world: &World<R>, reference: &Reference) -> bool {
    let Run { refs, .. } = crate::protocol::claim(&State::<1> {
        refs: [reference.clone()],
        run: None,
        astray: None,
        acts: 0,
        faults: 0,
    });
    let sighted: Sighted = refs[0];
    let seen = Both::from_fn(|side| reference.of(side).id());
    match world.verdict(reference, &sighted, seen) {
        Verdict::Refused(_) => true,
        Verdict::DeletionSkipped | Verdict::LeftAlone => {
            let has = |side: &Side| reference.of(*side) != Value::default();
            let side = [Side::Source, Side::Target].into_iter().find(has);
            reference.deleted && side.is_some_and(|side| !world.0.policy.sync_delete.of(side))
        }
        Verdict::InSync | Verdict::Write(_) | Verdict::NeedsLineage(_) => false,
    }
}
