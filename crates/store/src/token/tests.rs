use crate::testing::*;
use crate::token::*;

on_both!(a_token_is_known_by_its_text_until_it_ends, |fresh| {
    let store = &fresh.store;
    let label = Some(("team", "pay"));
    let made = store.make_token("ci", Role::Operate, label, Some(Time(100)), Time(1));
    let (token, text) = made.await.unwrap();
    assert_eq!(text.expose_secret().len(), "refsync_".len() + 43);
    let found = store.token(&text, Time(50)).await.unwrap().unwrap();
    assert_eq!(found.used, Some(Time(50)));
    assert_eq!(
        (found.role, found.label),
        (Role::Operate, Some(("team".to_owned(), "pay".to_owned())))
    );
    assert!(store.token(&text, Time(100)).await.unwrap().is_none(), "it ended");
    let wrong = SecretString::from("refsync_no");
    assert!(store.token(&wrong, Time(50)).await.unwrap().is_none());
    store.revoke_token(&token.id, Time(60)).await.unwrap();
    store.revoke_token(&token.id, Time(70)).await.unwrap();
    assert!(store.token(&text, Time(61)).await.unwrap().is_none());
    assert_eq!(store.tokens().await.unwrap()[0].revoked, Some(Time(60)));
    assert!(store.revoke_token("nobody", Time(1)).await.is_err());
});

on_both!(use_is_written_down_once_an_hour, |fresh| {
    let store = &fresh.store;
    let (_, text) = store
        .make_token("ci", Role::Read, None, None, Time(1))
        .await
        .unwrap();
    let used = async |now| store.token(&text, Time(now)).await.unwrap().unwrap().used;
    assert_eq!(used(10).await, Some(Time(10)));
    assert_eq!(used(3_600_009).await, Some(Time(10)));
    assert_eq!(used(3_600_010).await, Some(Time(3_600_010)));
});

#[tokio::test]
async fn no_text_of_a_token_is_in_the_file() {
    let fresh = sqlite().await;
    let (_, text) = fresh
        .store
        .make_token("ci", Role::Admin, None, None, Time(1))
        .await
        .unwrap();
    let path = fresh.url.strip_prefix("sqlite:").unwrap();
    let secret = text.expose_secret().strip_prefix("refsync_").unwrap();
    let mut looked = 0;
    for suffix in ["", "-wal"] {
        let bytes = std::fs::read(format!("{path}{suffix}")).unwrap_or_default();
        looked += bytes.len();
        assert!(!bytes.windows(secret.len()).any(|part| part == secret.as_bytes()));
    }
    assert!(looked > 0);
}
