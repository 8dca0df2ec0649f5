use crate::queue::*;
use crate::testing::*;
use crate::token::Role;
use crate::{Store, Time};
use engine::decide::Base;

async fn with_a_base(fresh: &Fresh) {
    fresh.settled("app").await;
    let store = &fresh.store;
    store
        .mark_due("app", &[pushed("main", '1', '2')], Time(10))
        .await
        .unwrap();
    let claim = fresh.claim("w", Time(11)).await.unwrap();
    let outcome = Outcome {
        run: Some(finished(run(
            "01920000-aaaa",
            Some("app"),
            crate::run::State::Succeeded,
        ))),
        bases: [(name("main"), Base::Agreed(Some(oid('2'))))].into(),
        ..Outcome::default()
    };
    store.finish(&claim, &outcome, Time(12)).await.unwrap();
}

on_both!(a_copy_put_back_has_every_row_and_trusts_no_base, |fresh| {
    with_a_base(&fresh).await;
    let store = &fresh.store;
    let (_, text) = store
        .make_token("ci", Role::Operate, None, None, Time(1))
        .await
        .unwrap();
    let dir = testkit::tmp();
    let file = dir.path().join("copy");
    store.backup(&file).await.unwrap();
    assert_eq!(mode(&file), 0o600);
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "one file");

    // What happens after the copy is gone after the restore.
    store
        .adopt(&[known("app"), known("other")], Time(20))
        .await
        .unwrap();
    let stamp = store.made_stamp().await.unwrap();
    store.restore(&file).await.unwrap();
    assert_ne!(
        stamp,
        store.made_stamp().await.unwrap(),
        "processes that go on see it"
    );
    let memory = store.memory("app", None).await.unwrap();
    assert_eq!(memory.bases[&name("main")], Base::Void);
    assert!(store.mirror("other").await.is_err());
    assert_eq!(
        store.run("01920000-aaaa").await.unwrap().mirror.as_deref(),
        Some("app")
    );
    assert!(store.token(&text, Time(30)).await.unwrap().is_some());

    // The whole scope is due, and an event is no echo of a base that is void.
    let echo = store.mark_due("app", &[pushed("main", '1', '2')], Time(40)).await;
    assert_eq!(echo.unwrap(), [Marked::Queued]);
    let claim = fresh.claim("w", Time::now()).await.unwrap();
    assert!(dues(&claim).all);
});

on_both!(a_copy_goes_into_a_database_of_the_other_kind, |fresh| {
    with_a_base(&fresh).await;
    let entry = crate::audit::Entry {
        number: 0,
        at: Time(1),
        actor: "ada".to_owned(),
        from: "::1".to_owned(),
        action: "mirror.pause".to_owned(),
        subject: "mirror app".to_owned(),
        before: None,
        after: Some("{}".to_owned()),
    };
    fresh.store.audit(&entry).await.unwrap();
    let dir = testkit::tmp();
    let file = dir.path().join("copy");
    fresh.store.backup(&file).await.unwrap();
    let other = if fresh.url.starts_with("sqlite") {
        crate::testing::postgres().await
    } else {
        crate::testing::sqlite().await
    };
    other.store.restore(&file).await.unwrap();
    let memory = other.store.memory("app", None).await.unwrap();
    assert_eq!(memory.bases[&name("main")], Base::Void);
    // Numbers go on where they ended.
    other.store.audit(&entry).await.unwrap();
    let audits = other
        .store
        .audits(None, &crate::page::Ask::default())
        .await
        .unwrap();
    assert_eq!(
        audits.items.iter().map(|entry| entry.number).collect::<Vec<_>>(),
        [2, 1]
    );
});

on_both!(a_restore_fences_who_still_works, |fresh| {
    with_a_base(&fresh).await;
    let store = &fresh.store;
    let dir = testkit::tmp();
    let file = dir.path().join("copy");
    store.backup(&file).await.unwrap();
    store
        .mark_due("app", &[pushed("main", '2', '3')], Time(20))
        .await
        .unwrap();
    let old = fresh.claim("w", Time(21)).await.unwrap();
    store.restore(&file).await.unwrap();
    let new = fresh.claim("w", Time::now()).await.unwrap();
    assert!(new.fence > old.fence);
    let fenced = store.finish(&old, &Outcome::default(), Time::now()).await;
    assert!(matches!(fenced, Err(crate::StoreError::Fenced { .. })));
});

on_both!(a_revoked_token_stays_revoked_after_a_restore, |fresh| {
    let store = &fresh.store;
    let made = store.make_token("old", Role::Admin, None, None, Time(1)).await;
    let (token, text) = made.unwrap();
    let dir = testkit::tmp();
    let file = dir.path().join("copy");
    store.backup(&file).await.unwrap();
    store.revoke_token(&token.id, Time(5)).await.unwrap();
    store.restore(&file).await.unwrap();
    assert!(store.token(&text, Time(6)).await.unwrap().is_none());
});

on_both!(a_copy_is_never_written_over_a_file, |fresh| {
    let dir = testkit::tmp();
    let file = dir.path().join("copy");
    std::fs::write(&file, "precious").unwrap();
    let error = fresh.store.backup(&file).await.unwrap_err().to_string();
    assert!(error.contains("exists already"), "{error}");
    assert_eq!(std::fs::read(&file).unwrap(), b"precious");
});

#[tokio::test]
async fn what_is_no_backup_is_not_restored_and_changes_nothing() {
    let fresh = sqlite().await;
    fresh.settled("app").await;
    let dir = testkit::tmp();
    let empty = dir.path().join("empty");
    std::fs::write(&empty, "").unwrap();
    let text = dir.path().join("text");
    std::fs::write(
        &text,
        "not a database, but long enough to be read as a header of one".repeat(20),
    )
    .unwrap();
    for file in [&empty, &text, &dir.path().join("nowhere")] {
        let error = fresh.store.restore(file).await.unwrap_err();
        assert!(matches!(error, crate::StoreError::Unusable(_)), "{error:?}");
        let told = error.to_string();
        assert!(told.contains(&file.display().to_string()), "{told}");
        assert!(!told.contains("refsync-restore"), "no path of ours: {told}");
    }
    assert!(fresh.store.mirror("app").await.is_ok());
    assert!(Store::open(&fresh.url.clone().into()).await.is_ok());
}

fn mode(file: &std::path::Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    file.metadata().unwrap().permissions().mode() & 0o777
}
