use serde_json::json;

use super::*;

const HOOK: &str = "https://refsync.example.org/hooks/app/source";

fn wanted(repository: &str) -> Wanted<'_> {
    Wanted {
        repository,
        hook_url: HOOK,
        api: None,
    }
}

fn listing(provider: Provider, repository: &str) -> String {
    list(provider, &wanted(repository)).unwrap().unwrap().url
}

#[test]
fn the_api_is_found_from_the_clone_url() {
    for (provider, repository, expected) in [
        (
            Provider::Harness,
            "https://git.harness.io/acct/org/pay/app.git",
            "https://app.harness.io/gateway/code/api/v1/repos/app/webhooks?accountIdentifier=acct&orgIdentifier=org&projectIdentifier=pay&limit=100",
        ),
        (
            Provider::Harness,
            "http://localhost:3000/git/space/app.git",
            "http://localhost:3000/api/v1/repos/space%2Fapp/webhooks?limit=100",
        ),
        (
            Provider::Github,
            "git@github.com:acme/app.git",
            "https://api.github.com/repos/acme/app/hooks?per_page=100",
        ),
        (
            Provider::Github,
            "https://ghe.corp.example/acme/app.git",
            "https://ghe.corp.example/api/v3/repos/acme/app/hooks?per_page=100",
        ),
        (
            Provider::Gitlab,
            "https://gitlab.com/acme/pay/app.git",
            "https://gitlab.com/api/v4/projects/acme%2Fpay%2Fapp/hooks?per_page=100",
        ),
        (
            Provider::Gitea,
            "https://example.org/git/acme/app.git",
            "https://example.org/git/api/v1/repos/acme/app/hooks?limit=100",
        ),
        (
            Provider::Gogs,
            "http://gogs.example:3000/acme/app.git",
            "http://gogs.example:3000/api/v1/repos/acme/app/hooks",
        ),
        (
            Provider::BitbucketCloud,
            "https://bitbucket.org/acme/app.git",
            "https://api.bitbucket.org/2.0/repositories/acme/app/hooks?pagelen=100",
        ),
        (
            Provider::BitbucketDataCenter,
            "https://example.org/bb/scm/PAY/app.git",
            "https://example.org/bb/rest/api/1.0/projects/PAY/repos/app/webhooks?limit=1000",
        ),
        (
            Provider::BitbucketDataCenter,
            "ssh://git@example.org:7999/~ada/app.git",
            "https://example.org/rest/api/1.0/projects/~ada/repos/app/webhooks?limit=1000",
        ),
    ] {
        assert_eq!(listing(provider, repository), expected);
    }
}

#[test]
fn a_base_of_the_configuration_goes_before_what_the_address_tells() {
    let wanted = Wanted {
        api: Some("https://api.example.org/v3/"),
        ..wanted("https://ghe.corp.example/acme/app.git")
    };
    let call = list(Provider::Github, &wanted).unwrap().unwrap();
    assert_eq!(
        call.url,
        "https://api.example.org/v3/repos/acme/app/hooks?per_page=100"
    );
}

#[test]
fn an_address_cannot_leave_its_place_in_the_api() {
    let repository = "https://github.com/acme/app%3Fx=1%2F..";
    let answer = list(Provider::Github, &wanted(repository));
    assert!(answer.is_err(), "{answer:?}");
    let call = list(Provider::Github, &wanted("https://github.com/ac%3Fme/a%23pp"))
        .unwrap()
        .unwrap();
    assert_eq!(
        call.url,
        "https://api.github.com/repos/ac%3Fme/a%23pp/hooks?per_page=100"
    );
}

#[test]
fn hosts_without_an_api_have_steps_for_a_person() {
    for provider in Provider::ALL {
        let steps = manual(*provider, &wanted("https://example.org/acme/app.git"));
        assert!(
            steps.iter().any(|step| step.contains(HOOK)),
            "{provider}: {steps:?}"
        );
        for event in events(*provider) {
            assert!(
                steps.iter().any(|step| step.contains(event)),
                "{provider}: {event}"
            );
        }
    }
    for provider in [
        Provider::AzureDevops,
        Provider::Codecommit,
        Provider::Gerrit,
        Provider::Custom,
    ] {
        assert_eq!(
            list(provider, &wanted("https://example.org/acme/app.git")),
            Ok(None)
        );
    }
}

