use std::fmt::Write;

use gitwire::greeting::Service;
use gitwire::pack::{GiveUp, PackHeader, ParentScan, ScanLimits, ScanState};
use gitwire::sideband::SideBand;
use gitwire::upload_pack_v0::{Haves, V0Capabilities, V0Decoder, V0Event, encode_haves, encode_wants};
use gitwire::{ObjectFormat, Oid};
use testkit::Repo;

use super::server::Server;
use super::{FORMATS, fed, id, repo};

/// A history of merges and forks, each commit under a branch of its own, with long messages that make deltas.
fn history(format: ObjectFormat, seed: u64, commits: u64) -> (Repo, Vec<Oid>) {
    let repo = repo(format);
    let mut random = seed;
    let mut next = |below: u64| {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) % below
    };
    let mut stream = String::new();
    for number in 1..=commits {
        let message = format!(
            "Commit {number}\n\n{}",
            "The same long text in every message. ".repeat(30)
        );
        let file = format!("file {}\n", next(5)).repeat(50);
        write!(stream, "commit refs/heads/b{number}\nmark :{number}\n").unwrap();
        write!(
            stream,
            "committer C <c@example.com> {} +0000\ndata {}\n{message}\n",
            1_700_000_000 + number,
            message.len()
        )
        .unwrap();
        if number > 1 && next(10) > 0 {
            let parent = 1.max(number.saturating_sub(1 + next(4)));
            writeln!(stream, "from :{parent}").unwrap();
            let other = 1 + next(number - 1);
            if next(3) == 0 && other != parent {
                writeln!(stream, "merge :{other}").unwrap();
            }
        }
        write!(
            stream,
            "M 100644 inline f{}\ndata {}\n{file}\n",
            next(4),
            file.len()
        )
        .unwrap();
    }
    fed(
        &repo,
        &["fast-import", "--quiet", "--date-format=raw"],
        stream.as_bytes(),
    )
    .unwrap();
    repo.git(&["repack", "-adfq", "--depth=50", "--window=50"]);
    let ids = (1..=commits)
        .map(|number| id(&repo.resolve(&format!("refs/heads/b{number}"))))
        .collect();
    (repo, ids)
}

/// Fetches `want` against `have` by version 0, as a whole pack.
fn pack(repo: &Repo, want: Oid, have: Oid, ofs_delta: bool) -> Vec<u8> {
    let mut server = Server::start(Service::UploadPack, repo, 0);
    let (greeting, _) = server.greeting(Service::UploadPack);
    let chosen = V0Capabilities {
        thin: false,
        ofs_delta,
        side_band: SideBand::Large,
        ..V0Capabilities::choose(greeting.capabilities())
    };
    server.send(&encode_wants(&chosen, &[want], &[], None));
    server.send(&encode_haves(&[have], Haves::Done));
    let mut decoder = V0Decoder::new(&chosen, true);
    let mut pack = Vec::new();
    while !decoder.is_done() {
        if let V0Event::Pack(bytes) = decoder.packet(&server.packet().unwrap()).unwrap() {
            pack.extend_from_slice(&bytes);
        }
    }
    pack
}

fn scan(pack: &[u8], parent: Oid, limits: ScanLimits) -> ScanState {
    let mut scan = ParentScan::new(parent, ObjectFormat::of(&parent), limits);
    for piece in pack.chunks(1000) {
        scan.feed(piece).unwrap();
    }
    scan.state()
}

fn descends(repo: &Repo, new: Oid, old: Oid) -> bool {
    fed(
        repo,
        &["merge-base", "--is-ancestor", &old.to_string(), &new.to_string()],
        b"",
    )
    .is_ok()
}

#[test]
fn a_scan_finds_a_child_exactly_where_git_sees_descent() {
    for format in FORMATS {
        let (repo, ids) = history(format, 7, 40);
        let (mut found, mut absent) = (0, 0);
        for (index, &new) in ids.iter().enumerate().skip(1).step_by(3) {
            for &old in ids.iter().take(index + 3).step_by(4).filter(|old| **old != new) {
                let expected = if descends(&repo, new, old) {
                    ScanState::Found
                } else {
                    ScanState::Absent
                };
                assert_eq!(
                    scan(&pack(&repo, new, old, true), old, ScanLimits::default()),
                    expected,
                    "{new} on {old}"
                );
                *(if expected == ScanState::Found {
                    &mut found
                } else {
                    &mut absent
                }) += 1;
            }
        }
        assert!(
            found > 10 && absent > 10,
            "{found} found, {absent} absent: the history says nothing"
        );
    }
}

#[test]
fn bases_that_are_named_by_their_id_never_lead_to_a_wrong_answer() {
    let (repo, ids) = history(ObjectFormat::Sha1, 11, 30);
    let mut answered = 0;
    for (index, &new) in ids.iter().enumerate().skip(1).step_by(3) {
        for &old in ids.iter().take(index + 3).step_by(4).filter(|old| **old != new) {
            let expected = if descends(&repo, new, old) {
                ScanState::Found
            } else {
                ScanState::Absent
            };
            match scan(&pack(&repo, new, old, false), old, ScanLimits::default()) {
                ScanState::GaveUp(reason) => assert_eq!(reason, GiveUp::MissingBase),
                state => {
                    assert_eq!(state, expected, "{new} on {old}");
                    answered += 1;
                }
            }
        }
    }
    assert!(answered > 10, "{answered} answers");
}

#[test]
fn the_commits_of_a_history_come_as_deltas_of_each_other() {
    let (repo, ids) = history(ObjectFormat::Sha1, 7, 40);
    let verified = repo.git(&["rev-parse", "--git-path", "objects/pack"]);
    let pack_directory = repo.path().join(verified);
    let index = std::fs::read_dir(pack_directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some_and(|extension| extension == "idx"))
        .unwrap();
    let lines = repo.git(&["verify-pack", "-v", index.to_str().unwrap()]);
    let deltas = lines.lines().filter(|line| {
        let fields: Vec<_> = line.split_whitespace().collect();
        fields.len() == 7 && fields[1] == "commit" && ids.contains(&id(fields[0]))
    });
    assert!(deltas.count() > 5, "the scans above would resolve no deltas");
}

#[test]
fn an_empty_pack_proves_the_opposite_direction() {
    let (repo, ids) = history(ObjectFormat::Sha1, 13, 20);
    for &old in &ids[..10] {
        for &new in ids[5..].iter().step_by(4).filter(|new| **new != old) {
            // The source has `new`, the target `old`: want the target's value, have the source's.
            let header = PackHeader::parse(&pack(&repo, old, new, true)).unwrap().unwrap();
            assert_eq!(header.objects == 0, descends(&repo, new, old), "{new} on {old}");
        }
    }
}

#[test]
fn less_memory_than_commits_gives_up() {
    let (repo, ids) = history(ObjectFormat::Sha1, 7, 40);
    let unrelated = id(&"5".repeat(40));
    let pack = pack(&repo, ids[39], unrelated, true);
    assert_eq!(scan(&pack, unrelated, ScanLimits::default()), ScanState::Absent);
    let limits = ScanLimits {
        memory: 4096,
        object: 4096,
    };
    assert_eq!(scan(&pack, unrelated, limits), ScanState::GaveUp(GiveUp::Memory));
}
