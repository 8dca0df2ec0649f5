//! The header of one object in a pack: gitformat-pack(5), "Object types" and "Size encoding".

use crate::oid::{ObjectFormat, Oid};

/// What an entry holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Commit,
    /// A tree, a blob or a tag.
    Other,
    /// A delta on the object that starts so many bytes before this entry.
    OfsDelta(u64),
    /// A delta on the object with this id.
    RefDelta(Oid),
}

/// The header of one entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) kind: Kind,
    /// The length of what is deflated behind the header: the object, or the delta.
    pub(super) size: u64,
}

/// What a piece of a header is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Parsed {
    /// More bytes are needed.
    Incomplete,
    Malformed,
    Complete(Entry),
}

/// The longest header: a size and a distance of ten bytes each, or a size and an id.
pub(super) const MAX_LEN: usize = 10 + 32;

/// Reads a header that ends where `bytes` end: it is fed one byte more at a time.
pub(super) fn parse(bytes: &[u8], format: ObjectFormat) -> Parsed {
    match parse_complete(bytes, format) {
        Ok(entry) => Parsed::Complete(entry),
        Err(parsed) => parsed,
    }
}

fn parse_complete(bytes: &[u8], format: ObjectFormat) -> Result<Entry, Parsed> {
    let (&first, mut rest) = bytes.split_first().ok_or(Parsed::Incomplete)?;
    let mut size = u64::from(first & 0x0f);
    let mut more = first & 0x80 != 0;
    let mut shift = 4;
    while more {
        let part = next(&mut rest)?;
        let bits = u64::from(part & 0x7f);
        if shift >= 64 || (bits << shift) >> shift != bits {
            return Err(Parsed::Malformed);
        }
        size |= bits << shift;
        shift += 7;
        more = part & 0x80 != 0;
    }
    let kind = match (first >> 4) & 0x07 {
        1 => Kind::Commit,
        2..=4 => Kind::Other,
        6 => Kind::OfsDelta(distance(&mut rest)?),
        7 => {
            let id = rest
                .get(..format.kind().len_in_bytes())
                .ok_or(Parsed::Incomplete)?;
            Kind::RefDelta(Oid::try_from(id).map_err(|_| Parsed::Malformed)?)
        }
        _ => return Err(Parsed::Malformed),
    };
    Ok(Entry { kind, size })
}

fn next(rest: &mut &[u8]) -> Result<u8, Parsed> {
    let (&first, after) = rest.split_first().ok_or(Parsed::Incomplete)?;
    *rest = after;
    Ok(first)
}

/// A distance: seven bits a byte, the highest first, and one added for every byte that follows.
fn distance(rest: &mut &[u8]) -> Result<u64, Parsed> {
    let mut part = next(rest)?;
    let mut value = u64::from(part & 0x7f);
    while part & 0x80 != 0 {
        part = next(rest)?;
        let next = value
            .checked_add(1)
            .and_then(|value| value.checked_mul(128))
            .ok_or(Parsed::Malformed)?;
        value = next | u64::from(part & 0x7f);
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complete(bytes: &[u8]) -> Entry {
        for cut in 0..bytes.len() {
            assert_eq!(
                parse(&bytes[..cut], ObjectFormat::Sha1),
                Parsed::Incomplete,
                "cut at {cut}"
            );
        }
        let Parsed::Complete(entry) = parse(bytes, ObjectFormat::Sha1) else {
            panic!("not complete: {bytes:?}")
        };
        entry
    }

    #[test]
    fn kinds_and_sizes_are_read() {
        assert_eq!(
            complete(&[0x15]),
            Entry {
                kind: Kind::Commit,
                size: 5
            }
        );
        assert_eq!(
            complete(&[0xb5, 0x01]),
            Entry {
                kind: Kind::Other,
                size: 21
            }
        );
        assert_eq!(
            complete(&[0x65, 0x80, 0x00]),
            Entry {
                kind: Kind::OfsDelta(128),
                size: 5
            }
        );
        let id = Oid::from_bytes_or_panic(&[7; 20]);
        assert_eq!(
            complete(&[&[0x75][..], &[7; 20]].concat()),
            Entry {
                kind: Kind::RefDelta(id),
                size: 5
            }
        );
    }

    #[test]
    fn other_kinds_and_numbers_without_end_are_malformed() {
        for bytes in [
            &[0x05][..],
            &[0x55],
            &[0xff; MAX_LEN],
            &[[0x65].as_slice(), &[0xff; 11]].concat(),
        ] {
            assert_eq!(parse(bytes, ObjectFormat::Sha1), Parsed::Malformed, "{bytes:?}");
        }
    }

    #[test]
    fn an_id_is_as_long_as_its_format_says() {
        let bytes = [&[0x75][..], &[7; 32]].concat();
        assert_eq!(parse(&bytes[..32], ObjectFormat::Sha256), Parsed::Incomplete);
        assert!(matches!(parse(&bytes, ObjectFormat::Sha256), Parsed::Complete(_)));
    }
}
