use engine::decide::{Base, Direction, Lineage, Refusal};
use engine::error::{Error, Fault, Stage};
use engine::rejection::{RejectReason, Rejection};
use engine::report::{Outcome as Became, RefReport, Report};
use engine::request::Request;
use engine::side::{Both, Side};
use store::Time;
use store::conflict::{Standing, Why};
use store::queue::{Dues, Memory, Outcome, Work};
use store::run::{Inputs, Order, State};

use super::{Ran, record};
use crate::work::retry::Dice;
use crate::work::tests::fixture::{
    NOW, claim, dues, event, id, mirror, name, oid, reference, request, run, seen, swept,
};

mod due;
mod swept;
mod waiting;
mod written;

/// A run to be recorded.
struct Case {
    direction: Direction,
    work: Work,
    inputs: Inputs,
    memory: Memory,
    report: Report,
    narrow: Box<dyn Fn(&mut Request)>,
}

impl Case {
    fn due(dues: Dues, references: Vec<RefReport>) -> Self {
        let only = (!dues.all).then(|| dues.names.keys().cloned().collect());
        Self {
            direction: Direction::OneWay,
            work: Work::Due(dues),
            inputs: Inputs::default(),
            memory: Memory::default(),
            report: Report {
                references,
                ..Report::default()
            },
            narrow: Box::new(move |request| request.only = Clone::clone(&only)),
        }
    }

    fn asked(inputs: Inputs, references: Vec<RefReport>) -> Self {
        Self {
            work: Work::Asked(Box::new(run(inputs.clone()))),
            inputs,
            ..Self::due(swept(), references)
        }
    }

    fn remembering(mut self, standing: &[Standing]) -> Self {
        self.memory.standing = standing.to_vec();
        self
    }

    fn failing(mut self, side: Side, kind: Fault) -> Self {
        self.report.error = Some(Error {
            side,
            stage: Stage::Observe,
            url: "https://one.example/app.git".into(),
            kind,
        });
        self
    }

    fn record(&self) -> Outcome {
        let mirror = mirror(self.direction);
        let mut request = request(&mirror);
        (self.narrow)(&mut request);
        request.dry_run = self.inputs.dry_run;
        record(Ran {
            claim: &claim(self.work.clone()),
            mirror: Some(&mirror),
            request: &request,
            memory: &self.memory,
            report: &self.report,
            run: run(self.inputs.clone()),
            log: Vec::new(),
            now: NOW,
            dice: Dice(0.5),
        })
    }

    fn state(&self) -> State {
        self.record().run.expect("the run has a row").run.state
    }
}

fn standing(short: &str, why: Why, source: char, target: char) -> Standing {
    Standing {
        name: name(short),
        why,
        seen: seen(source, target),
        base: Base::Unknown,
        text: "before".into(),
        run: "0191".into(),
        since: Time(NOW.0 - 1_000),
    }
}

fn rejected(reason: RejectReason) -> Became {
    Became::Rejected(Rejection {
        reason,
        raw: "no".into(),
    })
}

fn in_seconds(seconds: i64) -> Option<Time> {
    Some(Time(NOW.0 + seconds * 1_000))
}

fn webhook(outcome: Became) -> Case {
    Case::due(
        dues(&[("main", &[event('a', 'b')])]),
        vec![reference("main", 'b', 'a', outcome)],
    )
}

const FORWARD: Became = Became::Updated(Lineage::Descends);
