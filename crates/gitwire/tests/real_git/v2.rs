use gitwire::fetch::{FetchDecoder, FetchEvent, FetchRequest};
use gitwire::greeting::{Service, Version};
use gitwire::ls_refs::{ListedRef, LsRefsDecoder, LsRefsEvent, LsRefsRequest};
use gitwire::pack::PackHeader;
use gitwire::{ObjectFormat, Oid, ProtocolError};
use testkit::Repo;

use super::server::Server;
use super::{FORMATS, furnished, id, is_complete, name, replay, repo, take_pack};

const AGENT: &str = "refsync/test";

fn connect(repo: &Repo) -> Server {
    let mut server = Server::start(Service::UploadPack, repo, 2);
    let (decoder, _) = server.greeting(Service::UploadPack);
    assert_eq!(decoder.version(), Version::V2);
    assert!(decoder.capabilities().has("ls-refs") && decoder.capabilities().has("agent"));
    replay("greeting", &[0], &server.take_transcript());
    server
}

fn list(repo: &Repo, format: ObjectFormat, prefixes: &[&str]) -> Vec<LsRefsEvent> {
    let request = LsRefsRequest {
        prefixes: prefixes.iter().map(|prefix| (*prefix).into()).collect(),
        symrefs: true,
        peel: true,
        unborn: true,
        object_format: format,
        send_object_format: true,
        agent: Some(AGENT.into()),
    };
    let mut server = connect(repo);
    server.send(&request.encode());
    let mut decoder = LsRefsDecoder::new(format);
    let mut events = Vec::new();
    while !decoder.is_done() {
        events.push(decoder.packet(&server.packet().unwrap()).unwrap());
    }
    replay(
        "ls_refs",
        &[u8::from(format == ObjectFormat::Sha256)],
        &server.take_transcript(),
    );
    events
}

/// One request on an open connection, to the end of its response.
fn fetch(server: &mut Server, request: FetchRequest<'_>) -> Result<Vec<FetchEvent>, ProtocolError> {
    server.send(
        &FetchRequest {
            agent: Some(AGENT),
            send_object_format: true,
            ..request
        }
        .encode(),
    );
    let mut decoder = FetchDecoder::new(request.object_format);
    let mut events = Vec::new();
    while !decoder.is_done() {
        let Some(packet) = server.packet() else {
            return decoder.finish().map(|()| events);
        };
        events.push(decoder.packet(&packet)?);
    }
    replay(
        "fetch",
        &[u8::from(request.object_format == ObjectFormat::Sha256)],
        &server.take_transcript(),
    );
    events.retain(|event| *event != FetchEvent::Nothing);
    Ok(events)
}

fn pack(events: &[FetchEvent]) -> Vec<u8> {
    let parts = events.iter().filter_map(|event| match event {
        FetchEvent::Pack(bytes) => Some(bytes.to_vec()),
        _ => None,
    });
    parts.collect::<Vec<_>>().concat()
}

fn objects(events: &[FetchEvent]) -> u32 {
    PackHeader::parse(&pack(events)).unwrap().unwrap().objects
}

/// What git says that `ls-refs` should list, `HEAD` left out.
fn expected(repo: &Repo) -> Vec<LsRefsEvent> {
    let format = "--format=%(refname) %(objectname) %(symref) %(*objectname)";
    let lines = repo.git(&["for-each-ref", format]);
    let listed = lines.lines().map(|line| {
        let fields: Vec<_> = line.split(' ').collect();
        LsRefsEvent::Ref(ListedRef {
            name: name(fields[0]),
            id: id(fields[1]),
            symref_target: (!fields[2].is_empty()).then(|| name(fields[2])),
            peeled: (!fields[3].is_empty()).then(|| id(fields[3])),
        })
    });
    listed.collect()
}

