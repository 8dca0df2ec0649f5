//! Relaying: fetch what the plan needs from one side, push it to the other, and find out what became of it.

use std::collections::{HashMap, HashSet, VecDeque};

use gitwire::receive_pack::Command;
use gitwire::{Oid, RefName};

use crate::base::Intent;
use crate::decide::{Action, Direction, Refusal};
use crate::error::{Error, Fault, Retry, Stage};
use crate::event::Event;
use crate::ledger::Ledger;
use crate::listing::Listed;
use crate::observe::Observed;
use crate::order::Order;
use crate::plan::Planned;
use crate::prefetch::Prefetched;
use crate::receive::{Pack, Push, Pushed, Receive, SourceFault, Status};
use crate::rejection::{RejectReason, Rejection};
use crate::report::Outcome;
use crate::request::Request;
use crate::side::{Both, Side};
use crate::transport::Remote;
use crate::upload::{MAX_WANTS, Upload, Wanted};

mod batch;

use batch::{Batch, Objects, Pushes};

/// The most commands of one push: hosts fail at 4,000 to 10,000.
const MAX_COMMANDS: usize = 2_000;

/// Makes the writes to one side. An error means that the rest was not tried; what was written is in the ledger all the same.
pub(crate) async fn relay<'r>(
    request: &Request,
    remotes: &'r Both<Remote>,
    observed: &mut Observed<'r>,
    to: Side,
    writes: Vec<Planned>,
    ledger: &mut Ledger<'_>,
) -> Result<(), Error> {
    let Some(receive) = observed.receives.of_mut(to).take() else {
        return Ok(());
    };
    if writes.is_empty() {
        receive.close().await;
        return Ok(());
    }
    let source = remotes.of(to.other());
    let from = match observed.uploads.of_mut(to.other()).take() {
        Some(upload) => upload,
        None => Upload::open(source)
            .await
            .map_err(|fault| source.error(Stage::Relay, fault))?,
    };
    let mut head = observed.listings.of(to.other()).head.clone();
    if request.direction == Direction::TwoWay && receive.listing.count == 0 {
        // A receive-pack, by which a two-way run sees both sides, does not tell it.
        let listed = Upload::list(source, &["HEAD".into()], &mut |_| {}).await;
        head = listed.map_err(|fault| source.error(Stage::Relay, fault))?.1.head;
    }
    let mut writes = writes;
    for planned in &mut writes {
        planned.objects_are_there = is_there(planned, observed, to);
    }
    let mut relay = Relay {
        request,
        from: &from,
        source,
        target: remotes.of(to),
        common: &observed.common,
        held: observed.holders.of(to),
        prefetched: observed.prefetched.take_if(|prefetched| prefetched.to == to),
        head: head.as_ref(),
        ledger,
    };
    relay.run(writes, receive).await
}

/// Whether nobody is asked for the objects of a write: a person put a value there that the other side does not list.
fn is_there(planned: &Planned, observed: &Observed<'_>, to: Side) -> bool {
    let elsewhere = &observed.holders.of(to.other());
    match (&planned.order, planned.change.action.new_value()) {
        (Some(Order::Put { .. }), Some(value)) => !elsewhere.contains_key(&value),
        _ => false,
    }
}

/// What a relay knows beside its writes.
struct Relay<'a, 'r, 'l> {
    request: &'a Request,
    from: &'a Upload<'r>,
    source: &'r Remote,
    target: &'r Remote,
    /// What both sides have, to name as haves.
    common: &'a [Oid],
    /// The values that the target lists.
    held: &'a HashMap<Oid, u32>,
    /// A pack that was asked for ahead.
    prefetched: Option<Prefetched>,
    /// The branch of the source's `HEAD`.
    head: Option<&'a RefName>,
    ledger: &'a mut Ledger<'l>,
}

/// What a push came to.
enum End {
    /// All that was left over is settled.
    Settled,
    /// The server refused all alike: perhaps because of one.
    AllAlike { left: Vec<Planned>, outcome: Outcome },
    /// The server lacks objects that another push was to have brought.
    Lacking { left: Vec<Planned> },
}