/// Provider, clone URL, the listing with the hook as wanted, where the secret goes.
fn working() -> Vec<(Provider, &'static str, Value, &'static str)> {
    let config = json!({"url": HOOK, "content_type": "json"});
    let gitea = json!([{"id": 7, "active": true, "events": ["push", "create", "delete"], "branch_filter": "*", "config": config}]);
    vec![
        (
            Provider::Harness,
            "https://git.harness.io/acct/org/pay/app.git",
            json!([{"identifier": "hook", "url": HOOK, "enabled": true, "triggers": [
                "branch_created", "branch_updated", "branch_deleted", "tag_created", "tag_updated", "tag_deleted"]}]),
            "/secret",
        ),
        (
            Provider::Github,
            "https://github.com/acme/app.git",
            json!([{"id": 7, "active": true, "events": ["push"], "config": config}]),
            "/config/secret",
        ),
        (
            Provider::Gitlab,
            "https://gitlab.com/acme/app.git",
            json!([{"id": 7, "url": HOOK, "push_events": true, "tag_push_events": true, "push_events_branch_filter": "", "alert_status": "executable"}]),
            "/token",
        ),
        (
            Provider::Gitea,
            "https://gitea.example/acme/app.git",
            gitea.clone(),
            "/config/secret",
        ),
        (
            Provider::Forgejo,
            "https://codeberg.org/acme/app.git",
            gitea.clone(),
            "/config/secret",
        ),
        (
            Provider::Gogs,
            "https://gogs.example/acme/app.git",
            gitea,
            "/config/secret",
        ),
        (
            Provider::BitbucketCloud,
            "https://bitbucket.org/acme/app.git",
            json!({"values": [{"uuid": "{7}", "url": HOOK, "active": true, "events": ["repo:push"]}]}),
            "/secret",
        ),
        (
            Provider::BitbucketDataCenter,
            "https://bb.example/scm/PAY/app.git",
            json!({"values": [{"id": 7, "url": HOOK, "active": true, "events": ["repo:refs_changed"]}]}),
            "/configuration/secret",
        ),
    ]
}

/// Puts out of order what keeps a hook from working.
fn broken(provider: Provider, listed: &Value) -> Value {
    let mut listed = listed.clone();
    let hook = match provider {
        Provider::BitbucketCloud | Provider::BitbucketDataCenter => &mut listed["values"][0],
        _ => &mut listed[0],
    };
    match provider {
        Provider::Harness => hook["triggers"] = json!(["branch_created"]),
        Provider::Gitlab => hook["push_events_branch_filter"] = json!("main"),
        Provider::Github => hook["config"]["content_type"] = json!("form"),
        _ => hook["active"] = json!(false),
    }
    listed
}

#[test]
fn a_hook_that_is_there_is_left_one_that_is_broken_repaired_and_a_missing_one_made() {
    for (provider, repository, listed, secret_at) in working() {
        let wanted = wanted(repository);
        assert_eq!(plan(provider, &wanted, &listed), Ok(Step::Present), "{provider}");

        let Ok(Step::Call(repair)) = plan(provider, &wanted, &broken(provider, &listed)) else {
            panic!("{provider}: a repair was expected");
        };
        assert!(matches!(repair.method, "PATCH" | "PUT"), "{provider}");
        let id = match provider {
            Provider::Harness => "/hook?",
            Provider::BitbucketCloud => "/%7B7%7D",
            _ => "/7",
        };
        assert!(repair.url.contains(id), "{provider}: {}", repair.url);
        assert_eq!(repair.secret_at, Some(secret_at), "{provider}");

        let empty = match provider {
            Provider::BitbucketCloud | Provider::BitbucketDataCenter => json!({"values": []}),
            _ => json!([]),
        };
        let Ok(Step::Call(call)) = plan(provider, &wanted, &empty) else {
            panic!("{provider}: a call was expected");
        };
        assert_eq!(call.method, "POST", "{provider}");
        assert!(call.body.unwrap().to_string().contains(HOOK), "{provider}");

        // What a host lists after the call is what works.
        let rotated = rewrite(provider, &wanted, &listed).unwrap();
        let body = rotated.body.unwrap();
        assert!(wanted::works(provider, &body), "{provider}: {body}");
    }
}

#[test]
fn further_events_and_the_choice_about_certificates_are_kept() {
    let listed = json!([{"id": 7, "active": false, "events": ["issues"],
        "config": {"url": HOOK, "content_type": "json", "insecure_ssl": "1"}}]);
    let wanted = wanted("https://github.com/acme/app.git");
    let Ok(Step::Call(call)) = plan(Provider::Github, &wanted, &listed) else {
        panic!("a repair was expected");
    };
    let body = call.body.unwrap();
    assert_eq!(body["events"], json!(["issues", "push"]));
    assert_eq!(body["config"]["insecure_ssl"], "1");
}

#[test]
fn an_answer_that_is_no_list_is_an_error() {
    let wanted = wanted("https://github.com/acme/app.git");
    let error = plan(Provider::Github, &wanted, &json!({"message": "Not Found"})).unwrap_err();
    assert!(error.contains("no list of hooks"), "{error}");
}
