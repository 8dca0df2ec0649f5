use super::super::testing::{BLOB, COMMIT, PackBuilder, commit, commit_id, delta};
use super::*;

const WANTED: &str = "1111111111111111111111111111111111111111";
const OTHER: &str = "2222222222222222222222222222222222222222";

fn scan_with(pack: &[u8], piece: usize, limits: ScanLimits) -> ScanState {
    let parent = crate::parse_oid(WANTED.as_bytes()).unwrap();
    let mut scan = ParentScan::new(parent, ObjectFormat::Sha1, limits);
    for bytes in pack.chunks(piece) {
        scan.feed(bytes).unwrap();
    }
    scan.state()
}

/// The answer, which must not depend on how the pack is cut.
fn scan(pack: &[u8]) -> ScanState {
    let whole = scan_with(pack, usize::MAX, ScanLimits::default());
    for piece in [1, 2, 13] {
        assert_eq!(
            scan_with(pack, piece, ScanLimits::default()),
            whole,
            "in pieces of {piece}"
        );
    }
    whole
}

fn pack(objects: &[(u8, Vec<u8>)]) -> Vec<u8> {
    let mut builder = PackBuilder::new(ObjectFormat::Sha1, objects.len() as u32);
    for (kind, content) in objects {
        builder.object(*kind, content);
    }
    builder.finish()
}

#[test]
fn a_commit_with_the_parent_is_found_among_others() {
    let others = [
        (COMMIT, commit(&[], "root")),
        (BLOB, vec![b'x'; 100_000]),
        (COMMIT, commit(&[OTHER], "other")),
    ];
    assert_eq!(scan(&pack(&others)), ScanState::Absent);
    let merge = (COMMIT, commit(&[OTHER, WANTED], "merge"));
    assert_eq!(scan(&pack(&[&others[..], &[merge]].concat())), ScanState::Found);
}

#[test]
fn only_the_header_of_a_commit_counts() {
    let message = format!("about\n\nparent {WANTED}");
    let blob = (BLOB, commit(&[WANTED], "a file"));
    assert_eq!(
        scan(&pack(&[(COMMIT, commit(&[OTHER], &message)), blob])),
        ScanState::Absent
    );
}

#[test]
fn an_empty_pack_has_no_commit() {
    assert_eq!(
        scan(&crate::receive_pack::empty_pack(ObjectFormat::Sha1)),
        ScanState::Absent
    );
}

#[test]
fn deltas_on_deltas_on_commits_are_commits() {
    let base = commit(&[OTHER], "base");
    let middle = delta(&base, 46, &format!("parent {OTHER}\n more"));
    let last = delta(
        &[&base[..46], format!("parent {OTHER}\n more").as_bytes()].concat(),
        46,
        &format!("parent {WANTED}\n"),
    );
    let mut builder = PackBuilder::new(ObjectFormat::Sha1, 4);
    let base = builder.object(COMMIT, &base);
    builder.object(BLOB, &[b'x'; 1000]);
    let middle = builder.ofs_delta(base, &middle);
    builder.ofs_delta(middle, &last);
    assert_eq!(scan(&builder.finish()), ScanState::Found);
}

#[test]
fn deltas_on_files_are_no_commits() {
    let file = commit(&[OTHER], "a file");
    let mut builder = PackBuilder::new(ObjectFormat::Sha1, 3);
    let base = builder.object(BLOB, &file);
    let next = builder.ofs_delta(base, &delta(&file, 46, &format!("parent {WANTED}\n")));
    builder.ofs_delta(next, b"this is not even a delta");
    assert_eq!(scan(&builder.finish()), ScanState::Absent);
}

#[test]
fn a_base_that_is_named_by_its_id_may_come_later() {
    let base = commit(&[OTHER], "base");
    let id = crate::parse_oid(commit_id(&base).as_bytes()).unwrap();
    let middle = [&base[..46], b"parent 3"].concat();
    let mut builder = PackBuilder::new(ObjectFormat::Sha1, 3);
    let waiting = builder.ref_delta(id.as_slice(), &delta(&base, 46, "parent 3"));
    builder.ofs_delta(waiting, &delta(&middle, 46, &format!("parent {WANTED}\n")));
    builder.object(COMMIT, &base);
    assert_eq!(scan(&builder.finish()), ScanState::Found);
}

#[test]
fn a_base_that_never_comes_leaves_no_answer() {
    let mut builder = PackBuilder::new(ObjectFormat::Sha1, 2);
    builder.object(COMMIT, &commit(&[OTHER], "other"));
    builder.ref_delta(&[7; 20], &delta(b"base", 2, "x"));
    assert_eq!(scan(&builder.finish()), ScanState::GaveUp(GiveUp::MissingBase));
}

#[test]
fn a_delta_that_does_not_fit_leaves_no_answer() {
    let mut builder = PackBuilder::new(ObjectFormat::Sha1, 2);
    let base = builder.object(COMMIT, &commit(&[OTHER], "other"));
    builder.ofs_delta(base, &delta(b"another base", 2, "x"));
    assert_eq!(scan(&builder.finish()), ScanState::GaveUp(GiveUp::Delta));
}