#[test]
fn a_listing_is_what_git_shows() {
    for format in FORMATS {
        let repo = furnished(format);
        let head = LsRefsEvent::Head {
            id: Some(id(&repo.resolve("HEAD"))),
            symref_target: Some(name("refs/heads/main")),
        };
        let all = [vec![head], expected(&repo), vec![LsRefsEvent::End]].concat();
        assert_eq!(list(&repo, format, &[]), all);
    }
}

#[test]
fn prefixes_narrow_a_listing() {
    let repo = furnished(ObjectFormat::Sha1);
    let mut tags = expected(&repo);
    tags.retain(|event| matches!(event, LsRefsEvent::Ref(listed) if listed.name.is_tag()));
    tags.push(LsRefsEvent::End);
    assert_eq!(list(&repo, ObjectFormat::Sha1, &["refs/tags/"]), tags);
    assert_eq!(
        list(&repo, ObjectFormat::Sha1, &["refs/nothing/"]),
        [LsRefsEvent::End]
    );
}

#[test]
fn an_empty_repository_lists_where_its_head_will_be() {
    for format in FORMATS {
        let unborn = LsRefsEvent::Head {
            id: None,
            symref_target: Some(name("refs/heads/main")),
        };
        assert_eq!(list(&repo(format), format, &[]), [unborn, LsRefsEvent::End]);
    }
}

#[test]
fn a_request_of_the_other_format_is_refused() {
    let repo = furnished(ObjectFormat::Sha256);
    let mut server = connect(&repo);
    let request = LsRefsRequest {
        object_format: ObjectFormat::Sha1,
        ..Default::default()
    };
    server.send(&request.encode());
    let decoder = LsRefsDecoder::new(ObjectFormat::Sha1);
    assert_eq!(server.packet(), None, "git hangs up without a word");
    assert!(decoder.finish().is_err());
}

#[test]
fn everything_is_fetched_into_an_empty_repository() {
    for format in FORMATS {
        let (source, target) = (furnished(format), repo(format));
        let wants: Vec<Oid> = source.refs().values().map(|value| id(value)).collect();
        let request = FetchRequest {
            wants: &wants,
            done: true,
            ofs_delta: true,
            object_format: format,
            ..Default::default()
        };
        let events = fetch(&mut connect(&source), request).unwrap();
        assert_eq!(events.last(), Some(&FetchEvent::End));
        assert!(
            events
                .iter()
                .any(|event| matches!(event, FetchEvent::Progress(_)))
        );
        take_pack(&target, &pack(&events)).unwrap();
        assert!(wants.iter().all(|want| is_complete(&target, *want)));
    }
}

#[test]
fn what_both_have_is_left_out_of_a_thin_pack() {
    let source = furnished(ObjectFormat::Sha1);
    let target = repo(ObjectFormat::Sha1);
    target.git(&["fetch", "-q", &source.file_url(), "main:main"]);
    let old = id(&source.resolve("main"));
    let new = id(&source.commit("main", "a new one"));
    let request = FetchRequest {
        wants: &[new],
        haves: &[old],
        done: true,
        thin_pack: true,
        ofs_delta: true,
        no_progress: true,
        ..Default::default()
    };
    let events = fetch(&mut connect(&source), request).unwrap();
    assert_eq!(objects(&events), 3);
    assert!(
        !events
            .iter()
            .any(|event| matches!(event, FetchEvent::Progress(_)))
    );
    take_pack(&target, &pack(&events)).unwrap();
    assert!(is_complete(&target, new));
}

#[test]
fn rounds_go_on_until_the_server_is_ready() {
    let source = furnished(ObjectFormat::Sha1);
    let old = id(&source.resolve("main"));
    let new = id(&source.commit("main", "a new one"));
    let mut server = connect(&source);
    let unknown = id(&"5".repeat(40));
    let round = fetch(
        &mut server,
        FetchRequest {
            wants: &[new],
            haves: &[unknown],
            ..Default::default()
        },
    )
    .unwrap();
    assert_eq!(round, [FetchEvent::Nak, FetchEvent::RoundEnd]);
    let waiting = FetchRequest {
        wants: &[new],
        haves: &[old],
        wait_for_done: true,
        ..Default::default()
    };
    let round = fetch(&mut server, waiting).unwrap();
    assert_eq!(round, [FetchEvent::Ack(old), FetchEvent::RoundEnd]);
    let round = fetch(
        &mut server,
        FetchRequest {
            wants: &[new],
            haves: &[old],
            ..Default::default()
        },
    )
    .unwrap();
    assert_eq!(round[..2], [FetchEvent::Ack(old), FetchEvent::Ready]);
    assert_eq!(objects(&round), 3);
}

