//! What goes wrong, and where.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::gate::Gate;

/// The way that bytes go through the proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the client: requests.
    ToServer,
    /// From the server: answers.
    ToClient,
}

/// Where in a connection a fault happens; once in each connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Point {
    /// When the client has connected, before the server is.
    Accept,
    /// When so many bytes have passed in a direction; 0 is before the first byte, when it comes.
    Bytes(Direction, u64),
    /// When this pattern has passed in a direction, and `more` bytes after it. Encrypted bytes have no
    /// patterns.
    Seen {
        /// The direction in which the pattern passes.
        direction: Direction,
        /// The bytes to look for.
        pattern: Vec<u8>,
        /// How many more bytes pass.
        more: u64,
    },
    /// Before this pattern passes in a direction. What of it came in an earlier piece has passed by then.
    Before(Direction, Vec<u8>),
    /// Before the first byte to the client that comes after this pattern has passed to the server. A server
    /// may begin to answer before it has all of the request: git's does.
    AnswerTo(Vec<u8>),
}

impl Point {
    /// When this pattern has passed in a direction.
    pub fn seen(direction: Direction, pattern: impl Into<Vec<u8>>) -> Point {
        Point::Seen {
            direction,
            pattern: pattern.into(),
            more: 0,
        }
    }

    /// Before this pattern passes in a direction.
    pub fn before(direction: Direction, pattern: impl Into<Vec<u8>>) -> Point {
        Point::Before(direction, pattern.into())
    }

    /// Before the first byte of the answer to a request that contains this pattern.
    pub fn answer_to(pattern: impl Into<Vec<u8>>) -> Point {
        Point::AnswerTo(pattern.into())
    }

    /// The direction whose bytes the fault stops or changes.
    fn direction(&self) -> Direction {
        match self {
            Point::Bytes(direction, _) | Point::Before(direction, _) | Point::Seen { direction, .. } => {
                *direction
            }
            Point::Accept | Point::AnswerTo(_) => Direction::ToClient,
        }
    }
}

/// What goes wrong.
#[derive(Clone, Debug)]
pub enum Act {
    /// Breaks the connection on both sides (`RST`): a crash, a firewall.
    Reset,
    /// Ends the connection on both sides (`FIN`): a process that exits.
    Close,
    /// Passes nothing more in this direction, and reads nothing more, until one side goes away.
    Stall,
    /// Like [`Stall`](Act::Stall) until the gate opens.
    Hold(Gate),
    /// Passes at most so many bytes a second in this direction from here on (at least 100).
    Trickle(u64),
    /// Adds bytes that the other side never sent.
    Inject(Vec<u8>),
    /// Turns over all bits of the next byte.
    Corrupt,
    /// Sends these bytes over and over in place of all that would follow in this direction.
    Flood(Vec<u8>),
}

/// One fault: where, what, and in which connections.
#[derive(Clone, Debug)]
pub struct Fault {
    point: Point,
    act: Act,
    connection: Option<usize>,
    /// How many connections it may still happen in, shared by all of them; `None` for no limit.
    left: Option<Arc<AtomicUsize>>,
}

impl Fault {
    /// A fault in every connection. Of several at one point, the first added comes first.
    pub fn new(point: Point, act: Act) -> Fault {
        Fault {
            point,
            act,
            connection: None,
            left: None,
        }
    }

    /// Only in the connection with this number, from 0 in the order of acceptance.
    #[must_use]
    pub fn on_connection(mut self, number: usize) -> Fault {
        self.connection = Some(number);
        self
    }

    /// Only the first time that its point is reached in any connection.
    #[must_use]
    pub fn once(mut self) -> Fault {
        self.left = Some(Arc::new(AtomicUsize::new(1)));
        self
    }

    pub(crate) fn is_on_accept(&self) -> bool {
        self.point == Point::Accept
    }

    pub(crate) fn concerns(&self, connection: usize) -> bool {
        self.connection.is_none_or(|number| number == connection)
    }

    pub(crate) fn act(&self) -> &Act {
        &self.act
    }

    /// Uses the fault up by one; whether it may still happen.
    pub(crate) fn take(&self) -> bool {
        let Some(left) = &self.left else { return true };
        left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1))
            .is_ok()
    }
}

/// One fault in one direction of one connection, waiting for its point.
pub(crate) struct Trigger {
    fault: Fault,
    watch: Watch,
}

enum Watch {
    /// Fires when so many more bytes have passed.
    Countdown(u64),
    /// Fires `more` bytes after the pattern.
    Pattern { finder: Finder, more: u64 },
    /// Fires where the pattern begins.
    Before(Finder),
    /// Sees the pattern in the one direction and says so to the other. Never fires.
    Question { finder: Finder, asked: Arc<AtomicBool> },
    /// Fires with the first byte after the question.
    Answer { asked: Arc<AtomicBool> },
    /// Has fired.
    Done,
}

impl Trigger {
    /// The triggers of one fault: those for bytes to the server, and those for bytes to the client.
    pub(crate) fn both(fault: &Fault) -> (Option<Trigger>, Option<Trigger>) {
        let trigger = |watch| {
            Some(Trigger {
                fault: fault.clone(),
                watch,
            })
        };
        let watch = match &fault.point {
            Point::Accept => return (None, None),
            Point::AnswerTo(pattern) => {
                let asked = Arc::new(AtomicBool::new(false));
                let question = Watch::Question {
                    finder: Finder::new(pattern),
                    asked: Arc::clone(&asked),
                };
                return (trigger(question), trigger(Watch::Answer { asked }));
            }
            Point::Bytes(_, count) => Watch::Countdown(*count),
            Point::Before(_, pattern) => Watch::Before(Finder::new(pattern)),
            Point::Seen { pattern, more, .. } => Watch::Pattern {
                finder: Finder::new(pattern),
                more: *more,
            },
        };
        match fault.point.direction() {
            Direction::ToServer => (trigger(watch), None),
            Direction::ToClient => (None, trigger(watch)),
        }
    }

