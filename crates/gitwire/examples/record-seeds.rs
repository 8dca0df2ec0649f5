//! Records what the git of this machine answers, as the seeds of the fuzz targets and of the tests that replay them:
//! `cargo run -p gitwire --example record-seeds`.
//!
//! A seed is the bytes of options that `tests/exercise` describes, and then what the server sent. The name of one that
//! must not be read to its end starts with `refused-`.

#![expect(clippy::unwrap_used, reason = "it shares helpers with the tests")]

#[path = "../tests/real_git/repos.rs"]
mod repos;
#[path = "../tests/real_git/server.rs"]
mod server;

use std::fs;
use std::path::Path;

use gitwire::fetch::{FetchDecoder, FetchEvent, FetchRequest};
use gitwire::greeting::Service;
use gitwire::ls_refs::{LsRefsDecoder, LsRefsRequest};
use gitwire::receive_pack::{Command, PushCapabilities, PushWish, empty_pack, encode_commands, needs_pack};
use gitwire::report::ReportVersion;
use gitwire::sideband::SideBand;
use gitwire::upload_pack_v0::{AckMode, Haves, V0Capabilities, encode_haves, encode_wants};
use gitwire::{ObjectFormat, Oid, RefName};
use repos::{FORMATS, furnished, id, name, repo};
use server::Server;
use testkit::Repo;

fn main() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds");
    if folder.exists() {
        fs::remove_dir_all(&folder).expect("the seeds can be replaced");
    }
    greetings();
    listings();
    fetches();
    fetches_of_version_0();
    pushes();
    packs();
    messages();
}

fn save(target: &str, seed: &str, options: &[u8], stream: &[u8]) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/seeds")
        .join(target);
    fs::create_dir_all(&folder).expect("a folder can be made");
    fs::write(folder.join(seed), [options, stream].concat()).expect("a seed can be written");
}

fn option(format: ObjectFormat) -> u8 {
    u8::from(format == ObjectFormat::Sha256)
}

fn greetings() {
    for format in FORMATS {
        for (kind, repo) in [("furnished", furnished(format)), ("empty", repo(format))] {
            for version in 0..=2 {
                let mut server = Server::start(Service::UploadPack, &repo, version);
                server.greeting(Service::UploadPack);
                let greeting = server.take_transcript();
                save(
                    "greeting",
                    &format!("{kind}-{format}-v{version}"),
                    &[0],
                    &greeting,
                );
                save("pktline", &format!("{kind}-{format}-v{version}"), &[], &greeting);
            }
            let mut server = Server::start(Service::ReceivePack, &repo, 0);
            server.greeting(Service::ReceivePack);
            save(
                "greeting",
                &format!("{kind}-{format}-receive-pack"),
                &[1],
                &server.take_transcript(),
            );
        }
    }
    let shallow = furnished(ObjectFormat::Sha1);
    let shallow = shallow.shallow_clone(shallow.root().join("shallow.git"), 1);
    let mut server = Server::start(Service::UploadPack, &shallow, 0);
    server.greeting(Service::UploadPack);
    let greeting = server.take_transcript();
    save("greeting", "shallow", &[0], &greeting);
    let over_http = [b"001e# service=git-upload-pack\n0000", &greeting[..]].concat();
    save("greeting", "over-http", &[0], &over_http);
    let repo = furnished(ObjectFormat::Sha1);
    for (service, option) in [(Service::UploadPack, 0), (Service::ReceivePack, 1)] {
        let mut server = Server::start_jgit(service, &repo);
        server.greeting(service);
        save(
            "greeting",
            &format!("jgit-{}", service.name()),
            &[option],
            &server.take_transcript(),
        );
    }
    save(
        "greeting",
        "refused-error",
        &[0],
        b"0021ERR access denied: /repo.git\n",
    );
    save(
        "pktline",
        "refused-html",
        &[],
        b"<!DOCTYPE html>\n<title>Sign in</title>\n",
    );
}

/// A connection of version 2, past its greeting.
fn connect(repo: &Repo) -> Server {
    let mut server = Server::start(Service::UploadPack, repo, 2);
    server.greeting(Service::UploadPack);
    server.take_transcript();
    server
}

