//! What every provider's deliveries are read as. Old values are `1…`, new ones `2…`.

use hosts::Provider;
use hosts::webhook::{Delivery, Headers, Push, Told, read};

macro_rules! fixture {
    ($name:literal) => {
        include_bytes!(concat!("fixtures/", $name, ".json")).as_slice()
    };
}

fn headers(pairs: &[(&str, &str)]) -> Headers {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

fn shown(told: Told) -> &'static str {
    let id = match told {
        Told::Unknown => return "?",
        Told::Absent => return "-",
        Told::At(id) => id.as_bytes().to_vec(),
    };
    match id.as_slice() {
        id if id == [0x11; 20] => "1",
        id if id == [0x22; 20] => "2",
        _ => "another value",
    }
}

fn push(provider: Provider, event: &[(&str, &str)], body: &[u8]) -> Push {
    match read(provider, None, &headers(event), None, body) {
        Ok(Delivery::Push(push)) => push,
        other => panic!("a push was expected: {other:?}"),
    }
}

/// `name old new` of each change.
fn changes(provider: Provider, event: &[(&str, &str)], body: &[u8]) -> Vec<String> {
    push(provider, event, body)
        .changes
        .iter()
        .map(|change| format!("{} {} {}", change.name, shown(change.old), shown(change.new)))
        .collect()
}

fn ignored(provider: Provider, event: &[(&str, &str)], body: &[u8]) -> String {
    match read(provider, None, &headers(event), None, body) {
        Ok(Delivery::Ignored { event, .. }) => event,
        other => panic!("an ignored event was expected: {other:?}"),
    }
}

#[test]
fn harness_tells_the_value_of_the_reference_itself() {
    let read = |body| changes(Provider::Harness, &[], body);
    assert_eq!(read(fixture!("harness/branch_created")), ["refs/heads/topic - 2"]);
    assert_eq!(read(fixture!("harness/branch_updated")), ["refs/heads/main 1 2"]);
    assert_eq!(read(fixture!("harness/branch_deleted")), ["refs/heads/topic 1 -"]);
    assert_eq!(read(fixture!("harness/tag_created")), ["refs/tags/v1 - 2"]);
    assert_eq!(read(fixture!("harness/tag_updated")), ["refs/tags/v1 1 2"]);
    assert_eq!(read(fixture!("harness/tag_deleted")), ["refs/tags/v1 1 -"]);
    assert_eq!(
        ignored(Provider::Harness, &[], fixture!("harness/pullreq_created")),
        "pullreq_created"
    );
    let push = push(Provider::Harness, &[], fixture!("harness/branch_updated"));
    assert_eq!(push.actor.as_deref(), Some("Ada"));
    assert_eq!(push.urls[0], "https://git.harness.io/acct/org/pay/app.git");
    assert_eq!(push.urls.len(), 2);
}

#[test]
fn github_tells_one_reference_and_its_other_events_are_ignored() {
    let event = [("x-github-event", "push")];
    let read = |body| changes(Provider::Github, &event, body);
    assert_eq!(read(fixture!("github/push")), ["refs/heads/main 1 2"]);
    assert_eq!(read(fixture!("github/push_created")), ["refs/heads/topic - 2"]);
    assert_eq!(read(fixture!("github/push_deleted")), ["refs/heads/topic 1 -"]);
    assert_eq!(read(fixture!("github/push_tag_moved")), ["refs/tags/v1 1 2"]);
    assert_eq!(
        ignored(
            Provider::Github,
            &[("x-github-event", "create")],
            fixture!("github/create")
        ),
        "create"
    );
    assert_eq!(
        ignored(Provider::Github, &[("x-github-event", "issues")], b"{}"),
        "issues"
    );
    let push = push(Provider::Github, &event, fixture!("github/push"));
    assert_eq!(push.actor.as_deref(), Some("ada"));
    assert_eq!(
        push.urls,
        ["https://github.com/acme/app.git", "git@github.com:acme/app.git"]
    );
}

