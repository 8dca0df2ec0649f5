//! A token that a host refused: whether it is another by now, and what two tries come to together.

use config::Secrets;
use engine::error::Fault;
use engine::report::{self, RefReport, Report};
use engine::side::{Both, Side};
use store::queue::Outcome;

use super::budget::{Denied, Verdict};
use super::ends::{End, Sent};

/// What a run of the engine came to, with what it learned of its hosts.
#[derive(Debug, Default)]
pub(super) struct Came {
    /// The engine's report.
    pub(super) report: Report,
    /// Why it was not let through to a host, if it was not.
    pub(super) denied: Option<Denied>,
    /// What was learned of tokens.
    pub(super) verdicts: Vec<Verdict>,
}

impl Came {
    /// This and the second try after it, with another token. That the first token was refused concerns nobody any more; what the
    /// first try wrote is not lost.
    pub(super) fn then(self, second: Self) -> Self {
        let accepted = |verdict: &Verdict| matches!(verdict, Verdict::Accepted { .. });
        let verdicts = self.verdicts.into_iter().filter(accepted);
        Self {
            report: together(self.report, second.report),
            denied: second.denied,
            verdicts: verdicts.chain(second.verdicts).collect(),
        }
    }
}

fn together(first: Report, second: Report) -> Report {
    let mut whole = second;
    for one in first.references {
        if !is_written(&one) {
            continue;
        }
        let place = whole
            .references
            .binary_search_by(|other| other.name.cmp(&one.name));
        match place {
            Ok(place) if is_equal(&whole.references[place]) => whole.references[place] = one,
            // It moved again since, and the second try tells of that.
            Ok(_) => {}
            Err(place) => whole.references.insert(place, one),
        }
    }
    let mut stages = first.stages;
    stages.append(&mut whole.stages);
    whole.stages = stages;
    whole.bytes += first.bytes;
    let mut bases = first.bases;
    bases.append(&mut whole.bases);
    whole.bases = bases;
    whole.intents_done.extend(first.intents_done);
    whole
}

fn is_written(reference: &RefReport) -> bool {
    matches!(
        reference.outcome,
        report::Outcome::Created | report::Outcome::Updated(_) | report::Outcome::Deleted
    )
}

fn is_equal(reference: &RefReport) -> bool {
    matches!(
        reference.outcome,
        report::Outcome::UpToDate | report::Outcome::AlreadyThere
    )
}

/// Whether a token that was refused is another one by now: read anew, once. A token that was refused before, and was not shown this
/// time, is read anew for a person alone (`asked`): one of what is due shows it every minute.
pub(super) async fn is_new_secret(secrets: &Secrets, asked: bool, came: &Came, ends: &Both<End>) -> bool {
    let token = match (&came.denied, &came.report.error) {
        (
            Some(Denied::Refused {
                credential, tried, ..
            }),
            _,
        ) if *tried || asked => of_credential(ends, credential),
        (None, Some(error)) if matches!(error.kind, Fault::Unauthorized { .. }) => {
            ends.of(error.side).token.as_ref()
        }
        _ => None,
    };
    match token {
        Some(token) => secrets.refresh(&token.secret).await.unwrap_or(false),
        None => false,
    }
}

fn of_credential<'a>(ends: &'a Both<End>, credential: &str) -> Option<&'a Sent> {
    let tokens = [Side::Source, Side::Target].map(|side| ends.of(side).token.as_ref());
    tokens
        .into_iter()
        .flatten()
        .find(|token| token.credential == credential)
}

/// A run that was not let through to a host tells why, and not that some server is busy.
pub(super) fn say_denied(outcome: &mut Outcome, denied: &Denied) {
    outcome.error = Some(denied.to_string());
    let fault = outcome
        .run
        .as_mut()
        .and_then(|finished| finished.run.fault.as_mut());
    if let Some(fault) = fault {
        fault.kind = denied.kind().to_owned();
        fault.message = denied.to_string();
        fault.advice = denied.advice();
    }
}

#[cfg(test)]
mod tests {
    use engine::decide::Lineage;
    use store::Time;

    use super::*;
    use crate::work::tests::fixture::reference;

    fn came(references: Vec<RefReport>, verdicts: Vec<Verdict>) -> Came {
        Came {
            report: Report {
                references,
                bytes: 1,
                ..Report::default()
            },
            denied: None,
            verdicts,
        }
    }

    #[test]
    fn what_the_first_try_wrote_is_told_with_the_second() {
        let updated = report::Outcome::Updated(Lineage::Descends);
        let first = vec![
            reference("a", '2', '1', updated.clone()),
            reference("b", '2', '1', updated.clone()),
            reference("c", '2', '1', report::Outcome::NotWritten),
        ];
        let second = vec![
            reference("b", '2', '2', report::Outcome::UpToDate),
            reference("c", '2', '1', updated.clone()),
        ];
        let verdicts = vec![
            Verdict::Accepted {
                credential: "one".into(),
            },
            Verdict::Refused {
                credential: "other".into(),
                key: "other".into(),
                hash: "h".into(),
                status: 401,
            },
        ];
        let both = came(first, verdicts).then(came(second, Vec::new()));
        let names = ["a", "b", "c"].map(|short| reference(short, '2', '1', updated.clone()));
        assert_eq!(both.report.references, names);
        assert_eq!(both.report.bytes, 2);
        assert!(matches!(&both.verdicts[..], [Verdict::Accepted { credential }] if credential == "one"));
    }

    #[test]
    fn a_run_that_was_held_back_is_no_busy_server() {
        let run = crate::work::tests::fixture::run(store::run::Inputs::default());
        let run = crate::work::record::refused_setup(run, "busy", "the server is busy".into(), None, Time(0));
        let mut outcome = Outcome {
            run: Some(store::run::Finished {
                run,
                references: Vec::new(),
                log: Vec::new(),
            }),
            ..Outcome::default()
        };
        let denied = Denied::Refused {
            side: Side::Target,
            credential: "ghe".into(),
            status: 403,
            since: Time(1_800_000_000_000),
            until: Time(1_800_000_060_000),
            tried: false,
        };
        say_denied(&mut outcome, &denied);
        let fault = outcome.run.unwrap().run.fault.unwrap();
        assert_eq!(fault.kind, "forbidden");
        assert!(
            fault
                .message
                .contains("credential `ghe` (403) since 2027-01-15T08:00:00Z"),
            "{fault:?}"
        );
        assert_eq!(outcome.error, Some(fault.message));
    }
}
