//! Mirrors and input sets, made and changed in a browser.

use super::*;

/// A mirror of the file, and hosts that mirrors made here may go to. Nobody listens there.
const MIRRORS: &str = "
  - name: app
    source: https://git.example.org/a/app.git
    target: https://git.example.org/b/app.git
allowHosts: ['127.0.0.1:9']
";

/// A mirror made in the browser: its two sides cannot be reached, which is told and does not keep it from being saved.
async fn made(signed: &Signed) {
    let fields = [
        ("tab", "form"),
        ("name", "new"),
        ("direction", "two-way"),
        ("source", "https://127.0.0.1:9/a/new.git"),
        ("target", "https://127.0.0.1:9/b/new.git"),
    ];
    let save = async |shown: &str| {
        let mut all = fields.to_vec();
        all.extend([("act", "save"), ("shown", shown)]);
        signed.send("/new", &all).await
    };
    let (status, _, page) = save("").await;
    assert_eq!(status, StatusCode::OK);
    assert!(
        page.contains("it is not what was shown") && page.contains("+ name: new"),
        "{page}"
    );
    assert!(
        signed.bench.app.store.made().await.unwrap().is_empty(),
        "nothing unseen is saved"
    );
    assert!(page.contains(r#"<li class="failed">source: "#), "{page}");
    let (status, to, page) = save(hidden(&page, "shown")).await;
    assert_eq!(
        (status, to.as_str()),
        (StatusCode::SEE_OTHER, "/mirrors/new"),
        "{page}"
    );
}

#[tokio::test]
async fn a_mirror_is_saved_only_as_it_was_shown() {
    let signed = Signed::with(MIRRORS).await;
    made(&signed).await;
    let page = signed.page("/mirrors/new/edit").await;
    assert!(page.contains("https://127.0.0.1:9/a/new.git"));
    let (version, csrf) = (hidden(&page, "version"), &signed.csrf);
    assert!(!version.is_empty() && page.contains(csrf.as_str()));
}

#[tokio::test]
async fn the_other_tab_shows_what_was_typed_and_keeps_what_a_form_does_not_show() {
    let signed = Signed::with(MIRRORS).await;
    let yaml =
        "name: x\nsource: https://127.0.0.1:9/a.git\ntarget: https://127.0.0.1:9/b.git\natomic: true\n";
    let (_, _, form) = signed
        .send("/new", &[("tab", "yaml"), ("act", "form"), ("yaml", yaml)])
        .await;
    assert!(
        form.contains(r#"id="source" name="source" inputmode="url" value="https://127.0.0.1:9/a.git""#),
        "{form}"
    );
    let rest = hidden(&form, "rest").replace("&#34;", "\"");
    let fields = [
        ("tab", "form"),
        ("act", "yaml"),
        ("rest", rest.as_str()),
        ("name", "renamed"),
        ("direction", "one-way"),
        ("source", "https://127.0.0.1:9/a.git"),
        ("target", "https://127.0.0.1:9/b.git"),
    ];
    let (_, _, page) = signed.send("/new", &fields).await;
    assert!(
        page.contains("name: renamed") && page.contains("atomic: true"),
        "{page}"
    );
    let (_, _, wrong) = signed
        .send("/new", &[("tab", "yaml"), ("act", "form"), ("yaml", "name: [")])
        .await;
    assert!(
        wrong.contains("role=\"alert\"") && wrong.contains("name: ["),
        "what was typed is still there"
    );
}

#[tokio::test]
async fn input_sets_are_made_changed_and_removed() {
    let signed = Signed::with(MIRRORS).await;
    made(&signed).await;
    let edit = "/mirrors/new/inputs/edit";
    let page = signed.page(edit).await;
    let version = hidden(&page, "version").to_owned();
    let fields = |act: &'static str, version: &str, shown: &str| {
        vec![
            ("tab".to_owned(), "form".to_owned()),
            ("act".to_owned(), act.to_owned()),
            ("version".to_owned(), version.to_owned()),
            ("shown".to_owned(), shown.to_owned()),
            ("name".to_owned(), "releases".to_owned()),
            (
                "references".to_owned(),
                "refs/heads/release/*\r\nrefs/tags/v*".to_owned(),
            ),
            ("sync_delete".to_owned(), "true".to_owned()),
        ]
    };
    let send = async |fields: Vec<(String, String)>| {
        let fields: Vec<(&str, &str)> = fields
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str()))
            .collect();
        signed.send(edit, &fields).await
    };
    let (_, _, page) = send(fields("preview", &version, "")).await;
    assert!(
        page.contains("+ inputSets:") && page.contains("releases"),
        "{page}"
    );
    let (status, to, page) = send(fields("save", &version, hidden(&page, "shown"))).await;
    assert_eq!(
        (status, to.as_str()),
        (StatusCode::SEE_OTHER, "/mirrors/new/inputs"),
        "{page}"
    );
    let list = signed.page("/mirrors/new/inputs").await;
    assert!(
        list.contains("deletions are mirrored") && list.contains("inputs/edit?set=releases"),
        "{list}"
    );
    assert!(
        signed
            .page("/mirrors/new/run?set=releases")
            .await
            .contains("refs/tags/v*")
    );

    // The same name twice, a pattern that is none, and a version of before are told.
    let (_, _, twice) = send(fields("preview", &version, "")).await;
    assert!(
        twice.contains("there is an input set releases already"),
        "{twice}"
    );
    let page = signed.page(&format!("{edit}?set=releases&tab=yaml")).await;
    let now = hidden(&page, "version").to_owned();
    assert!(page.contains("syncDelete: true") && now != version, "{page}");
    let remove = |version: &str| {
        vec![
            ("act".to_owned(), "remove".to_owned()),
            ("existing".to_owned(), "releases".to_owned()),
            ("version".to_owned(), version.to_owned()),
        ]
    };
    let (status, _, _) = send(remove(&version)).await;
    assert_eq!(status, StatusCode::PRECONDITION_FAILED);
    let (status, _, page) = send(remove(&now)).await;
    assert_eq!(status, StatusCode::SEE_OTHER, "{page}");
    assert!(!signed.page("/mirrors/new/inputs").await.contains("releases"));
}