fn listings() {
    for format in FORMATS {
        for (kind, repo) in [("furnished", furnished(format)), ("empty", repo(format))] {
            let request = LsRefsRequest {
                symrefs: true,
                peel: true,
                unborn: true,
                object_format: format,
                send_object_format: true,
                ..LsRefsRequest::default()
            };
            let mut server = connect(&repo);
            server.send(&request.encode());
            let mut decoder = LsRefsDecoder::new(format);
            while !decoder.is_done() {
                let packet = server.packet().expect("a listing ends in a flush packet");
                decoder.packet(&packet).expect("git lists references");
            }
            save(
                "ls_refs",
                &format!("{kind}-{format}"),
                &[option(format)],
                &server.take_transcript(),
            );
        }
    }
}

/// One response, recorded, and the pack in it.
fn fetched(repo: &Repo, seed: &str, request: FetchRequest<'_>) -> Vec<u8> {
    let mut server = connect(repo);
    server.send(&request.encode());
    let mut decoder = FetchDecoder::new(request.object_format);
    let (mut pack, mut progress) = (Vec::new(), Vec::new());
    while !decoder.is_done() {
        let Some(packet) = server.packet() else { break };
        match decoder.packet(&packet) {
            Ok(FetchEvent::Pack(bytes)) => pack.extend_from_slice(&bytes),
            Ok(FetchEvent::Progress(bytes)) => progress.extend_from_slice(&bytes),
            Ok(_) => {}
            Err(_) => break,
        }
    }
    save(
        "fetch",
        seed,
        &[option(request.object_format)],
        &server.take_transcript(),
    );
    if !progress.is_empty() {
        save("message", seed, &[], &progress);
    }
    pack
}

fn fetches() {
    for format in FORMATS {
        let source = furnished(format);
        let old = id(&source.resolve("main"));
        let new = id(&source.commit("main", "a new one"));
        let base = FetchRequest {
            object_format: format,
            ofs_delta: true,
            ..FetchRequest::default()
        };
        let unknown = id(&"5".repeat(format.hex_len()));
        fetched(
            &source,
            &format!("clone-{format}"),
            FetchRequest {
                wants: &[new],
                done: true,
                ..base
            },
        );
        fetched(
            &source,
            &format!("nak-{format}"),
            FetchRequest {
                wants: &[new],
                haves: &[unknown],
                ..base
            },
        );
        fetched(
            &source,
            &format!("ready-{format}"),
            FetchRequest {
                wants: &[new],
                haves: &[old],
                ..base
            },
        );
        let waiting = FetchRequest {
            wants: &[new],
            haves: &[old],
            wait_for_done: true,
            ..base
        };
        fetched(&source, &format!("ack-{format}"), waiting);
        fetched(
            &source,
            &format!("deepen-{format}"),
            FetchRequest {
                wants: &[new],
                deepen: Some(1),
                done: true,
                ..base
            },
        );
        source.config("uploadpack.allowRefInWant", "true");
        let names = [name("refs/heads/main"), name("refs/tags/v1")];
        fetched(
            &source,
            &format!("want-ref-{format}"),
            FetchRequest {
                want_refs: &names,
                done: true,
                ..base
            },
        );
        fetched(
            &source,
            &format!("refused-{format}"),
            FetchRequest {
                wants: &[unknown],
                done: true,
                ..base
            },
        );
    }
}

/// The answers to wants and rounds of haves that are sent at once, the last of them with `done` if it says so.
fn answered_in_version_0(
    server: &mut Server,
    seed: &str,
    chosen: &V0Capabilities,
    wants: &[Oid],
    rounds: &[&[Oid]],
    done: bool,
) {
    server.greeting(Service::UploadPack);
    server.take_transcript();
    server.send(&encode_wants(chosen, wants, &[], None));
    for haves in rounds {
        server.send(&encode_haves(haves, Haves::Flush));
    }
    if done {
        server.send(&encode_haves(&[], Haves::Done));
    }
    server.rest();
    let ack = match chosen.ack {
        AckMode::Detailed => 0,
        AckMode::Multi => 1,
        AckMode::Single => 2,
    };
    let side_band = match chosen.side_band {
        SideBand::Large => 0,
        SideBand::None => 1,
        SideBand::Small => 2,
    };
    let done = match (done, rounds.is_empty()) {
        (false, _) => 0,
        (true, true) => 0x20,
        (true, false) => 0x40,
    };
    let flags = ack | side_band << 2 | done | option(chosen.object_format) << 7;
    let ahead = u8::try_from(rounds.len().saturating_sub(1)).expect("there are few rounds");
    save("upload_pack_v0", seed, &[flags, ahead], &server.take_transcript());
}