impl<'r> Relay<'_, 'r, '_> {
    /// Makes the pushes, breadth first: what is refused whole is tried in halves once the rest has had its turn.
    async fn run(&mut self, writes: Vec<Planned>, receive: Receive<'r>) -> Result<(), Error> {
        let mut batches = self.batches(writes, receive.listing.count == 0);
        let mut receive = Some(receive);
        let mut pushes = Pushes::default();
        while let Some(mut batch) = batches.pop_front() {
            let ready = match receive.take() {
                Some(receive) => receive,
                None => self.observe_again(&mut batch.writes, &HashSet::new()).await?,
            };
            if batch.writes.is_empty() {
                ready.close().await;
                continue;
            }
            if matches!(batch.objects, Objects::Brought) && !pushes.delivered {
                batch.objects = Objects::Own;
            }
            let own = matches!(batch.objects, Objects::Own);
            match self.push(batch, ready, &mut pushes).await? {
                End::Settled => {}
                End::Lacking { left } => batches.push_front(Batch::alone(left)),
                // Somebody else's objects may be what was refused.
                End::AllAlike { left, .. } if !own && !self.request.atomic => {
                    batches.push_front(Batch::alone(left));
                }
                End::AllAlike { left, outcome } if pushes.are_futile() => {
                    let rest = batches.drain(..).flat_map(|batch| batch.writes);
                    left.iter()
                        .cloned()
                        .chain(rest)
                        .for_each(|it| self.ledger.settle(&it, outcome.clone()));
                }
                End::AllAlike { left, outcome } if left.len() == 1 || self.request.atomic => {
                    left.iter()
                        .for_each(|planned| self.ledger.settle(planned, outcome.clone()));
                }
                End::AllAlike { mut left, .. } => {
                    let half = left.split_off(left.len().div_ceil(2));
                    batches.extend([left, half].map(Batch::alone));
                }
            }
        }
        if let Some(receive) = receive {
            receive.close().await;
        }
        Ok(())
    }

    /// Cuts the writes into pushes. Deletions come first: `a` goes before `a/b` comes. Into an empty repository the branch of
    /// the source's `HEAD` goes first and alone: hosts take the first branch as the default one.
    fn batches(&self, mut writes: Vec<Planned>, empty: bool) -> VecDeque<Batch> {
        writes.sort_by_key(|planned| planned.change.action.new_value().is_some());
        let mut groups: Vec<Vec<Planned>> = Vec::new();
        let first = writes.iter().position(|planned| Some(&planned.name) == self.head);
        if let (Some(first), true, false) = (first, empty && writes.len() > 1, self.request.atomic) {
            groups.push(vec![writes.remove(first)]);
        }
        let size = if self.request.atomic {
            usize::MAX
        } else {
            MAX_COMMANDS
        };
        while !writes.is_empty() {
            let later = writes.split_off(writes.len().min(size));
            groups.push(std::mem::replace(&mut writes, later));
        }
        let mut batches: VecDeque<Batch> = groups.into_iter().map(Batch::alone).collect();
        let all: HashSet<Oid> = batches.iter().flat_map(Batch::new_values).collect();
        let mut packs = batches.iter_mut().filter(|batch| batch.has_pack()).peekable();
        if let (Some(first), true, true) = (packs.next(), packs.peek().is_some(), all.len() <= MAX_WANTS) {
            first.objects = Objects::All(all.into_iter().collect());
            packs.for_each(|later| later.objects = Objects::Brought);
        }
        batches
    }

    async fn push(&mut self, batch: Batch, receive: Receive<'r>, pushes: &mut Pushes) -> Result<End, Error> {
        self.target.listener.tell(Event::Stage(Stage::Relay));
        let pack = self.pack(&batch, &receive).await;
        let pack = pack.map_err(|fault| self.source.error(Stage::Relay, fault))?;
        self.intend(&batch).await?;
        let commands: Vec<Command> = batch.writes.iter().map(command).collect();
        let push = Push {
            commands: &commands,
            atomic: self.request.atomic,
            push_options: &self.request.push_options,
        };
        match receive.push(&push, pack).await {
            Ok(pushed) => {
                self.ledger.report.bytes += pushed.bytes;
                pushes.count(&batch, &pushed);
                self.take(batch, pushed).await
            }
            Err(SourceFault(fault)) => {
                // The target has an incomplete pack and changes nothing; look, rather than believe it.
                let mut left = batch.writes;
                if self.observe_again(&mut left, &HashSet::new()).await.is_ok() {
                    left.iter()
                        .for_each(|planned| self.ledger.settle(planned, Outcome::NotWritten));
                }
                Err(self.source.error(Stage::Relay, fault))
            }
        }
    }

