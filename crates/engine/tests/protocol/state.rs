//! What the model knows of the world at one moment: both repositories, the database, the workers, and what people did.

use engine::base::Intent;
use engine::decide::{Base, Moved, OldValue};
use engine::side::Side;

use crate::history::{COMMITS, Value, commits};

/// What was last done to a commit by a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Latest {
    /// Nothing.
    Untouched,
    /// A person pushed a value that contains it.
    Pushed,
    /// A person took it out of the history of that side, where it had been seen.
    Removed(Side),
    /// A person took it away again before anybody could see it.
    Unseen,
}

/// A base, as the database has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Note {
    Unknown,
    Agreed(Value),
    Void,
}

impl From<Base> for Note {
    fn from(base: Base) -> Self {
        match base {
            Base::Unknown => Note::Unknown,
            Base::Agreed(id) => Note::Agreed(Value::of(id)),
            Base::Void => Note::Void,
        }
    }
}

impl From<Note> for Base {
    fn from(note: Note) -> Self {
        match note {
            Note::Unknown => Base::Unknown,
            Note::Agreed(value) => Base::Agreed(value.id()),
            Note::Void => Base::Void,
        }
    }
}

/// A write: planned, begun, or noted as an intent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Write {
    pub(crate) to: Side,
    pub(crate) old: Value,
    pub(crate) new: Value,
}

impl Write {
    /// As the engine has it.
    pub(crate) fn intent(self) -> Intent {
        Intent {
            to: self.to,
            old: self.old.id(),
            new: self.new.id(),
        }
    }
}

/// A webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Event {
    pub(crate) side: Side,
    pub(crate) old: Value,
    pub(crate) new: Value,
}

impl Event {
    pub(crate) fn moved(self) -> Moved {
        Moved {
            old: self.old.id().map_or(OldValue::Absent, OldValue::At),
            new: self.new.id(),
        }
    }
}

/// One reference: in both repositories, in the database, and on the wire.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Reference {
    /// The values of both sides.
    pub(crate) now: [Value; 2],
    /// The values of both sides as the last recorded look or write had them.
    pub(crate) known: [Value; 2],
    /// Whether a side moved since then.
    pub(crate) moved: [bool; 2],
    /// What people last did to each commit.
    pub(crate) latest: [Latest; COMMITS],
    pub(crate) base: Note,
    pub(crate) intent: Option<Write>,
    /// Webhooks that are written down.
    pub(crate) told: Vec<Event>,
    /// Webhooks that are not.
    pub(crate) under_way: Vec<Event>,
    /// How often it was written since a person last did something, up to a limit.
    pub(crate) writes: u8,
    /// Whether a person made the very write that is noted, and the worker that noted it has not.
    pub(crate) coincides: bool,
    /// The values that the reference had on either side, while there is no base: a bit for each.
    pub(crate) had: u8,
    /// People did what no worker can know. A value went away and came back between two looks. Or both sides moved between the looks at
    /// the one and the other, so that what was seen never was. Or a person made the very write that a worker had noted when it died.
    pub(crate) unknowable: bool,
    /// A person deleted it, at any time.
    pub(crate) deleted: bool,
    /// A write undid what a person did later on that side.
    pub(crate) undone: bool,
}

/// More writes in a row than this are not counted.
pub(crate) const MANY: u8 = 5;

impl Reference {
    pub(crate) fn starting(now: [Value; 2], base: Note) -> Self {
        let mut latest = [Latest::Untouched; COMMITS];
        for (index, commit) in commits() {
            if now.iter().any(|value| value.reaches(commit)) {
                latest[index] = Latest::Pushed;
            }
        }
        let mut reference = Self {
            now,
            known: now,
            moved: [false; 2],
            latest,
            base,
            intent: None,
            coincides: false,
            told: Vec::new(),
            under_way: Vec::new(),
            writes: 0,
            unknowable: false,
            deleted: false,
            undone: false,
            had: 0,
        };
        reference.remember();
        reference
    }

    /// Begins to remember values anew, where there is no base.
    pub(crate) fn remember(&mut self) {
        self.had = match self.base {
            Note::Unknown => self.now.iter().fold(0, |had, value| had | 1 << value.0),
            Note::Agreed(_) | Note::Void => 0,
        };
    }

    pub(crate) fn of(&self, side: Side) -> Value {
        self.now[at(side)]
    }

