use std::collections::BTreeMap;

use gitwire::greeting::{GreetingDecoder, GreetingEvent, Service, Version};
use gitwire::{ObjectFormat, Oid, RefName};
use testkit::Repo;

use super::server::Server;
use super::{FORMATS, furnished, id, name, repo};

/// What git says it has: names, values, and what annotated tags point to in the end.
pub(crate) fn references(repo: &Repo) -> (BTreeMap<RefName, Oid>, BTreeMap<RefName, Oid>) {
    let (mut values, mut peeled) = (BTreeMap::new(), BTreeMap::new());
    for line in repo.git(&["show-ref", "-d"]).lines() {
        let (value, reference) = line.split_once(' ').unwrap();
        match reference.strip_suffix("^{}") {
            Some(tag) => peeled.insert(name(tag), id(value)),
            None => values.insert(name(reference), id(value)),
        };
    }
    (values, peeled)
}

pub(crate) fn listed(events: &[GreetingEvent]) -> (BTreeMap<RefName, Oid>, BTreeMap<RefName, Oid>) {
    let (mut values, mut peeled) = (BTreeMap::new(), BTreeMap::new());
    for event in events {
        match event.clone() {
            GreetingEvent::Ref { name, id } => values.insert(name, id),
            GreetingEvent::Peeled { name, id } => peeled.insert(name, id),
            _ => None,
        };
    }
    (values, peeled)
}

#[test]
fn version_0_and_1_list_what_git_shows() {
    for format in FORMATS {
        let repo = furnished(format);
        for (number, version) in [(0, Version::V0), (1, Version::V1)] {
            let (decoder, events) =
                Server::start(Service::UploadPack, &repo, number).greeting(Service::UploadPack);
            assert_eq!((decoder.version(), decoder.object_format()), (version, format));
            assert_eq!(listed(&events), references(&repo));
            assert_eq!(events[0], GreetingEvent::Head(id(&repo.resolve("HEAD"))));
            assert_eq!(decoder.symrefs(), [("HEAD".into(), name("refs/heads/main"))]);
            assert!(decoder.capabilities().has("multi_ack_detailed"));
        }
    }
}

#[test]
fn a_receive_pack_lists_values_without_what_they_point_to() {
    for format in FORMATS {
        let repo = furnished(format);
        let (decoder, events) = Server::start(Service::ReceivePack, &repo, 2).greeting(Service::ReceivePack);
        assert_eq!(
            (decoder.version(), decoder.object_format()),
            (Version::V0, format)
        );
        assert_eq!(listed(&events), (references(&repo).0, BTreeMap::new()));
        assert!(decoder.capabilities().has("report-status-v2"));
    }
}

#[test]
fn a_receive_pack_with_alternates_lists_haves() {
    let origin = furnished(ObjectFormat::Sha1);
    let fork = repo(ObjectFormat::Sha1);
    let objects = origin.git_dir().join("objects");
    std::fs::write(
        fork.git_dir().join("objects/info/alternates"),
        format!("{}\n", objects.display()),
    )
    .unwrap();
    let (_, events) = Server::start(Service::ReceivePack, &fork, 0).greeting(Service::ReceivePack);
    assert!(events.contains(&GreetingEvent::Have(id(&origin.resolve("refs/heads/main")))));
    assert!(
        !events
            .iter()
            .any(|event| matches!(event, GreetingEvent::Ref { .. }))
    );
}

#[test]
fn an_empty_repository_has_capabilities_only() {
    for format in FORMATS {
        let repo = repo(format);
        for service in [Service::UploadPack, Service::ReceivePack] {
            let (decoder, events) = Server::start(service, &repo, 0).greeting(service);
            assert_eq!(events, [GreetingEvent::End]);
            assert_eq!(decoder.object_format(), format);
            assert!(decoder.capabilities().has("ofs-delta"));
        }
    }
}

#[test]
fn a_shallow_repository_says_so() {
    let origin = furnished(ObjectFormat::Sha1);
    let clone = origin.shallow_clone(origin.root().join("shallow.git"), 1);
    for service in [Service::UploadPack, Service::ReceivePack] {
        let (_, events) = Server::start(service, &clone, 0).greeting(service);
        assert!(events.contains(&GreetingEvent::Shallow(id(&clone.resolve("refs/heads/main")))));
    }
}

#[test]
fn a_name_that_git_refuses_is_reported_and_the_others_stay() {
    let repo = furnished(ObjectFormat::Sha1);
    let main = repo.resolve("refs/heads/main");
    let before = references(&repo);
    let packed = repo.git_dir().join("packed-refs");
    let bad = format!("# pack-refs with: peeled fully-peeled sorted \n{main} refs/heads/a..b\n");
    std::fs::write(packed, bad).unwrap();
    let (_, events) = Server::start(Service::UploadPack, &repo, 0).greeting(Service::UploadPack);
    assert_eq!(listed(&events), before);
    assert!(events.contains(&GreetingEvent::InvalidName("refs/heads/a..b".into())));
}

/// The bytes of `git http-backend` for `info/refs`, without the head of the response.
fn over_http(repo: &Repo, service: Service, version: u8) -> Vec<u8> {
    let output = testkit::git(repo.path())
        .arg("http-backend")
        .env("GIT_PROJECT_ROOT", repo.root())
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("REQUEST_METHOD", "GET")
        .env("REMOTE_USER", "somebody")
        .env("PATH_INFO", "/repo.git/info/refs")
        .env("QUERY_STRING", format!("service={}", service.name()))
        .env("HTTP_GIT_PROTOCOL", format!("version={version}"))
        .env("GIT_PROTOCOL", format!("version={version}"))
        .output()
        .unwrap();
    let body = output
        .stdout
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .unwrap()
        + 4;
    output.stdout[body..].to_vec()
}

#[test]
fn the_line_that_http_puts_in_front_is_no_part_of_the_listing() {
    let repo = furnished(ObjectFormat::Sha1);
    for (service, number, version) in [
        (Service::UploadPack, 0, Version::V0),
        (Service::UploadPack, 1, Version::V1),
        (Service::UploadPack, 2, Version::V2),
        (Service::ReceivePack, 0, Version::V0),
    ] {
        let bytes = over_http(&repo, service, number);
        assert!(
            bytes.starts_with(b"001e# service=git-upload-pack\n")
                || version == Version::V2
                || service == Service::ReceivePack
        );
        let mut packets = gitwire::pktline::Decoder::new();
        packets.feed(&bytes);
        let mut decoder = GreetingDecoder::new(service);
        let mut events = Vec::new();
        while let Some(packet) = packets.next_packet().unwrap() {
            events.push(decoder.packet(&packet).unwrap());
        }
        assert_eq!((decoder.version(), decoder.finish()), (version, Ok(())));
        if version < Version::V2 {
            assert_eq!(listed(&events).0, references(&repo).0);
        }
    }
}