    /// Has the intents of a push recorded that are not yet.
    async fn intend(&mut self, batch: &Batch) -> Result<(), Error> {
        let Some(recorder) = &self.request.recorder else {
            return Ok(());
        };
        let new = batch
            .writes
            .iter()
            .filter(|planned| !self.ledger.is_intended(&planned.name));
        let intents: Vec<(RefName, Intent)> = new.map(|it| (it.name.clone(), it.intent())).collect();
        if intents.is_empty() {
            return Ok(());
        }
        let recorded = recorder.intend(&intents).await;
        recorded.map_err(|words| self.target.error(Stage::Relay, Fault::Record(words)))?;
        self.ledger.intended(intents.into_iter().map(|(name, _)| name));
        Ok(())
    }

    /// The pack for a push: the empty one if the target has everything.
    async fn pack(&mut self, batch: &Batch, receive: &Receive<'_>) -> Result<Pack, Fault> {
        let also: &[Oid] = match &batch.objects {
            Objects::Brought => return Ok(Pack::Empty),
            Objects::Own => &[],
            Objects::All(values) => values,
        };
        let values = batch.new_values().chain(also.iter().copied());
        let wants: Vec<Oid> = values.filter(|id| !self.held.contains_key(id)).collect();
        if wants.is_empty() || !batch.has_pack() {
            return Ok(Pack::Empty);
        }
        let old = batch
            .writes
            .iter()
            .filter_map(|planned| planned.change.action.old_value());
        let haves: Vec<Oid> = old.chain(self.common.iter().copied()).collect();
        let stream = match self.prefetched.take() {
            Some(Prefetched {
                wants: asked, stream, ..
            }) if asked == wants.iter().copied().collect() => stream,
            _ => self.from.fetch(&Wanted::for_push(wants, haves, receive)).await?,
        };
        self.source.listener.tell(Event::PackStarted {
            objects: stream.objects(),
        });
        Ok(Pack::Stream(Box::new(stream)))
    }

    /// Settles what the report says, and looks again where it does not say enough.
    async fn take(&mut self, batch: Batch, pushed: Pushed) -> Result<End, Error> {
        let asked = batch.writes.len();
        let brought = matches!(batch.objects, Objects::Brought);
        let mut left = Vec::new();
        for planned in batch.writes {
            match pushed.statuses.get(&planned.name) {
                Some(Status::Ok) if pushed.unpack.is_none() => self.ledger.settle(&planned, planned.done()),
                _ => left.push(planned),
            }
        }
        if left.is_empty() {
            return Ok(End::Settled);
        }
        let none_taken = left.len() == asked;
        let refused = |planned: &&Planned| matches!(pushed.statuses.get(&planned.name), Some(Status::Ng(_)));
        let ours: HashSet<RefName> = left
            .iter()
            .filter(|it| !refused(it))
            .map(|it| it.name.clone())
            .collect();
        match self.observe_again(&mut left, &ours).await {
            Ok(receive) => receive.close().await,
            Err(error) => {
                for planned in &left {
                    let outcome = match pushed.statuses.get(&planned.name) {
                        Some(Status::Ng(reason)) => self.outcome(Rejection::parse(reason, &pushed.messages)),
                        _ => Outcome::Unknown,
                    };
                    self.ledger.settle(planned, outcome);
                }
                // Over HTTP/1.1 an early 401 shows only as a broken pipe: asking again tells.
                let telling = error.retry() == Retry::Never;
                return Err(match pushed.fault {
                    Some(fault) if !telling => self.target.error(Stage::Report, fault),
                    _ => error,
                });
            }
        }
        match (left.is_empty(), pushed) {
            // What was asked for is there, or was settled otherwise: nobody misses the report.
            (true, _) => Ok(End::Settled),
            (
                false,
                Pushed {
                    fault: Some(fault),
                    sent,
                    ..
                },
            ) => self.cut(left, fault, sent),
            (false, pushed) => Ok(self.refused(left, &pushed, none_taken, brought)),
        }
    }

    /// There was no report, and the references have their old values. A server that got all of it may be at work still.
    fn cut(&mut self, left: Vec<Planned>, fault: Fault, sent: bool) -> Result<End, Error> {
        match &fault {
            // Fewer references may need fewer objects, and one that needs too many alone is no reason to leave out the others.
            Fault::TooLarge { .. } => {
                let rejection = Rejection {
                    reason: RejectReason::TooLarge,
                    raw: fault.to_string(),
                };
                Ok(End::AllAlike {
                    left,
                    outcome: Outcome::Rejected(rejection),
                })
            }
            _ if sent && may_still_act(&fault) => {
                left.iter().for_each(|planned| self.ledger.settle_unsure(planned));
                Err(self.target.error(Stage::Report, fault))
            }
            _ => {
                left.iter()
                    .for_each(|planned| self.ledger.settle(planned, Outcome::NotWritten));
                Err(self.target.error(Stage::Report, fault))
            }
        }
    }

