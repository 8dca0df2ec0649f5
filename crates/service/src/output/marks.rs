//! How things are, as people read it: one symbol, one colour, one word for each state.

use super::style::Tone;
use super::view::Mark;
use crate::api::model::check::CheckResult;
use crate::api::model::mirror::MirrorState;
use crate::api::model::reference::ReferenceState;
use crate::api::model::run::RunState;

const fn mark(symbol: &'static str, tone: Tone, word: &'static str) -> Mark {
    Mark { symbol, tone, word }
}

/// Of a mirror.
pub(crate) fn mirror(state: MirrorState) -> Mark {
    match state {
        MirrorState::New => mark("○", Tone::Quiet, "new"),
        MirrorState::InSync => mark("✓", Tone::Good, "in sync"),
        MirrorState::Moving => mark("*", Tone::Forced, "moving"),
        MirrorState::Waiting => mark("!", Tone::Bad, "waiting"),
        MirrorState::Failed => mark("✗", Tone::Bad, "failed"),
        MirrorState::Paused => mark("‖", Tone::Quiet, "paused"),
        MirrorState::Parked => mark("-", Tone::Quiet, "parked"),
    }
}

/// Of a run.
pub(crate) fn run(state: RunState) -> Mark {
    match state {
        RunState::Queued => mark("○", Tone::Forced, "queued"),
        RunState::Running => mark("*", Tone::Forced, "running"),
        RunState::Succeeded => mark("✓", Tone::Good, "succeeded"),
        RunState::Refused => mark("!", Tone::Bad, "refused"),
        RunState::Held => mark("!", Tone::Forced, "held"),
        RunState::Failed => mark("✗", Tone::Bad, "failed"),
        RunState::Cancelled => mark("-", Tone::Quiet, "cancelled"),
    }
}

/// Of a reference on two sides.
pub(crate) fn reference(state: ReferenceState) -> Mark {
    match state {
        ReferenceState::InSync => mark("✓", Tone::Good, "in sync"),
        ReferenceState::Behind => mark("*", Tone::Forced, "behind"),
        ReferenceState::Conflict => mark("!", Tone::Bad, "conflict"),
        ReferenceState::Held => mark("!", Tone::Forced, "held"),
        ReferenceState::Rejected => mark("✗", Tone::Bad, "rejected"),
        ReferenceState::Refused => mark("✗", Tone::Bad, "refused"),
        ReferenceState::Deletion => mark("-", Tone::Quiet, "deletion not mirrored"),
        ReferenceState::TargetOnly => mark("+", Tone::Quiet, "on the target alone"),
    }
}

/// Of a check.
pub(crate) fn check(result: CheckResult) -> Mark {
    match result {
        CheckResult::Ok => mark("✓", Tone::Good, "ok"),
        CheckResult::Warning => mark("!", Tone::Forced, "warning"),
        CheckResult::Failed => mark("✗", Tone::Bad, "failed"),
        CheckResult::Skipped => mark("-", Tone::Quiet, "skipped"),
    }
}

/// Of what became of one reference in a run, by its stable word.
pub(crate) fn outcome(word: &str) -> Mark {
    match word {
        "created" | "fast-forwarded" | "deleted" => mark("✓", Tone::Good, "written"),
        "forced" | "replaced" => mark("+", Tone::Forced, "forced"),
        "up-to-date" | "already-there" | "left-alone" | "deletion-skipped" => {
            mark("=", Tone::Quiet, "unchanged")
        }
        "held" => mark("!", Tone::Forced, "held"),
        "conflict" => mark("!", Tone::Bad, "conflict"),
        _ => mark("✗", Tone::Bad, "not written"),
    }
}

#[cfg(test)]
mod tests {
    use engine::decide::{Lineage, Refusal};
    use engine::report::Outcome;

    use super::*;
    use crate::output::json::words::OutcomeWord;

    #[test]
    fn what_was_written_is_good_and_what_was_not_is_bad() {
        let tone = |outcome: &Outcome| {
            let word = serde_json::to_value(OutcomeWord::from(outcome)).unwrap();
            super::outcome(word.as_str().unwrap()).tone
        };
        for good in [
            Outcome::Created,
            Outcome::Updated(Lineage::Descends),
            Outcome::Deleted,
        ] {
            assert_eq!(tone(&good), Tone::Good, "{good:?}");
        }
        for forced in [
            Outcome::Updated(Lineage::Rewrites),
            Outcome::Updated(Lineage::Unproven),
        ] {
            assert_eq!(tone(&forced), Tone::Forced, "{forced:?}");
        }
        for quiet in [
            Outcome::UpToDate,
            Outcome::AlreadyThere,
            Outcome::DeletionSkipped,
            Outcome::LeftAlone,
        ] {
            assert_eq!(tone(&quiet), Tone::Quiet, "{quiet:?}");
        }
        for bad in [
            Outcome::Refused(Refusal::Conflict),
            Outcome::LeaseLost { now: None },
            Outcome::NotWritten,
            Outcome::Unknown,
        ] {
            assert_eq!(tone(&bad), Tone::Bad, "{bad:?}");
        }
    }
}