#[tokio::test]
async fn a_mirror_made_here_is_removed_and_one_of_the_file_is_not() {
    let signed = Signed::with(MIRRORS).await;
    made(&signed).await;
    let page = signed.page("/mirrors/new/edit").await;
    assert!(page.contains(r#"action="/mirrors/new/edit/remove""#), "{page}");
    let (status, to, page) = signed.send("/mirrors/new/edit/remove", &[]).await;
    assert_eq!((status, to.as_str()), (StatusCode::SEE_OTHER, "/"), "{page}");
    assert!(signed.bench.app.store.made().await.unwrap().is_empty());
    assert!(!signed.page("/").await.contains(">new</a>"));

    let (status, _, page) = signed.send("/mirrors/app/edit/remove", &[]).await;
    assert_eq!(status, StatusCode::CONFLICT, "{page}");
    assert!(page.contains("change it there"), "{page}");
}

#[tokio::test]
async fn both_sides_are_tried_before_a_mirror_has_a_name() {
    let signed = Signed::with(MIRRORS).await;
    let fields = [
        ("tab", "form"),
        ("act", "try"),
        ("source", "https://127.0.0.1:9/a.git"),
        ("target", "https://127.0.0.1:9/b.git"),
    ];
    let (status, _, page) = signed.send("/new", &fields).await;
    assert_eq!(status, StatusCode::OK);
    assert!(
        page.contains("Both sides, tried just now") && !page.contains("This is what changes"),
        "{page}"
    );
}

#[tokio::test]
async fn why_both_sides_are_not_tried_yet_stands_where_the_trial_would() {
    let signed = Signed::with(MIRRORS).await;
    let wrong = [
        (("labels", "team"), "labels are written as team=pay"),
        (("sweep", "now and then"), "is no length of time"),
        (("references", "["), "references"),
    ];
    for (field, told) in wrong {
        let fields = [
            ("tab", "form"),
            ("act", "try"),
            ("source", "https://127.0.0.1:9/a.git"),
            ("target", "https://127.0.0.1:9/b.git"),
            field,
        ];
        let (_, _, page) = signed.send("/new", &fields).await;
        let (before, tried) = page.split_once(r#"<div id="tried""#).unwrap();
        assert!(
            tried.contains("cannot be tried yet") && tried.contains(told),
            "{tried}"
        );
        assert!(!before.contains("It was not saved"), "{before}");
    }
}

#[tokio::test]
async fn a_mirror_of_the_file_has_no_input_sets_to_change_here() {
    let signed = Signed::with(MIRRORS).await;
    let (status, _, _) = signed
        .send(
            "/mirrors/app/inputs/edit",
            &[("tab", "form"), ("act", "preview"), ("name", "x")],
        )
        .await;
    assert_eq!(status, StatusCode::CONFLICT);
}
