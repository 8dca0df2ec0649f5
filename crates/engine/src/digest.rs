//! A listing in a few bytes.

use std::hash::{BuildHasher, RandomState};
use std::sync::LazyLock;

use gitwire::{Oid, RefName};

use crate::side::Side;

/// Nobody outside knows these: no two listings can be made on purpose that look alike.
static KEYS: LazyLock<[RandomState; 2]> = LazyLock::new(Default::default);

/// What both sides listed in scope, in whatever order they told it: the same for the same references and values, and only within one
/// process.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Digest([u64; 2]);

impl Digest {
    /// Adds a reference that a side lists.
    pub(crate) fn take_in(&mut self, side: Side, name: &RefName, id: Oid) {
        self.replace(side, name, None, Some(id));
    }

    /// A side lists another value of a reference, or none.
    pub(crate) fn replace(&mut self, side: Side, name: &RefName, old: Option<Oid>, new: Option<Oid>) {
        for (sum, key) in self.0.iter_mut().zip(KEYS.iter()) {
            let part = |id: Option<Oid>| id.map_or(0, |id| key.hash_one((side == Side::Source, name, id)));
            *sum = sum.wrapping_sub(part(old)).wrapping_add(part(new));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(listed: &[(Side, &str, char)]) -> Digest {
        let mut digest = Digest::default();
        for (side, name, digit) in listed {
            let id = Oid::from_hex(digit.to_string().repeat(40).as_bytes()).unwrap();
            digest.take_in(*side, &RefName::new(*name).unwrap(), id);
        }
        digest
    }

    #[test]
    fn a_listing_is_known_again_by_what_it_has_and_not_by_its_order() {
        let one = (Side::Source, "refs/heads/a", '1');
        let other = (Side::Target, "refs/heads/b", '2');
        assert_eq!(digest(&[one, other]), digest(&[other, one]));
        let mut written = digest(&[one, other]);
        let (name, ids) = (
            RefName::new("refs/heads/b").unwrap(),
            ["2", "3"].map(|digit| Oid::from_hex(digit.repeat(40).as_bytes()).unwrap()),
        );
        written.replace(Side::Target, &name, Some(ids[0]), Some(ids[1]));
        assert_eq!(written, digest(&[one, (Side::Target, "refs/heads/b", '3')]));
        for different in [
            vec![one],
            vec![one, other, other],
            vec![(Side::Target, "refs/heads/a", '1'), other],
            vec![(Side::Source, "refs/heads/a", '2'), other],
            vec![
                (Side::Source, "refs/heads/b", '1'),
                (Side::Target, "refs/heads/a", '2'),
            ],
        ] {
            assert_ne!(digest(&different), digest(&[one, other]));
        }
    }
}