fn fetches_of_version_0() {
    for format in FORMATS {
        let source = furnished(format);
        let start = || Server::start(Service::UploadPack, &source, 0);
        let old = id(&source.resolve("main"));
        let new = id(&source.commit("main", "a new one"));
        let unknown = id(&"5".repeat(format.hex_len()));
        let rounds: [&[Oid]; 2] = [&[unknown], &[old]];
        for (chosen, mode) in modes(format) {
            let seed = format!("{mode}-{format}");
            answered_in_version_0(&mut start(), &format!("clone-{seed}"), &chosen, &[new], &[], true);
            answered_in_version_0(
                &mut start(),
                &format!("rounds-{seed}"),
                &chosen,
                &[new],
                &rounds,
                true,
            );
            if format == ObjectFormat::Sha1 && mode == "detailed-large" {
                let mut jgit = Server::start_jgit(Service::UploadPack, &source);
                answered_in_version_0(&mut jgit, "jgit", &chosen, &[new], &rounds, true);
            }
        }
        let chosen = V0Capabilities {
            object_format: format,
            ..V0Capabilities::default()
        };
        answered_in_version_0(
            &mut start(),
            &format!("nak-{format}"),
            &chosen,
            &[new],
            &rounds[..1],
            false,
        );
        answered_in_version_0(
            &mut start(),
            &format!("refused-{format}"),
            &chosen,
            &[unknown],
            &[],
            true,
        );
    }
}

/// Every way to acknowledge with every way to send.
fn modes(format: ObjectFormat) -> Vec<(V0Capabilities, String)> {
    let mut all = Vec::new();
    for (ack, ack_name) in [
        (AckMode::Single, "single"),
        (AckMode::Multi, "multi"),
        (AckMode::Detailed, "detailed"),
    ] {
        for (side_band, band_name) in [
            (SideBand::None, "plain"),
            (SideBand::Small, "small"),
            (SideBand::Large, "large"),
        ] {
            let chosen = V0Capabilities {
                ack,
                side_band,
                object_format: format,
                ..V0Capabilities::default()
            };
            all.push((chosen, format!("{ack_name}-{band_name}")));
        }
    }
    all
}

fn pushed(target: &Repo, seed: &str, commands: &[Command], report: ReportVersion, side_band: SideBand) {
    let mut server = Server::start(Service::ReceivePack, target, 0);
    let (decoder, _) = server.greeting(Service::ReceivePack);
    server.take_transcript();
    let chosen = PushCapabilities::choose(decoder.capabilities(), PushWish::default());
    let caps = PushCapabilities {
        report,
        side_band,
        ..chosen
    };
    server.send(&encode_commands(commands, &caps, &[], None));
    if needs_pack(commands) {
        server.send(&empty_pack(caps.object_format));
    }
    server.rest();
    let side_band = u8::from(side_band == SideBand::None);
    let version = match report {
        ReportVersion::V2 => 0,
        ReportVersion::V1 => 1,
        ReportVersion::None => 2,
    };
    save(
        "report",
        seed,
        &[side_band | version << 2],
        &server.take_transcript(),
    );
}

fn pushes() {
    let create = |reference: &str, new| Command::create(name(reference), new).expect("it has a value");
    for report in [ReportVersion::V1, ReportVersion::V2, ReportVersion::None] {
        for (side_band, band_name) in [(SideBand::None, "plain"), (SideBand::Large, "side-band")] {
            let target = furnished(ObjectFormat::Sha1);
            target.hook("update", "echo \"may $1 pass?\"; [ $1 != refs/heads/closed ]");
            target.hook("post-receive", "echo done");
            let main = id(&target.resolve("main"));
            let gone: RefName = name("refs/heads/gone");
            let commands = [
                create("refs/heads/new", main),
                create("refs/heads/closed", main),
                Command::update(gone, main, main).expect("it has both values"),
                Command::delete(name("refs/tags/light"), id(&target.resolve("light")))
                    .expect("it has a value"),
            ];
            let version = report.capability().unwrap_or("no-report");
            pushed(
                &target,
                &format!("{version}-{band_name}"),
                &commands,
                report,
                side_band,
            );
        }
    }
    let target = furnished(ObjectFormat::Sha1);
    target.hook("reference-transaction", "kill -9 $PPID");
    let commands = [create("refs/heads/new", id(&target.resolve("main")))];
    pushed(
        &target,
        "refused-died",
        &commands,
        ReportVersion::V2,
        SideBand::Large,
    );
    save("report", "options", &[1], &rewritten());
}

