//! What became of each reference, written down as it becomes known, and what that means for its base.

use std::collections::BTreeSet;

use gitwire::RefName;

use crate::base::{Became, after};
use crate::event::{Event, Listener};
use crate::plan::Planned;
use crate::report::{Outcome, RefReport, Report};
use crate::request::Request;

/// Writes into a report and tells the listener.
pub(crate) struct Ledger<'a> {
    pub(crate) report: &'a mut Report,
    request: &'a Request,
    listener: &'a Listener,
    open: BTreeSet<RefName>,
    /// The writes whose intents were recorded.
    intended: BTreeSet<RefName>,
}

impl<'a> Ledger<'a> {
    pub(crate) fn new(report: &'a mut Report, request: &'a Request, listener: &'a Listener) -> Self {
        Self {
            report,
            request,
            listener,
            open: BTreeSet::new(),
            intended: BTreeSet::new(),
        }
    }

    /// Enters what is known of a reference that is not written.
    pub(crate) fn enter(&mut self, reference: RefReport) {
        let became = Became::of(&reference);
        self.enter_as(reference, became);
    }

    fn enter_as(&mut self, reference: RefReport, became: Became) {
        if !self.report.dry_run {
            self.digest(&reference, became);
            self.remember(&reference, became);
        }
        self.listener.tell(Event::Reference(reference.clone()));
        self.report.references.push(reference);
    }

    /// Notes what is listed from now on.
    fn digest(&mut self, RefReport { name, seen, .. }: &RefReport, became: Became) {
        if let (Became::Written { to, value }, Some(digest)) = (became, &mut self.report.digest)
            && self.request.scope.covers(name)
        {
            digest.replace(to, name, *seen.of(to), value);
        }
    }

    fn remember(&mut self, reference: &RefReport, became: Became) {
        let RefReport { name, seen, .. } = reference;
        let direction = self.request.bases_direction();
        let became = match became.in_direction(direction, reference) {
            // Whether it was made can be seen later, and whether it was deleted since is for people to say.
            Became::Unsure if reference.old.is_none() && self.intended.contains(name) => Became::Open,
            became => became,
        };
        let settled = !matches!(
            became,
            Became::Open | Became::Unsure | Became::Conflict | Became::Left
        );
        if self.request.is_in_doubt(name, seen) && !settled {
            return;
        }
        let base = after(self.request.base(name, seen), *seen, became);
        if self.request.keep_bases && base != self.request.kept_base(name) {
            self.report.bases.insert(name.clone(), base);
        }
        let noted = self.request.intents.contains_key(name) || self.intended.contains(name);
        if noted && became != Became::Open {
            self.report.intents_done.insert(name.clone());
        }
    }

    /// The intents of these writes are recorded.
    pub(crate) fn intended(&mut self, names: impl IntoIterator<Item = RefName>) {
        self.intended.extend(names);
    }

    /// Whether the intent of a write is recorded.
    pub(crate) fn is_intended(&self, name: &RefName) -> bool {
        self.intended.contains(name)
    }

    /// Enters what became of a write. Only its first outcome counts.
    pub(crate) fn settle(&mut self, planned: &Planned, outcome: Outcome) {
        if self.open.remove(&planned.name) {
            self.enter(planned.report(outcome));
        }
    }

    /// Enters a write that was not made yet, of which nobody can say that it will not be.
    pub(crate) fn settle_unsure(&mut self, planned: &Planned) {
        if self.open.remove(&planned.name) {
            self.enter_as(planned.report(Outcome::NotWritten), Became::Unsure);
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