    /// Looks at a piece that is about to pass. Returns after how many of its bytes the fault happens.
    pub(crate) fn look(&self, piece: &[u8]) -> Option<usize> {
        let length = piece.len() as u64;
        let at = match &self.watch {
            Watch::Countdown(left) => Some(*left),
            Watch::Pattern { finder, more } => finder.find(piece).map(|end| end as u64 + more),
            Watch::Before(finder) => finder
                .find(piece)
                .map(|end| end.saturating_sub(finder.pattern.len()) as u64),
            Watch::Answer { asked } => asked.load(Ordering::SeqCst).then_some(0),
            Watch::Question { .. } | Watch::Done => None,
        };
        at.filter(|at| *at <= length)
            .and_then(|at| usize::try_from(at).ok())
    }

    /// Notes that these bytes pass, before they do.
    pub(crate) fn pass(&mut self, bytes: &[u8]) {
        match &mut self.watch {
            Watch::Countdown(left) => *left = left.saturating_sub(bytes.len() as u64),
            Watch::Pattern { finder, more } => match finder.find(bytes) {
                Some(end) => {
                    let after = (bytes.len() - end) as u64;
                    self.watch = Watch::Countdown(more.saturating_sub(after));
                }
                None => finder.advance(bytes),
            },
            Watch::Before(finder) => finder.advance(bytes),
            Watch::Question { finder, asked } => {
                if finder.find(bytes).is_some() {
                    asked.store(true, Ordering::SeqCst);
                }
                finder.advance(bytes);
            }
            Watch::Answer { .. } | Watch::Done => {}
        }
    }

    /// The fault happens now, unless it is used up.
    pub(crate) fn fire(&mut self) -> Option<Act> {
        self.watch = Watch::Done;
        self.fault.take().then(|| self.fault.act.clone())
    }
}

/// Finds a pattern in a stream of pieces.
struct Finder {
    pattern: Vec<u8>,
    /// What passed last, one byte less than the pattern at most.
    tail: Vec<u8>,
}

impl Finder {
    fn new(pattern: &[u8]) -> Finder {
        assert!(!pattern.is_empty(), "an empty pattern is everywhere");
        Finder {
            pattern: pattern.to_vec(),
            tail: Vec::new(),
        }
    }

    /// The first match that ends in `piece`: where in it the match ends.
    fn find(&self, piece: &[u8]) -> Option<usize> {
        let stream = [&self.tail, piece].concat();
        let start = stream
            .windows(self.pattern.len())
            .position(|window| window == self.pattern)?;
        Some(start + self.pattern.len() - self.tail.len())
    }

    fn advance(&mut self, piece: &[u8]) {
        self.tail.extend_from_slice(piece);
        let surplus = (self.tail.len() + 1).saturating_sub(self.pattern.len());
        self.tail.drain(..surplus);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trigger(point: Point) -> Trigger {
        let (to_server, to_client) = Trigger::both(&Fault::new(point, Act::Reset));
        to_server.or(to_client).unwrap()
    }

    #[test]
    fn a_pattern_is_found_across_pieces() {
        let mut trigger = trigger(Point::seen(Direction::ToServer, *b"PACK"));
        assert_eq!(trigger.look(b"..PA"), None);
        trigger.pass(b"..PA");
        assert_eq!(trigger.look(b"CK.."), Some(2));
        trigger.fire().unwrap();
        assert_eq!(trigger.look(b"PACK"), None);
    }

    #[test]
    fn more_bytes_after_a_pattern_are_counted_across_pieces() {
        let mut trigger = trigger(Point::Seen {
            direction: Direction::ToClient,
            pattern: b"PACK".to_vec(),
            more: 6,
        });
        assert_eq!(trigger.look(b".PACK12"), None);
        trigger.pass(b".PACK12");
        assert_eq!(trigger.look(b"345"), None);
        trigger.pass(b"345");
        assert_eq!(trigger.look(b"678"), Some(1));
    }

    #[test]
    fn a_pattern_can_be_stopped_before_it_passes() {
        let point = Point::before(Direction::ToClient, *b"unpack");
        assert_eq!(trigger(point.clone()).look(b"0010unpack ok"), Some(4));
        let mut trigger = trigger(point);
        trigger.pass(b"0010un");
        assert_eq!(trigger.look(b"pack ok"), Some(0));
    }

    #[test]
    fn bytes_are_counted_and_zero_is_before_the_first() {
        assert_eq!(trigger(Point::Bytes(Direction::ToClient, 0)).look(b"x"), Some(0));
        let mut trigger = trigger(Point::Bytes(Direction::ToClient, 5));
        trigger.pass(b"1234");
        assert_eq!(trigger.look(b"567"), Some(1));
    }

    #[test]
    fn a_fault_once_happens_once_over_all_connections() {
        let fault = Fault::new(Point::Bytes(Direction::ToServer, 1), Act::Close).once();
        let fire = || Trigger::both(&fault).0.unwrap().fire().is_some();
        assert_eq!([fire(), fire()], [true, false]);
    }
}
