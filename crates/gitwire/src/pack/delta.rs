//! Deltas: "Deltified representation" in gitformat-pack(5).

/// Builds the object that `delta` makes of `base`. `None` if the delta is malformed, does not belong to this base, or
/// makes more than `limit` bytes.
pub(super) fn apply(base: &[u8], delta: &[u8], limit: usize) -> Option<Vec<u8>> {
    let mut rest = delta;
    if size(&mut rest)? != base.len() {
        return None;
    }
    let length = size(&mut rest)?;
    if length > limit {
        return None;
    }
    let mut out = Vec::with_capacity(length);
    while let Some(instruction) = byte(&mut rest) {
        let part = match instruction {
            0 => return None,
            copy if copy & 0x80 != 0 => {
                let (offset, length) = copy_range(copy, &mut rest)?;
                base.get(offset..offset.checked_add(length)?)?
            }
            insert => {
                let (part, after) = rest.split_at_checked(usize::from(insert))?;
                rest = after;
                part
            }
        };
        if part.len() > length - out.len() {
            return None;
        }
        out.extend_from_slice(part);
    }
    (out.len() == length).then_some(out)
}

fn byte(rest: &mut &[u8]) -> Option<u8> {
    let (first, after) = rest.split_first()?;
    *rest = after;
    Some(*first)
}

/// A size: seven bits a byte, the lowest first.
fn size(rest: &mut &[u8]) -> Option<usize> {
    let mut value = 0u64;
    for shift in (0..).step_by(7) {
        let next = byte(rest)?;
        let part = u64::from(next & 0x7f);
        if shift >= 64 || (part << shift) >> shift != part {
            return None;
        }
        value |= part << shift;
        if next & 0x80 == 0 {
            return usize::try_from(value).ok();
        }
    }
    None
}

/// The offset and the length of a copy: their bytes are there only where the instruction has a bit set.
fn copy_range(instruction: u8, rest: &mut &[u8]) -> Option<(usize, usize)> {
    let mut number = |bits: std::ops::Range<u32>| {
        let mut value = 0usize;
        for (index, bit) in bits.enumerate() {
            if instruction & (1 << bit) != 0 {
                value |= usize::from(byte(rest)?) << (8 * index);
            }
        }
        Some(value)
    };
    let offset = number(0..4)?;
    let length = number(4..7)?;
    Some((offset, if length == 0 { 0x10000 } else { length }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: &[u8] = b"the quick brown fox";

    #[test]
    fn copies_and_insertions_make_the_result() {
        // Copy 4 bytes from 0, insert "slow", copy 10 bytes from 9.
        let delta = [&[19, 18, 0x90, 4, 4][..], b"slow", &[0x91, 9, 10]].concat();
        assert_eq!(apply(BASE, &delta, 100).unwrap(), b"the slow brown fox");
    }

    #[test]
    fn a_copy_without_a_length_is_64_kib() {
        let base = vec![b'x'; 0x10000];
        let delta = [0x80, 0x80, 0x04, 0x80, 0x80, 0x04, 0x80];
        assert_eq!(apply(&base, &delta, 1 << 20).unwrap(), base);
    }

    #[test]
    fn whatever_does_not_fit_is_refused() {
        assert!(apply(BASE, &[18, 1, 1, b'x'], 100).is_none(), "another base");
        assert!(
            apply(BASE, &[19, 1, 0], 100).is_none(),
            "the reserved instruction"
        );
        assert!(
            apply(BASE, &[19, 4, 0x91, 16, 4], 100).is_none(),
            "past the end of the base"
        );
        assert!(
            apply(BASE, &[19, 4, 4, b'x'], 100).is_none(),
            "past the end of the delta"
        );
        assert!(
            apply(BASE, &[19, 1, 2, b'x', b'y'], 100).is_none(),
            "more than announced"
        );
        assert!(
            apply(BASE, &[19, 2, 1, b'x'], 100).is_none(),
            "less than announced"
        );
        assert!(apply(BASE, &[19], 100).is_none(), "no size");
        assert!(apply(BASE, &[19, 18, 0x90, 18], 17).is_none(), "over the limit");
        assert!(apply(BASE, &[0xff; 20], 100).is_none(), "a size without end");
    }
}