    /// The server refused references, which have their old values: in which words?
    fn refused(&mut self, left: Vec<Planned>, pushed: &Pushed, none_taken: bool, brought: bool) -> End {
        let reason = |planned: &Planned| match (pushed.statuses.get(&planned.name), &pushed.unpack) {
            (_, Some(unpack)) => format!("unpack failed: {unpack}"),
            (Some(Status::Ng(reason)), None) => reason.clone(),
            (Some(Status::Ok | Status::Altered), None) => "reported as done, but it has another value".into(),
            (None, None) => "not done, and no reason given".into(),
        };
        let reasons: Vec<String> = left.iter().map(reason).collect();
        let outcome = |reason: &str| self.outcome(Rejection::parse(reason, &pushed.messages));
        let alike = reasons.iter().all(|reason| *reason == reasons[0]);
        let first = outcome(&reasons[0]);
        let full =
            matches!(&first, Outcome::Rejected(rejection) if rejection.reason == RejectReason::DiskFull);
        if none_taken && alike && !full {
            return End::AllAlike { left, outcome: first };
        }
        let outcomes: Vec<Outcome> = reasons.iter().map(|reason| outcome(reason)).collect();
        let mut lacking = Vec::new();
        for (planned, outcome) in left.into_iter().zip(outcomes) {
            let lacks =
                matches!(&outcome, Outcome::Rejected(rejection) if rejection.reason == RejectReason::Unpack);
            if brought && lacks {
                lacking.push(planned);
            } else {
                self.ledger.settle(&planned, outcome);
            }
        }
        if lacking.is_empty() {
            End::Settled
        } else {
            End::Lacking { left: lacking }
        }
    }

    fn outcome(&self, rejection: Rejection) -> Outcome {
        if self.request.atomic && rejection.reason == RejectReason::Atomic {
            Outcome::Refused(Refusal::Atomic)
        } else {
            Outcome::Rejected(rejection)
        }
    }

    /// Lists the target again and settles the writes whose reference no longer has its old value; the others stay. A wanted
    /// value found there is success: our own if it is among `ours`, somebody else's otherwise.
    async fn observe_again(
        &mut self,
        writes: &mut Vec<Planned>,
        ours: &HashSet<RefName>,
    ) -> Result<Receive<'r>, Error> {
        let names: HashSet<&RefName> = writes.iter().map(|planned| &planned.name).collect();
        let mut seen: HashMap<RefName, Oid> = HashMap::new();
        let mut each = |listed: Listed| {
            if names.contains(&listed.name) {
                seen.insert(listed.name, listed.id);
            }
        };
        let receive = Receive::observe(self.target, &mut each).await;
        let receive = receive.map_err(|fault| self.target.error(Stage::Report, fault))?;
        writes.retain(|planned| {
            let now = seen.get(&planned.name).copied();
            let outcome = match now {
                _ if now == planned.change.action.new_value() && ours.contains(&planned.name) => {
                    planned.done()
                }
                _ if now == planned.change.action.new_value() => Outcome::AlreadyThere,
                _ if now == planned.change.action.old_value() => return true,
                now => Outcome::LeaseLost { now },
            };
            self.ledger.settle(planned, outcome);
            false
        });
        Ok(receive)
    }
}

/// Whether a server that left us with this fault may carry out the push all the same.
fn may_still_act(fault: &Fault) -> bool {
    match fault {
        Fault::HungUp { .. } | Fault::TimedOut { .. } | Fault::Protocol(_) | Fault::NotGit { .. } => true,
        Fault::Busy { status, .. } | Fault::Status { status, .. } => *status >= 500,
        _ => false,
    }
}

fn command(planned: &Planned) -> Command {
    let name = planned.name.clone();
    match planned.change.action {
        Action::Create { new } => Command::create(name, new),
        Action::Update { old, new, .. } => Command::update(name, old, new),
        Action::Delete { old } => Command::delete(name, old),
    }
    .expect("listed values are no zeros, and both sides have one object format")
}
