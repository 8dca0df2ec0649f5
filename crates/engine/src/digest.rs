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
        for (sum, key) in self.0.iter_mut().zip(KEYS.iter()) {
            *sum = sum.wrapping_add(key.hash_one((side == Side::Source, name, id)));
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
