//! What became of each reference, written down as it becomes known.

use std::collections::BTreeSet;

use gitwire::RefName;

use crate::event::{Event, Listener};
use crate::plan::Planned;
use crate::report::{Outcome, RefReport, Report};

/// Writes into a report and tells the listener.
pub(crate) struct Ledger<'a> {
    pub(crate) report: &'a mut Report,
    listener: &'a Listener,
    open: BTreeSet<RefName>,
}

impl<'a> Ledger<'a> {
    pub(crate) fn new(report: &'a mut Report, listener: &'a Listener) -> Self {
        Self {
            report,
            listener,
            open: BTreeSet::new(),
        }
    }

    /// Enters what is known of a reference that is not written.
    pub(crate) fn enter(&mut self, reference: RefReport) {
        self.listener.tell(Event::Reference(reference.clone()));
        self.report.references.push(reference);
    }

    /// Enters what became of a write. Only its first outcome counts.
    pub(crate) fn settle(&mut self, planned: &Planned, outcome: Outcome) {
        if self.open.remove(&planned.name) {
            self.enter(planned.report(outcome));
        }
    }

    /// Expects an outcome for each of these writes.
    pub(crate) fn expect(&mut self, writes: &[Planned]) {
        self.open
            .extend(writes.iter().map(|planned| planned.name.clone()));
    }

    /// Enters the writes that were not tried.
    pub(crate) fn close(&mut self, writes: &[Planned]) {
        for planned in writes {
            self.settle(planned, Outcome::NotWritten);
        }
    }
}