#[test]
fn an_object_that_is_not_there_is_refused_in_the_servers_words() {
    let source = furnished(ObjectFormat::Sha1);
    let missing = id(&"5".repeat(40));
    let error = fetch(
        &mut connect(&source),
        FetchRequest {
            wants: &[missing],
            done: true,
            ..Default::default()
        },
    );
    assert_eq!(
        error,
        Err(ProtocolError::Remote(
            format!("upload-pack: not our ref {missing}").into()
        ))
    );
}

#[test]
fn a_shallow_source_says_where_its_history_ends() {
    let origin = furnished(ObjectFormat::Sha1);
    let shallow = origin.shallow_clone(origin.root().join("shallow.git"), 1);
    let main = id(&shallow.resolve("main"));
    let request = FetchRequest {
        wants: &[main],
        done: true,
        ..Default::default()
    };
    assert!(
        fetch(&mut connect(&shallow), request)
            .unwrap()
            .contains(&FetchEvent::Shallow(main))
    );
    let deepened = FetchRequest {
        deepen: Some(1),
        ..request
    };
    assert!(
        fetch(&mut connect(&origin), deepened)
            .unwrap()
            .contains(&FetchEvent::Shallow(main))
    );
    let unshallowed = FetchRequest {
        deepen: Some(2),
        shallow: &[main],
        ..request
    };
    assert!(
        fetch(&mut connect(&origin), unshallowed)
            .unwrap()
            .contains(&FetchEvent::Unshallow(main))
    );
}

#[test]
fn a_reference_may_be_wanted_by_its_name() {
    let source = furnished(ObjectFormat::Sha1);
    source.config("uploadpack.allowRefInWant", "true");
    let main = id(&source.resolve("main"));
    let names = [name("refs/heads/main")];
    let request = FetchRequest {
        want_refs: &names,
        done: true,
        ..Default::default()
    };
    let events = fetch(&mut connect(&source), request).unwrap();
    assert!(events.contains(&FetchEvent::WantedRef {
        name: name("refs/heads/main"),
        id: main
    }));
    let target = repo(ObjectFormat::Sha1);
    take_pack(&target, &pack(&events)).unwrap();
    assert!(is_complete(&target, main));
}

#[test]
fn files_are_left_out_where_a_filter_says_so() {
    let source = furnished(ObjectFormat::Sha1);
    source.config("uploadpack.allowFilter", "true");
    let request = FetchRequest {
        wants: &[id(&source.resolve("main"))],
        done: true,
        ..Default::default()
    };
    let all = objects(&fetch(&mut connect(&source), request).unwrap());
    let filtered = FetchRequest {
        filter: Some("blob:none"),
        ..request
    };
    assert!(objects(&fetch(&mut connect(&source), filtered).unwrap()) < all);
}

#[test]
fn tags_come_along_if_asked() {
    let source = repo(ObjectFormat::Sha1);
    let main = source.commit("main", "one");
    let tag = id(&source.tag_annotated("v1", &main, "a release"));
    let wants = [id(&main)];
    let request = FetchRequest {
        wants: &wants,
        done: true,
        include_tag: true,
        ..Default::default()
    };
    let events = fetch(&mut connect(&source), request).unwrap();
    let target = repo(ObjectFormat::Sha1);
    take_pack(&target, &pack(&events)).unwrap();
    assert!(target.has(&tag.to_string()));
}
