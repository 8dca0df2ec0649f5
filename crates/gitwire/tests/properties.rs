//! What holds for any bytes, and for the recorded exchanges in `fuzz/seeds`.

#![expect(clippy::unwrap_used, reason = "a test helper that fails is a test that fails")]

mod exercise;

use std::fs;
use std::path::{Path, PathBuf};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::string::string_regex;
use proptest::test_runner::RngSeed;

fn seeds(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/seeds")
        .join(target);
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut seeds: Vec<_> = entries
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.clone(), fs::read(path).unwrap()))
        .collect();
    seeds.sort();
    seeds
}

#[test]
fn every_recorded_exchange_is_read_to_its_end() {
    for (target, exercise) in exercise::TARGETS {
        let seeds = seeds(target);
        assert!(!seeds.is_empty(), "{target} has no seeds");
        for (path, input) in seeds {
            let refused = path
                .file_name()
                .unwrap()
                .to_string_lossy()
                .starts_with("refused-");
            let outcome = exercise(&input);
            assert_eq!(outcome.is_err(), refused, "{}: {outcome:?}", path.display());
        }
    }
}

#[test]
fn a_recorded_exchange_that_is_cut_never_passes_for_a_whole_one() {
    for target in ["greeting", "ls_refs", "fetch", "report"] {
        let exercise = exercise::TARGETS
            .iter()
            .find(|(name, _)| *name == target)
            .unwrap()
            .1;
        for (path, input) in seeds(target) {
            let outcome = exercise(&input);
            if outcome.is_err() {
                continue;
            }
            // Every place near the ends, and some between.
            let step = (input.len() / 50).max(1);
            for cut in (0..input.len()).filter(|cut| cut % step == 0 || cut + 60 > input.len()) {
                let cut_outcome = exercise(&input[..cut]);
                assert!(
                    cut_outcome.is_err() || is_whole(target, &input[..cut]),
                    "{} at {cut}",
                    path.display()
                );
            }
        }
    }
}

/// A cut that leaves everything that counts: of a report in a side-band the last flush packet may be missing, if that
/// of the report itself is there.
fn is_whole(target: &str, input: &[u8]) -> bool {
    target == "report" && input.windows(4).any(|window| window == b"0000")
}

/// The same cases in every run: looking for new ones is the fuzzer's part.
fn config() -> ProptestConfig {
    ProptestConfig {
        rng_seed: RngSeed::Fixed(20_261_121),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn any_bytes_are_read_without_a_panic(input in vec(any::<u8>(), 0..600)) {
        for (_, exercise) in exercise::TARGETS {
            let _ = exercise(&input);
        }
    }

    #[test]
    fn any_lines_are_read_without_a_panic(options in any::<[u8; 2]>(), lines in vec(line(), 0..12)) {
        let input = [&options[..], &lines.concat()].concat();
        for (_, exercise) in exercise::TARGETS {
            let _ = exercise(&input);
            let _ = exercise(&input[1..]);
        }
    }

    #[test]
    fn any_damage_to_an_exchange_is_read_without_a_panic(
        choice in any::<Index>(),
        damage in vec((any::<Index>(), any::<u8>()), 1..8),
        cut in any::<Index>(),
    ) {
        for (target, exercise) in exercise::TARGETS {
            let (_, mut input) = choice.get(&seeds(target)).clone();
            for (at, byte) in &damage {
                let at = at.index(input.len());
                input[at] = *byte;
            }
            let _ = exercise(&input);
            input.truncate(cut.index(input.len()));
            let _ = exercise(&input);
        }
    }
}

/// A packet that may well be part of an exchange.
fn line() -> impl Strategy<Value = Vec<u8>> {
    let matching = |regex: &str| string_regex(regex).expect("the regex is fixed");
    let special = prop_oneof![Just("0000"), Just("0001"), Just("0002"), Just("0005\u{1}")];
    let words = prop_oneof![
        matching(
            r"[0-9a-f]{40} (HEAD|refs/heads/[a-z./~]{1,5}|\.have|capabilities)(\^\{\})?(\x00multi_ack agent=x)?"
        ),
        matching("(ACK|shallow|unshallow|unborn|peeled:) ?([0-9a-f]{40})?( (common|ready|continue|HEAD))?"),
        matching(
            "(version [0-9]|# service=git-upload-pack|NAK|ready|packfile|acknowledgments|shallow-info|wanted-refs)"
        ),
        matching(
            "(unpack ok|unpack no|ok refs/heads/a|ng refs/heads/a no|option (refname refs/x/y|old-oid|forced-update))"
        ),
        matching(r"[\x01\x02\x03](PACK|0000|000eunpack ok\n|[a-z\r\n]{1,8})"),
        matching("ERR [a-z]{0,8}"),
    ];
    let data = words.prop_map(|words| {
        let mut out = Vec::new();
        gitwire::pktline::write_data(&mut out, words.as_bytes());
        out
    });
    prop_oneof![special.prop_map(|packet| packet.as_bytes().to_vec()), data]
}
