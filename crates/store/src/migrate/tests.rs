use super::*;
use crate::Store;
use crate::testing::*;

on_both!(a_database_of_a_newer_version_is_refused_untouched, |fresh| {
    let sql = "INSERT INTO refsync_schema (number, checksum, at) VALUES (999, 'x', 0)";
    fresh.store.db().exec(sql, vec![]).await.unwrap();
    let error = Store::open(&fresh.url.clone().into()).await.unwrap_err();
    assert!(
        matches!(&error, StoreError::Unusable(text) if text.contains("newer refsync")),
        "{error:?}"
    );
});

on_both!(a_database_of_another_build_is_refused, |fresh| {
    let sql = "UPDATE refsync_schema SET checksum = 'x'";
    fresh.store.db().exec(sql, vec![]).await.unwrap();
    let error = Store::open(&fresh.url.clone().into()).await.unwrap_err();
    assert!(error.to_string().contains("another build"), "{error}");
});

on_both!(processes_that_start_at_once_make_one_database, |fresh| {
    // A fresh one, empty: the one of the test is made already.
    let url = if fresh.url.starts_with("sqlite") {
        format!("{}.second", fresh.url)
    } else {
        testkit::postgres::database()
    };
    let starts: Vec<_> = (0..4)
        .map(|_| {
            let url = url.clone();
            tokio::spawn(async move { Store::open(&url.into()).await })
        })
        .collect();
    for start in starts {
        start.await.unwrap().unwrap().check().await.unwrap();
    }
});

on_both!(a_step_that_fails_leaves_the_database_as_it_was, |fresh| {
    let db = fresh.store.db();
    let broken = [
        Step {
            number: 900,
            sql: "CREATE TABLE half (x BIGINT NOT NULL)",
        },
        Step {
            number: 901,
            sql: "CREATE TABLE mirrors (x BIGINT NOT NULL)",
        },
    ];
    let steps: Vec<Step> = STEPS.iter().copied().chain(broken).collect();
    assert!(migrate_to(db, &steps).await.is_err());
    assert!(db.first("SELECT x FROM half", vec![]).await.is_err());
    // The older refsync still runs on it, and a newer one whose step works brings it forward, rows and all.
    migrate(db).await.unwrap();
    fresh.settled("app").await;
    let works = Step {
        number: 900,
        sql: "ALTER TABLE mirrors ADD COLUMN extra TEXT",
    };
    let steps: Vec<Step> = STEPS.iter().copied().chain([works]).collect();
    migrate_to(db, &steps).await.unwrap();
    migrate_to(db, &steps).await.unwrap();
    assert!(fresh.store.mirror("app").await.is_ok());
    assert!(
        db.first("SELECT extra FROM mirrors", vec![])
            .await
            .unwrap()
            .is_some()
    );
});

#[tokio::test]
async fn a_database_from_before_schedules_keeps_its_rows_and_what_was_known() {
    let dir = testkit::tmp();
    for url in [
        format!("sqlite:{}", dir.path().join("old.db").display()),
        testkit::postgres::database(),
    ] {
        let old = crate::open::open(&url.clone().into()).await.unwrap();
        migrate_to(&old, &STEPS[..2]).await.unwrap();
        for (name, refs) in [("known", 7_i64), ("unknown", 0)] {
            let sql = "INSERT INTO mirrors (name, fingerprint, labels, source_url, target_url, sought, two_way, refs) \
                       VALUES ($1, 'f1', '{}', 'a', 'b', '', 0, $2)";
            old.exec(sql, args![name, refs]).await.unwrap();
        }
        let store = Store::open(&url.into()).await.unwrap();
        let references = async |name| store.mirror(name).await.unwrap().references;
        assert_eq!(
            (references("known").await, references("unknown").await),
            (Some(7), None)
        );
        assert!(store.schedules().await.unwrap().is_empty());
    }
}