    /// A person sets the reference on a side.
    pub(crate) fn act(&mut self, side: Side, new: Value) {
        let (old, known) = (self.of(side), self.known[at(side)]);
        for (index, commit) in commits() {
            if new.reaches(commit) {
                self.latest[index] = Latest::Pushed;
            } else if old.reaches(commit) {
                let seen = known.reaches(commit);
                self.latest[index] = if seen {
                    Latest::Removed(side)
                } else {
                    Latest::Unseen
                };
            }
        }
        self.writes = 0;
        self.deleted |= new == Value::default();
        self.now[at(side)] = new;
        self.unknowable |= self.moved[at(side)] && new == known;
        if let Some(intent) = self.intent.filter(|it| it.to == side) {
            self.coincides = intent.new == new;
        }
        if self.base == Note::Unknown {
            self.unknowable |= self.had & 1 << new.0 != 0;
            self.had |= 1 << new.0;
        }
        self.moved[at(side)] = true;
    }

    /// A worker's write lands. `judged` is false where nothing but descent could decide.
    pub(crate) fn land(&mut self, write: Write, judged: bool) {
        for (index, commit) in commits() {
            let brought = write.new.reaches(commit) && !write.old.reaches(commit);
            let undone = brought && self.latest[index] == Latest::Removed(write.to);
            self.undone |= judged && undone;
        }
        self.writes = (self.writes + 1).min(MANY);
        self.now[at(write.to)] = write.new;
        self.coincides = false;
        // What reached the other side was seen.
        self.know(write.to, write.new);
        self.know(write.to.other(), write.new);
    }

    /// A worker notes what it is about to write.
    pub(crate) fn note(&mut self, write: Write) {
        self.coincides = self.of(write.to) == write.new;
        self.intent = Some(write);
        // What is written down was seen.
        self.know(write.to, write.old);
        self.know(write.to.other(), write.new);
    }

    /// It was written down that a side was seen, or written, with this value.
    pub(crate) fn know(&mut self, side: Side, value: Value) {
        self.known[at(side)] = value;
        self.moved[at(side)] = self.of(side) != value;
    }

    /// Whether a commit is gone that a person wants.
    pub(crate) fn lost(&self) -> bool {
        commits().any(|(index, commit)| {
            let there = self.now.iter().any(|value| value.reaches(commit));
            self.latest[index] == Latest::Pushed && !there
        })
    }

    pub(crate) fn equal(&self) -> bool {
        self.now[0] == self.now[1]
    }
}

/// The index of a side.
pub(crate) fn at(side: Side) -> usize {
    match side {
        Side::Source => 0,
        Side::Target => 1,
    }
}

/// What became of a reference in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Fate {
    /// Not decided yet.
    Open,
    /// Both sides were seen equal.
    InSync,
    /// It is to be written.
    Planned(Write),
    /// It was written.
    Written(Write),
    /// It had another value by then.
    LeaseLost,
    /// It had the very value by then.
    Coincided(Write),
    /// A deletion was left alone.
    DeletionSkipped,
    /// It is the other side's own.
    LeftAlone,
    /// Both sides changed.
    Conflict,
    /// A policy forbids it.
    Refused,
}

/// One reference within a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Sighted {
    /// What was seen of both sides.
    pub(crate) seen: [Value; 2],
    /// Whether a side moved since it was seen, where that matters.
    pub(crate) touched: [bool; 2],
    /// The base: as it was read, and after the look as the intent leaves it.
    pub(crate) base: Note,
    /// The intent as it was read.
    pub(crate) intent: Option<Write>,
    /// How many of the webhooks that are written down this run took.
    pub(crate) taken: u8,
    pub(crate) fate: Fate,
}

/// How far a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Stage {
    Claimed,
    SeenSource,
    Intends(Side),
    Pushes(Side),
    Records,
}

/// A run of a worker.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Run<const R: usize> {
    pub(crate) stage: Stage,
    pub(crate) refs: [Sighted; R],
}

/// All of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct State<const R: usize> {
    pub(crate) refs: [Reference; R],
    /// The run of the worker that has the claim.
    pub(crate) run: Option<Run<R>>,
    /// The run of a worker that lost its claim and does not know it yet, or whose last request is still on its way.
    pub(crate) astray: Option<Run<R>>,
    /// What people may still do.
    pub(crate) acts: u8,
    /// What may still go wrong.
    pub(crate) faults: u8,
}