#[test]
fn another_checksum_or_more_bytes_leave_no_answer() {
    let whole = pack(&[(COMMIT, commit(&[OTHER], "other"))]);
    let mut flipped = whole.clone();
    *flipped.last_mut().unwrap() ^= 1;
    assert_eq!(scan(&flipped), ScanState::GaveUp(GiveUp::Checksum));
    assert_eq!(
        scan(&[&whole[..], b"x"].concat()),
        ScanState::GaveUp(GiveUp::Malformed)
    );
}

#[test]
fn a_cut_pack_leaves_no_answer() {
    let whole = pack(&[(COMMIT, commit(&[OTHER], "other"))]);
    for cut in 0..whole.len() {
        assert_eq!(
            scan_with(&whole[..cut], 1, ScanLimits::default()),
            ScanState::NeedMore,
            "cut at {cut}"
        );
    }
}

#[test]
fn the_answer_stays_once_it_is_known() {
    let found = pack(&[(COMMIT, commit(&[WANTED], "child"))]);
    assert_eq!(
        scan(&[&found[..], b"whatever follows"].concat()),
        ScanState::Found
    );
}

#[test]
fn objects_that_are_not_as_long_as_announced_leave_no_answer() {
    let content = commit(&[OTHER], "other");
    for size in [content.len() - 1, content.len() + 1] {
        let mut builder = PackBuilder::new(ObjectFormat::Sha1, 1);
        builder.entry(COMMIT, size, &[], &content);
        assert_eq!(
            scan(&builder.finish()),
            ScanState::GaveUp(GiveUp::Malformed),
            "announced as {size}"
        );
    }
}

#[test]
fn bytes_that_are_no_deflated_object_leave_no_answer() {
    let mut bytes = pack(&[(COMMIT, commit(&[OTHER], "other"))]);
    bytes[15..20].fill(0xff);
    assert_eq!(scan(&bytes), ScanState::GaveUp(GiveUp::Malformed));
    let mut builder = PackBuilder::new(ObjectFormat::Sha1, 1);
    builder.entry(5, 1, &[], b"x");
    assert_eq!(scan(&builder.finish()), ScanState::GaveUp(GiveUp::Malformed));
}

#[test]
fn a_delta_before_the_first_object_leaves_no_answer() {
    for distance in [0u8, 1, 13] {
        let mut builder = PackBuilder::new(ObjectFormat::Sha1, 1);
        builder.entry(6, 1, &[distance], b"x");
        assert_eq!(
            scan(&builder.finish()),
            ScanState::GaveUp(GiveUp::Malformed),
            "{distance} bytes back"
        );
    }
}

#[test]
fn what_is_no_pack_is_an_error_and_stays_one() {
    let parent = crate::parse_oid(WANTED.as_bytes()).unwrap();
    let mut scan = ParentScan::new(parent, ObjectFormat::Sha1, ScanLimits::default());
    assert!(scan.feed(b"PA").is_ok());
    assert!(scan.feed(b"GE").is_err());
    assert_eq!(scan.state(), ScanState::GaveUp(GiveUp::Malformed));
}

#[test]
fn there_is_an_end_to_what_is_kept() {
    let commits: Vec<_> = (0..100)
        .map(|n| (COMMIT, commit(&[OTHER], &format!("{n}"))))
        .collect();
    let limits = ScanLimits {
        memory: 20_000,
        object: 1000,
    };
    assert_eq!(
        scan_with(&pack(&commits), 1000, limits),
        ScanState::GaveUp(GiveUp::Memory)
    );
    assert_eq!(scan_with(&pack(&commits[..20]), 1000, limits), ScanState::Absent);
    let large = pack(&[(COMMIT, commit(&[WANTED], &"x".repeat(1000)))]);
    assert_eq!(scan_with(&large, 1000, limits), ScanState::GaveUp(GiveUp::Object));
    let large_file = pack(&[(BLOB, vec![b'x'; 1 << 20])]);
    assert_eq!(
        scan_with(&large_file, 1000, limits),
        ScanState::Absent,
        "files are not kept"
    );
}

#[test]
fn a_delta_bomb_is_stopped_by_the_limits() {
    // Each delta makes the largest object that is allowed of a few bytes; ids wait for the base, which comes last.
    let base = commit(&[OTHER], &"x".repeat(60_000));
    let limits = ScanLimits {
        memory: 1 << 20,
        object: 64 << 10,
    };
    let mut builder = PackBuilder::new(ObjectFormat::Sha1, 101);
    let offset = builder.object(COMMIT, &base);
    for _ in 0..100 {
        builder.ofs_delta(offset, &delta(&base, 60_000, ""));
    }
    assert_eq!(
        scan_with(&builder.finish(), 1000, limits),
        ScanState::GaveUp(GiveUp::Memory)
    );
    let id = crate::parse_oid(commit_id(&base).as_bytes()).unwrap();
    let mut builder = PackBuilder::new(ObjectFormat::Sha1, 101);
    for _ in 0..100 {
        builder.ref_delta(id.as_slice(), &delta(&base, 60_000, ""));
    }
    builder.object(COMMIT, &base);
    assert_eq!(
        scan_with(&builder.finish(), 1000, limits),
        ScanState::GaveUp(GiveUp::Memory)
    );
}
