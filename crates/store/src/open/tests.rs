use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::Store;

async fn refused(url: String) -> StoreError {
    Store::open(&url.into()).await.unwrap_err()
}

#[test]
fn addresses_are_read() {
    assert_eq!(Place::of("sqlite::memory:").unwrap(), Place::Memory);
    assert_eq!(Place::of("sqlite:a b.db").unwrap(), Place::File("a b.db".into()));
    let absolute = Place::of("sqlite:///var/lib/x.db").unwrap();
    assert_eq!(absolute, Place::File("/var/lib/x.db".into()));
    assert_eq!(Place::of("postgres://u@h/d").unwrap(), Place::Postgres);
}

#[test]
fn an_address_that_is_refused_is_not_repeated() {
    let error = Place::of("mysql://root:hunter2@db/x").unwrap_err().to_string();
    assert!(!error.contains("hunter2"), "{error}");
    assert!(error.contains("sqlite:"), "{error}");
}

#[tokio::test]
async fn a_new_file_is_its_owners_alone_whatever_its_name() {
    let dir = testkit::tmp();
    let path = dir.path().join("a b%20#?ü.db");
    let store = Store::open(&format!("sqlite:{}", path.display()).into())
        .await
        .unwrap();
    store.check().await.unwrap();
    store.make("app", "{}", crate::Time(1)).await.unwrap();
    let files: Vec<_> = std::fs::read_dir(dir.path())
        .unwrap()
        .map(|entry| entry.unwrap())
        .collect();
    assert!(
        files
            .iter()
            .any(|file| file.file_name() == path.file_name().unwrap())
    );
    for file in files {
        let mode = file.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{:?}", file.file_name());
    }
}

#[tokio::test]
async fn a_database_in_memory_is_one_for_all_its_users() {
    let store = Store::open(&"sqlite::memory:".to_owned().into()).await.unwrap();
    store.make("app", "{}", crate::Time(1)).await.unwrap();
    assert_eq!(store.clone().made().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_missing_directory_says_so() {
    let dir = testkit::tmp();
    let error = refused(format!("sqlite:{}/no/such.db", dir.path().display())).await;
    assert!(error.to_string().contains("make its directory first"), "{error}");
}

#[tokio::test]
async fn what_is_no_database_of_ours_is_refused_untouched() {
    let dir = testkit::tmp();
    let text = dir.path().join("text");
    let content = "not a database at all; ".repeat(100);
    std::fs::write(&text, &content).unwrap();
    let error = refused(format!("sqlite:{}", text.display())).await;
    assert!(matches!(error, StoreError::Unusable(_)), "{error:?}");
    assert_eq!(std::fs::read_to_string(&text).unwrap(), content);

    let foreign = dir.path().join("foreign.db");
    make_private(&foreign).unwrap();
    let mut other = options(&file_url(&foreign).unwrap())
        .unwrap()
        .connect()
        .await
        .unwrap();
    other.execute("CREATE TABLE theirs (x)").await.unwrap();
    other.close().await.unwrap();
    let error = refused(format!("sqlite:{}", foreign.display())).await;
    assert!(error.to_string().contains("another program"), "{error}");
}

#[tokio::test]
async fn a_file_that_another_process_holds_is_busy() {
    let fresh = crate::testing::sqlite().await;
    let path = fresh.url.strip_prefix("sqlite:").unwrap();
    let mut other = options(&file_url(path.as_ref()).unwrap())
        .unwrap()
        .connect()
        .await
        .unwrap();
    other.execute("BEGIN IMMEDIATE").await.unwrap();
    let error = fresh.store.check().await.unwrap_err();
    assert!(matches!(error, StoreError::Busy(_)), "{error:?}");
    other.execute("ROLLBACK").await.unwrap();
    fresh.store.check().await.unwrap();
}

#[tokio::test]
async fn a_transaction_that_nobody_waits_for_holds_nothing() {
    let url = testkit::postgres::database();
    let store = Store::open(&url.clone().into()).await.unwrap();
    let watcher = Store::open(&url.into()).await.unwrap();
    // Given up at every moment between asking for a connection and the answer to its `BEGIN`.
    for moment in 0..300 {
        let enough = async {
            for _ in 0..moment {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            biased;
            begun = store.db().begin() => drop(begun),
            () = enough => {}
        }
    }
    let open = "SELECT count(*) AS open FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in%'";
    let deadline = std::time::Instant::now() + Duration::from_secs(10);
    while watcher.db().rows(open, vec![]).await.unwrap()[0]
        .int("open")
        .unwrap()
        > 0
    {
        assert!(
            std::time::Instant::now() < deadline,
            "transactions were left open"
        );
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn no_statement_waits_for_ever_on_postgresql() {
    let fresh = crate::testing::postgres().await;
    for limit in ["statement_timeout", "idle_in_transaction_session_timeout"] {
        let sql = "SELECT current_setting($1) AS value";
        let row = fresh.store.db().first(sql, crate::db::args![limit]).await;
        assert_eq!(row.unwrap().unwrap().text("value").unwrap(), "1min", "{limit}");
    }
}
