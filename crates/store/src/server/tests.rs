use super::*;
use crate::Store;

fn place(url: &str) -> String {
    Server::of(&url.to_owned().into()).unwrap().to_string()
}

#[test]
fn an_address_is_shown_without_user_and_password() {
    assert_eq!(place("postgres://u:hunter2@db.example/x"), "db.example:5432");
    assert_eq!(place("postgres://u:hunter2@db.example:6000/x"), "db.example:6000");
    assert_eq!(place("postgres://u@[::1]:6000/x"), "[::1]:6000");
    assert_eq!(place("postgres:///x?host=/run/pg&port=7"), "/run/pg/.s.PGSQL.7");
}

async fn refused(url: &str) -> String {
    let error = Store::open(&url.to_owned().into()).await.unwrap_err();
    let text = error.to_string();
    assert!(!text.contains("hunter2"), "{text}");
    assert!(!text.contains("busy"), "{text}");
    text
}

#[tokio::test]
async fn a_server_that_cannot_be_reached_is_named_with_what_to_do() {
    // Nobody listens on the port of a test that ended.
    let nobody = refused("postgres://refsync:hunter2@127.0.0.1:1/x").await;
    assert!(
        nobody.starts_with("the database cannot be reached: PostgreSQL at 127.0.0.1:1: Connection refused"),
        "{nobody}"
    );
    assert!(
        nobody.ends_with("or correct `database` in the configuration"),
        "{nobody}"
    );
    // RFC 6761 reserves the name.
    let unknown = refused("postgres://refsync:hunter2@db.invalid:6000/x").await;
    assert!(unknown.contains("PostgreSQL at db.invalid:6000: "), "{unknown}");
    let socket = refused("postgres:///x?host=/nowhere").await;
    assert!(
        socket.contains("PostgreSQL at /nowhere/.s.PGSQL.5432: "),
        "{socket}"
    );
}

#[tokio::test]
async fn what_a_server_refuses_is_told_in_its_own_words() {
    let url = testkit::postgres::database();
    let database = refused(&url.replace("/test_", "/no_such_")).await;
    assert!(
        database.contains("\" does not exist: create it, or correct `database`"),
        "{database}"
    );
    let role = refused(&url.replace("refsync@", "nobody:hunter2@")).await;
    assert!(role.contains("role \"nobody\" does not exist"), "{role}");
    assert!(role.contains("correct `database` in the configuration"), "{role}");
}

#[tokio::test]
async fn a_server_that_is_gone_is_told_apart_from_one_that_is_busy() {
    let url = testkit::postgres::database();
    let busy = || StoreError::Busy("no connection came free".into());
    let there = Server::of(&url.into()).unwrap();
    assert!(matches!(there.too_long(busy()).await, StoreError::Busy(_)));
    let gone = Server::of(&"postgres://refsync@127.0.0.1:1/x".to_owned().into()).unwrap();
    let error = gone.too_long(busy()).await;
    assert!(
        matches!(&error, StoreError::Unreachable(text) if text.contains("127.0.0.1:1")),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_server_that_goes_away_is_told_within_seconds() {
    let url = testkit::postgres::database();
    let address = url.split(['@', '/']).nth(3).unwrap().parse().unwrap();
    let proxy = testkit::FaultProxy::start(address);
    let store = Store::open(&proxy.through(&url).into()).await.unwrap();
    store.check().await.unwrap();
    let through = proxy.address();
    drop(proxy);
    let asked = std::time::Instant::now();
    let error = loop {
        // The connections that were open say for themselves that they were cut.
        match store.check().await {
            Err(StoreError::Unreachable(text)) => break text,
            Err(_) if asked.elapsed() < Duration::from_secs(60) => {}
            other => panic!("{other:?}"),
        }
    };
    assert!(error.contains(&format!("PostgreSQL at {through}: ")), "{error}");
}
