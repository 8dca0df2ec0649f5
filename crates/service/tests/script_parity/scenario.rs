//! One combination of everything that the outcome depends on.

use crate::pool::{ALL, COMMITS, Value};
use crate::random::Random;

/// What the two sides are before, and what refsync and the script are told.
#[derive(Debug)]
pub(crate) struct Scenario {
    pub(crate) sha256: bool,
    pub(crate) reference: &'static str,
    pub(crate) source: Option<Value>,
    pub(crate) target: Option<Value>,
    pub(crate) old: Old,
    pub(crate) sync_delete: bool,
    pub(crate) guard: Guard,
    pub(crate) source_others: Others,
    pub(crate) target_others: Others,
    pub(crate) source_way: Way,
    pub(crate) target_way: Way,
}

/// What is told of the old value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Old {
    Unset,
    Empty,
    Null,
    Zeros,
    /// The target's value, or zeros if it has none.
    Right,
    /// The value that the source has now, or zeros.
    Sources,
    /// The id of another commit.
    Other,
    /// An id that nobody knows.
    Nobodys,
    /// No id at all.
    Garbage(&'static str),
}

/// What the target has against writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Guard {
    Nothing,
    PreReceive,
    Update,
    DenyDeletes,
    DenyNonFastForwards,
    /// The reference is hidden: not listed, and not to be written.
    Hidden,
}

/// Other references of a side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Others {
    /// None: without the reference itself the side is empty.
    None,
    /// Branches whose commits may help or mislead.
    Some,
    /// A reference in the directory that the name would be; only beside an absent one.
    Below,
}

/// How a side is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Path,
    FileUrl,
    Http,
    /// There is no repository.
    Nowhere,
}

impl Scenario {
    pub(crate) fn random(mut random: Random) -> Self {
        let reference = random.one_of(&[
            "refs/heads/topic",
            "refs/heads/topic",
            "refs/heads/main",
            "refs/tags/v1",
            "refs/tags/v1",
            "refs/notes/x",
        ]);
        let source = source(&mut random, reference);
        let target = target(&mut random, reference, source);
        Self {
            sha256: random.percent(10),
            reference,
            source,
            target,
            old: old(&mut random),
            sync_delete: random.percent(60),
            guard: guard(&mut random),
            source_others: random.one_of(&[Others::Some, Others::Some, Others::None]),
            target_others: match target {
                None if random.percent(15) => Others::Below,
                _ => random.one_of(&[Others::Some, Others::None]),
            },
            source_way: way(&mut random),
            target_way: way(&mut random),
        }
    }
}

fn source(random: &mut Random, reference: &str) -> Option<Value> {
    const TAGS: &[Value] = &[
        Value::B,
        Value::C,
        Value::TagOfB,
        Value::TagOfC,
        Value::TagOfTag,
        Value::Tree,
        Value::Blob,
        Value::TagOfTree,
        Value::TagOfBlob,
    ];
    if random.percent(30) {
        return None;
    }
    Some(if reference.starts_with("refs/tags/") {
        random.one_of(TAGS)
    } else {
        random.one_of(&[Value::B, Value::C])
    })
}

fn target(random: &mut Random, reference: &str, source: Option<Value>) -> Option<Value> {
    if random.percent(15) {
        return None;
    }
    if random.percent(10) {
        return source;
    }
    Some(random.one_of(if reference.starts_with("refs/tags/") {
        ALL
    } else {
        COMMITS
    }))
}

fn old(random: &mut Random) -> Old {
    if random.percent(5) {
        return Old::Garbage(random.one_of(&["garbage", "1234567", "HEAD", "0", "refs/heads/main", "-1"]));
    }
    random.one_of(&[
        Old::Unset,
        Old::Empty,
        Old::Null,
        Old::Zeros,
        Old::Right,
        Old::Right,
        Old::Right,
        Old::Sources,
        Old::Other,
        Old::Nobodys,
    ])
}

fn guard(random: &mut Random) -> Guard {
    if random.percent(50) {
        return Guard::Nothing;
    }
    random.one_of(&[
        Guard::PreReceive,
        Guard::Update,
        Guard::DenyDeletes,
        Guard::DenyNonFastForwards,
        Guard::DenyNonFastForwards,
        Guard::Hidden,
    ])
}

fn way(random: &mut Random) -> Way {
    match random.percent(3) {
        true => Way::Nowhere,
        false => random.one_of(&[
            Way::Path,
            Way::Path,
            Way::Path,
            Way::Path,
            Way::Path,
            Way::FileUrl,
            Way::Http,
        ]),
    }
}
