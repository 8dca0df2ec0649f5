//! Scans of packs: of any bytes, and of packs that are made of any objects.

use gitwire::pack::{ParentScan, ScanLimits, ScanState};
use gitwire::{ObjectFormat, Oid};

use super::Outcome;

const LIMITS: ScanLimits = ScanLimits {
    memory: 1 << 20,
    object: 1 << 16,
};

fn scan(pack: &[u8], parent: Oid, piece: usize) -> Result<ScanState, String> {
    let mut scan = ParentScan::new(parent, ObjectFormat::of(&parent), LIMITS);
    for bytes in pack.chunks(piece) {
        if let Err(error) = scan.feed(bytes) {
            assert!(matches!(scan.state(), ScanState::GaveUp(_)));
            return Err(format!("not a pack: {}", error.to_string().len() > 10));
        }
    }
    Ok(scan.state())
}

fn scan_all_ways(pack: &[u8], parent: Oid) -> Result<ScanState, String> {
    let whole = scan(pack, parent, usize::MAX);
    for piece in [1, 7, 1000] {
        assert_eq!(scan(pack, parent, piece), whole, "in pieces of {piece}");
    }
    whole
}

fn outcome(state: Result<ScanState, String>) -> Outcome {
    match state? {
        ScanState::Found | ScanState::Absent => Ok(()),
        ScanState::NeedMore => Err("the pack is cut".to_owned()),
        ScanState::GaveUp(reason) => Err(reason.to_string()),
    }
}

/// Options: one byte, 1 for sha256, and the parent's id. Stream: a pack.
pub(crate) fn parent_scan(input: &[u8]) -> Outcome {
    let id_length = match input.first() {
        Some(option) if option & 1 == 1 => 32,
        _ => 20,
    };
    let Some(id) = input.get(1..=id_length) else {
        return Err("no options".to_owned());
    };
    let parent = Oid::try_from(id).map_err(|_| "no id")?;
    outcome(scan_all_ways(&input[1 + id_length..], parent))
}

/// The parent that the made packs are scanned for.
const PARENT: &str = "1111111111111111111111111111111111111111";

/// Stream: objects, each of a byte that tells its kind (as in a pack), for a delta a byte that tells its base (how many
/// objects back, or with an id, which object), two bytes of length, and the content. They are deflated without
/// compression and get a checksum, so that a fuzzer reaches what is in them.
pub(crate) fn pack_entries(input: &[u8]) -> Outcome {
    let mut rest = input;
    let entries: Vec<_> = std::iter::from_fn(|| entry(&mut rest)).collect();
    let count = u32::try_from(entries.len()).map_err(|_| "too many objects")?;
    let mut pack = [&b"PACK\0\0\0\x02"[..], &count.to_be_bytes()].concat();
    let mut offsets = Vec::new();
    for (index, entry) in entries.iter().enumerate() {
        offsets.push(pack.len());
        let base = match entry.base {
            Base::None => Vec::new(),
            Base::Back(back) => distance(offsets[index] - offsets[index.saturating_sub(back)]),
            Base::Number(number) => commit_id(entries[number % entries.len()].content),
        };
        write_entry(&mut pack, entry, &base);
    }
    let trailer = hash(&pack);
    pack.extend(trailer);
    let parent = gitwire::parse_oid(PARENT.as_bytes()).map_err(|error| error.to_string())?;
    outcome(scan_all_ways(&pack, parent))
}

struct Entry<'a> {
    kind: u8,
    base: Base,
    content: &'a [u8],
}

enum Base {
    None,
    Back(usize),
    Number(usize),
}

fn entry<'a>(rest: &mut &'a [u8]) -> Option<Entry<'a>> {
    let mut byte = || {
        let (&byte, left) = rest.split_first()?;
        *rest = left;
        Some(byte)
    };
    let kind = byte()? & 7;
    let base = match kind {
        6 => Base::Back(usize::from(byte()?)),
        7 => Base::Number(usize::from(byte()?)),
        _ => Base::None,
    };
    let length = usize::from(u16::from_be_bytes([byte()?, byte()?]));
    let (content, left) = rest.split_at(length.min(rest.len()));
    *rest = left;
    Some(Entry { kind, base, content })
}

fn hash(bytes: &[u8]) -> Vec<u8> {
    let mut hasher = gix_hash::hasher(gix_hash::Kind::Sha1);
    hasher.update(bytes);
    hasher
        .try_finalize()
        .map(|id| id.as_slice().to_vec())
        .unwrap_or_default()
}

fn commit_id(content: &[u8]) -> Vec<u8> {
    hash(&[format!("commit {}\0", content.len()).as_bytes(), content].concat())
}

fn write_entry(pack: &mut Vec<u8>, entry: &Entry<'_>, base: &[u8]) {
    let mut size = entry.content.len() >> 4;
    let mut byte = (entry.kind << 4) | (entry.content.len() & 15) as u8;
    while size > 0 {
        pack.push(byte | 0x80);
        byte = (size & 0x7f) as u8;
        size >>= 7;
    }
    pack.push(byte);
    pack.extend_from_slice(base);
    pack.extend(stored(entry.content));
}

fn distance(mut distance: usize) -> Vec<u8> {
    let mut encoded = vec![(distance & 0x7f) as u8];
    while distance >= 128 {
        distance = (distance >> 7) - 1;
        encoded.insert(0, (distance & 0x7f) as u8 | 0x80);
    }
    encoded
}

/// A zlib stream of one stored block (RFC 1950, RFC 1951), which holds up to 65,535 bytes.
fn stored(content: &[u8]) -> Vec<u8> {
    let length = content.len() as u16;
    let (mut a, mut b) = (1u32, 0u32);
    for byte in content {
        a = (a + u32::from(*byte)) % 65521;
        b = (b + a) % 65521;
    }
    let checksum = (b << 16 | a).to_be_bytes();
    [
        &[0x78, 0x01, 1][..],
        &length.to_le_bytes(),
        &(!length).to_le_bytes(),
        content,
        &checksum,
    ]
    .concat()
}
