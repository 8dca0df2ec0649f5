use super::*;
use crate::oid::Oid;
use crate::refname::RefName;

fn id(digit: &str) -> Oid {
    crate::parse_oid(digit.repeat(40).as_bytes()).unwrap()
}

fn name(name: &str) -> RefName {
    RefName::new(name).unwrap()
}

fn choose(list: &str, wish: PushWish) -> PushCapabilities {
    PushCapabilities::choose(&Capabilities::from_list(list.as_bytes()).unwrap(), wish)
}

const ALL: PushWish = PushWish {
    atomic: true,
    push_options: true,
    quiet: true,
};

#[test]
fn every_command_carries_the_value_that_it_replaces() {
    let zeros = ObjectFormat::Sha1.null();
    let create = Command::create(name("refs/heads/a"), id("a")).unwrap();
    assert_eq!(
        (create.old_id(), create.new_id(), create.lease()),
        (zeros, id("a"), Lease::Absent)
    );
    assert!(create.is_create() && !create.is_delete());
    let update = Command::update(name("refs/heads/a"), id("a"), id("b")).unwrap();
    assert_eq!(
        (update.old_id(), update.new_id(), update.lease()),
        (id("a"), id("b"), Lease::At(id("a")))
    );
    assert!(!update.is_create() && !update.is_delete());
    let delete = Command::delete(name("refs/heads/a"), id("a")).unwrap();
    assert_eq!(
        (delete.old_id(), delete.new_id(), delete.lease()),
        (id("a"), zeros, Lease::At(id("a")))
    );
    assert!(!delete.is_create() && delete.is_delete());
}

#[test]
fn zeros_are_never_taken_for_a_value() {
    let zeros = ObjectFormat::Sha1.null();
    let main = || name("refs/heads/main");
    assert_eq!(Command::create(main(), zeros), Err(CommandError::Null));
    assert_eq!(Command::update(main(), zeros, id("a")), Err(CommandError::Null));
    assert_eq!(Command::update(main(), id("a"), zeros), Err(CommandError::Null));
    assert_eq!(Command::delete(main(), zeros), Err(CommandError::Null));
}

#[test]
fn both_values_have_one_format() {
    let sha256 = crate::parse_oid(&[b'a'; 64]).unwrap();
    assert_eq!(
        Command::update(name("refs/heads/a"), id("a"), sha256),
        Err(CommandError::Formats)
    );
    let create = Command::create(name("refs/heads/a"), sha256).unwrap();
    assert_eq!(create.old_id(), ObjectFormat::Sha256.null());
}

#[test]
fn only_what_is_offered_and_wished_is_chosen() {
    let offered = "report-status report-status-v2 delete-refs side-band-64k quiet atomic ofs-delta push-options object-format=sha1 agent=x";
    let caps = choose(offered, ALL);
    assert_eq!(
        (caps.report, caps.side_band),
        (ReportVersion::V2, SideBand::Large)
    );
    assert!(
        caps.atomic && caps.push_options && caps.quiet && caps.ofs_delta && caps.delete_refs && !caps.no_thin
    );
    let caps = choose(offered, PushWish::default());
    assert!(!caps.atomic && !caps.push_options && !caps.quiet);
    let caps = choose("report-status no-thin", ALL);
    assert_eq!((caps.report, caps.side_band), (ReportVersion::V1, SideBand::None));
    assert!(caps.no_thin && !caps.atomic && !caps.push_options && !caps.quiet && !caps.delete_refs);
    assert_eq!(choose("", ALL), PushCapabilities::default());
}

#[test]
fn the_first_command_carries_the_capabilities_and_options_follow_the_commands() {
    let caps = choose(
        "report-status-v2 side-band-64k quiet atomic push-options object-format=sha1 agent=x",
        ALL,
    );
    let commands = [
        Command::delete(name("refs/heads/a"), id("a")).unwrap(),
        Command::create(name("refs/heads/a/b"), id("b")).unwrap(),
    ];
    let options = ["ci.skip".to_owned(), "topic=x y".to_owned()];
    let encoded = encode_commands(&commands, &caps, &options, Some("refsync/1"));
    let (a, b, zeros) = ("a".repeat(40), "b".repeat(40), "0".repeat(40));
    let list = "report-status-v2 side-band-64k quiet atomic push-options object-format=sha1 agent=refsync/1";
    let first = format!("{a} {zeros} refs/heads/a\0 {list}");
    let second = format!("{zeros} {b} refs/heads/a/b");
    let expected = [
        format!(
            "{:04x}{first}{:04x}{second}0000",
            first.len() + 4,
            second.len() + 4
        ),
        "000bci.skip000dtopic=x y0000".to_owned(),
    ];
    assert_eq!(String::from_utf8(encoded).unwrap(), expected.concat());
}

#[test]
fn options_are_not_sent_to_a_receiver_that_does_not_take_them() {
    let caps = choose("report-status agent=x", ALL);
    let commands = [Command::create(name("refs/heads/a"), id("a")).unwrap()];
    let encoded = encode_commands(&commands, &caps, &["ci.skip".to_owned()], None);
    assert!(encoded.ends_with(b"refs/heads/a\0 report-status0000"));
}

#[test]
fn a_push_option_is_one_short_line() {
    assert_eq!(check_push_option("ci.skip"), Ok(()));
    assert_eq!(check_push_option(&"x".repeat(MAX_DATA_LEN)), Ok(()));
    assert_eq!(
        check_push_option(&"x".repeat(MAX_DATA_LEN + 1)),
        Err(PushOptionError::TooLong)
    );
    assert_eq!(check_push_option("a\nb"), Err(PushOptionError::NotALine));
    assert_eq!(check_push_option("a\0b"), Err(PushOptionError::NotALine));
}

#[test]
fn deletions_alone_need_no_pack() {
    let delete = Command::delete(name("refs/heads/a"), id("a")).unwrap();
    let create = Command::create(name("refs/heads/b"), id("b")).unwrap();
    assert!(!needs_pack(&[]) && !needs_pack(std::slice::from_ref(&delete)));
    assert!(needs_pack(&[delete, create]));
}

#[test]
fn the_empty_pack_is_the_one_that_git_makes() {
    let sha1 = "5041434b0000000200000000029d08823bd8a8eab510ad6ac75c823cfd3ed31e";
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    assert_eq!(hex(&empty_pack(ObjectFormat::Sha1)), sha1);
    assert_eq!(empty_pack(ObjectFormat::Sha256).len(), 12 + 32);
}