/// A report in the words of a `proc-receive` hook.
fn rewritten() -> Vec<u8> {
    let mut out = Vec::new();
    let (old, new) = ("1".repeat(40), "2".repeat(40));
    for line in [
        "unpack ok",
        "ok refs/for/main",
        "option refname refs/changes/1",
        &format!("option old-oid {old}"),
        &format!("option new-oid {new}"),
        "option forced-update",
        "ng refs/for/other not now",
    ] {
        gitwire::pktline::write_line(&mut out, line);
    }
    gitwire::pktline::write_flush(&mut out);
    out
}

fn packs() {
    for format in FORMATS {
        let source = furnished(format);
        let root = id(&source.resolve("main~2"));
        for number in 0..12 {
            source.commit(
                "main",
                &format!("{number} {}", "the same words again and again ".repeat(20)),
            );
        }
        source.git(&["repack", "-adfq", "--depth=50", "--window=50"]);
        let new = id(&source.resolve("main"));
        for (seed, ofs_delta) in [("ofs-delta", true), ("ref-delta", false)] {
            let request = FetchRequest {
                wants: &[new],
                done: true,
                ofs_delta,
                object_format: format,
                ..Default::default()
            };
            let pack = fetched(&source, &format!("deltas-{seed}-{format}"), request);
            let middle = id(&source.resolve("main~6"));
            for (parent, kind) in [(root, "oldest"), (middle, "middle")] {
                let options = [&[option(format)], parent.as_slice()].concat();
                save("parent_scan", &format!("{seed}-{kind}-{format}"), &options, &pack);
            }
        }
        let options = [&[option(format)][..], &vec![7; format.hex_len() / 2]].concat();
        save(
            "parent_scan",
            &format!("empty-{format}"),
            &options,
            &empty_pack(format),
        );
    }
    made_packs();
}

/// Packs that no server sends: see `pack_entries`.
fn made_packs() {
    let commit = |parent: &str| {
        format!(
            "tree {}\nparent {}\nauthor a\n\nx\n",
            "4".repeat(40),
            parent.repeat(40)
        )
    };
    let entry = |head: &[u8], content: &[u8]| {
        let length = u16::try_from(content.len()).expect("it is short").to_be_bytes();
        [head, &length, content].concat()
    };
    let (other, wanted) = (commit("2"), commit("1"));
    // A delta that keeps the line of the tree and adds a parent.
    let insertion = format!("parent {}\n", "1".repeat(40));
    let length = u8::try_from(other.len()).expect("it is shorter than 128 bytes");
    let to_wanted = [&[length, 46 + 48, 0x90, 46, 48][..], insertion.as_bytes()].concat();
    let to_other = [length, 46, 0x90, 46];
    let blob = entry(&[3], b"a file");
    save(
        "pack_entries",
        "commits",
        &[],
        &[
            entry(&[1], other.as_bytes()),
            blob.clone(),
            entry(&[1], wanted.as_bytes()),
        ]
        .concat(),
    );
    save(
        "pack_entries",
        "ofs-delta",
        &[],
        &[entry(&[1], other.as_bytes()), entry(&[6, 1], &to_wanted)].concat(),
    );
    save(
        "pack_entries",
        "ref-delta",
        &[],
        &[entry(&[7, 1], &to_wanted), entry(&[1], other.as_bytes())].concat(),
    );
    save(
        "pack_entries",
        "absent",
        &[],
        &[entry(&[1], other.as_bytes()), blob, entry(&[6, 2], &to_other)].concat(),
    );
    save(
        "pack_entries",
        "refused-delta",
        &[],
        &[entry(&[1], other.as_bytes()), entry(&[6, 1], b"\x05\x05x")].concat(),
    );
}

fn messages() {
    save(
        "message",
        "escapes",
        &[],
        "\u{1b}[31mred\u{1b}[0m\r\nnext\r\u{9b}1m\u{202e}gpj.exe\ttab\nlast".as_bytes(),
    );
    save("message", "no-utf8", &[], b"caf\xe9\n\xc3\n\x80\x80\r");
}