#[test]
fn pings_are_pings() {
    let ping = |provider, event: &[(&str, &str)], body| read(provider, None, &headers(event), None, body);
    let github = [("x-github-event", "ping")];
    assert_eq!(
        ping(Provider::Github, &github, fixture!("github/ping")),
        Ok(Delivery::Ping)
    );
    assert_eq!(
        ping(Provider::Github, &[], fixture!("github/ping")),
        Ok(Delivery::Ping)
    );
    let bitbucket = [("x-event-key", "diagnostics:ping")];
    let body = fixture!("bitbucket-data-center/ping");
    assert_eq!(
        ping(Provider::BitbucketDataCenter, &bitbucket, body),
        Ok(Delivery::Ping)
    );
    assert_eq!(ping(Provider::BitbucketDataCenter, &[], body), Ok(Delivery::Ping));
}

#[test]
fn gitlab_is_read_by_its_body_and_system_hooks_tell_all_references_of_a_push() {
    let read = |body| changes(Provider::Gitlab, &[("x-gitlab-event", "System Hook")], body);
    assert_eq!(read(fixture!("gitlab/push")), ["refs/heads/main 1 2"]);
    assert_eq!(read(fixture!("gitlab/push_created")), ["refs/heads/topic - 2"]);
    assert_eq!(read(fixture!("gitlab/push_deleted")), ["refs/heads/topic 1 -"]);
    assert_eq!(read(fixture!("gitlab/tag_push")), ["refs/tags/v1 1 2"]);
    assert_eq!(
        read(fixture!("gitlab/repository_update")),
        ["refs/heads/main 1 2", "refs/tags/v2 - 2"]
    );
    assert_eq!(
        ignored(Provider::Gitlab, &[], br#"{"object_kind":"note"}"#),
        "note"
    );
}

#[test]
fn zeros_before_a_tag_of_gitea_say_nothing() {
    for (provider, header) in [
        (Provider::Gitea, "x-gitea-event"),
        (Provider::Forgejo, "x-forgejo-event"),
    ] {
        let read = |event, body| changes(provider, &[(header, event)], body);
        assert_eq!(read("push", fixture!("gitea/push")), ["refs/heads/main 1 2"]);
        assert_eq!(
            read("push", fixture!("gitea/push_created")),
            ["refs/heads/topic - 2"]
        );
        assert_eq!(read("push", fixture!("gitea/push_tag")), ["refs/tags/v1 ? 2"]);
        assert_eq!(
            read("push", fixture!("gitea/push_tag_deleted")),
            ["refs/tags/v1 1 -"]
        );
        assert_eq!(
            read("delete", fixture!("gitea/delete_branch")),
            ["refs/heads/topic/x ? -"]
        );
        let create = ignored(provider, &[(header, "create")], fixture!("gitea/create_tag"));
        assert_eq!(create, "create");
        assert_eq!(ignored(provider, &[(header, "release")], b"{}"), "release");
    }
}

#[test]
fn the_most_particular_header_of_a_forgejo_delivery_counts() {
    let event = [
        ("x-github-event", "issues"),
        ("x-gogs-event", "issues"),
        ("x-gitea-event", "issues"),
        ("x-forgejo-event", "push"),
    ];
    assert_eq!(
        changes(Provider::Forgejo, &event, fixture!("gitea/push")),
        ["refs/heads/main 1 2"]
    );
}

#[test]
fn a_gitea_that_is_configured_as_github_is_not_believed_about_its_tags() {
    let event = [("x-github-event", "push"), ("x-gitea-event", "push")];
    assert_eq!(
        changes(Provider::Github, &event, fixture!("gitea/push_tag")),
        ["refs/tags/v1 ? 2"]
    );
}

#[test]
fn gogs_tells_of_a_new_tag_by_create_alone() {
    let read = |event, body| changes(Provider::Gogs, &[("x-gogs-event", event)], body);
    assert_eq!(read("create", fixture!("gogs/create_tag")), ["refs/tags/v1 ? ?"]);
    assert_eq!(
        read("delete", fixture!("gitea/delete_branch")),
        ["refs/heads/topic/x ? -"]
    );
    let branch = br#"{"ref":"topic","ref_type":"branch"}"#;
    assert_eq!(
        ignored(Provider::Gogs, &[("x-gogs-event", "create")], branch),
        "create"
    );
}

#[test]
fn bitbucket_cloud_tells_several_references_and_no_values_of_tags() {
    let event = [("x-event-key", "repo:push")];
    assert_eq!(
        changes(Provider::BitbucketCloud, &event, fixture!("bitbucket-cloud/push")),
        [
            "refs/heads/main 1 2",
            "refs/heads/topic/x - 2",
            "refs/heads/gone 1 -",
            "refs/tags/v1 - ?",
            "refs/tags/v0 ? ?",
            "refs/tags/old ? -",
        ]
    );
    assert_eq!(
        ignored(
            Provider::BitbucketCloud,
            &event,
            fixture!("bitbucket-cloud/nothing")
        ),
        "repo:push"
    );
    let push = push(Provider::BitbucketCloud, &event, fixture!("bitbucket-cloud/push"));
    assert_eq!(push.urls, ["https://bitbucket.org/acme/app.git"]);
}

#[test]
fn bitbucket_data_center_tells_several_references_with_their_values() {
    let event = [("x-event-key", "repo:refs_changed")];
    let body = fixture!("bitbucket-data-center/refs_changed");
    assert_eq!(
        changes(Provider::BitbucketDataCenter, &event, body),
        ["refs/heads/main 1 2", "refs/heads/topic - 2", "refs/tags/v1 1 -"]
    );
    let push = push(Provider::BitbucketDataCenter, &event, body);
    assert_eq!(push.urls[1], "https://bitbucket.example.org/scm/pay/app.git");
}

#[test]
fn azure_devops_tells_several_references() {
    assert_eq!(
        changes(Provider::AzureDevops, &[], fixture!("azure-devops/push")),
        ["refs/heads/main 1 2", "refs/heads/topic - 2", "refs/tags/v1 1 -"]
    );
    let ignored = ignored(Provider::AzureDevops, &[], br#"{"eventType":"workitem.created"}"#);
    assert_eq!(ignored, "workitem.created");
}

#[test]
fn codecommit_leaves_out_what_did_not_exist_and_tells_commits_in_the_place_of_tags() {
    let read = |body| changes(Provider::Codecommit, &[], body);
    assert_eq!(read(fixture!("codecommit/created")), ["refs/heads/topic - 2"]);
    assert_eq!(read(fixture!("codecommit/updated")), ["refs/heads/main 1 2"]);
    assert_eq!(read(fixture!("codecommit/deleted")), ["refs/heads/topic 1 -"]);
    assert_eq!(read(fixture!("codecommit/tag_updated")), ["refs/tags/v1 ? ?"]);
    let push = push(Provider::Codecommit, &[], fixture!("codecommit/updated"));
    assert_eq!(
        push.urls,
        ["https://git-codecommit.eu-central-1.amazonaws.com/v1/repos/app"]
    );
}

#[test]
fn gerrit_tells_short_names_too_and_its_project() {
    let read = |body| changes(Provider::Gerrit, &[], body);
    assert_eq!(read(fixture!("gerrit/updated")), ["refs/heads/main 1 2"]);
    assert_eq!(read(fixture!("gerrit/short_name")), ["refs/heads/topic - 2"]);
    assert_eq!(read(fixture!("gerrit/change")), ["refs/changes/01/1/meta 1 2"]);
    let push = push(Provider::Gerrit, &[], fixture!("gerrit/updated"));
    assert_eq!(push.path.as_deref(), Some("pay/app"));
}

#[test]
fn a_person_who_has_only_the_body_can_say_the_event() {
    let delivery = read(
        Provider::Gitea,
        None,
        &Headers::new(),
        Some("delete"),
        fixture!("gitea/delete_branch"),
    );
    assert!(matches!(delivery, Ok(Delivery::Push(_))), "{delivery:?}");
    let without = read(
        Provider::Gitea,
        None,
        &Headers::new(),
        None,
        fixture!("gitea/delete_branch"),
    );
    assert!(without.unwrap_err().to_string().contains("header is missing"));
}
