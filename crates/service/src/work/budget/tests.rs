use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use store::Time;
use store::host::{RefusedSecret, Wanted};
use tokio::sync::Semaphore;

use super::slots::Slots;
use super::tokens::Tokens;
use super::{Budget, Patience};
use crate::work::tests::scene::Scene;

fn secret(text: &str) -> SecretString {
    text.to_owned().into()
}

#[test]
fn a_refused_token_is_refused_for_all_mirrors_until_its_value_is_another() {
    let tokens = Tokens::default();
    tokens.refuse("ghe", Some("app"), &secret("old"), 401);
    assert!(tokens.refused("ghe", Some("app"), &secret("old")).is_some());
    assert!(tokens.refused("ghe", Some("other"), &secret("old")).is_some());
    assert!(tokens.refused("ghe", Some("other"), &secret("new")).is_none());
    assert!(tokens.refused("gitea", Some("other"), &secret("old")).is_none());
}

#[test]
fn a_token_that_does_not_suffice_for_one_repository_serves_the_others() {
    let tokens = Tokens::default();
    let refused = tokens.refuse("ghe", Some("app"), &secret("x"), 403).unwrap();
    assert_eq!(refused.key, "ghe/app");
    assert!(tokens.refused("ghe", Some("app"), &secret("x")).is_some());
    assert!(tokens.refused("ghe", Some("other"), &secret("x")).is_none());
}

#[test]
fn a_token_that_suffices_for_nothing_is_refused_as_a_whole() {
    let tokens = Tokens::default();
    for mirror in ["a", "b"] {
        tokens.refuse("ghe", Some(mirror), &secret("x"), 403);
    }
    assert!(tokens.refused("ghe", Some("c"), &secret("x")).is_none());
    let third = tokens.refuse("ghe", Some("c"), &secret("x"), 403).unwrap();
    assert_eq!(third.key, "ghe");
    assert!(tokens.refused("ghe", Some("d"), &secret("x")).is_some());
}

#[test]
fn that_a_token_does_not_suffice_for_what_is_no_mirror_says_nothing_of_it() {
    let tokens = Tokens::default();
    for _ in 0..5 {
        assert!(tokens.refuse("ghe", None, &secret("x"), 403).is_none());
    }
    assert!(tokens.refused("ghe", None, &secret("x")).is_none());
    for mirror in ["a", "b"] {
        tokens.refuse("ghe", Some(mirror), &secret("x"), 403);
    }
    assert!(tokens.refused("ghe", Some("c"), &secret("x")).is_none());
    // One that is revoked is revoked for whoever shows it.
    assert_eq!(tokens.refuse("ghe", None, &secret("x"), 401).unwrap().key, "ghe");
    assert!(tokens.refused("ghe", Some("c"), &secret("x")).is_some());
}

#[test]
fn one_repository_that_opens_shows_that_the_token_is_good() {
    let tokens = Tokens::default();
    for mirror in ["a", "b", "c", "d"] {
        tokens.refuse("ghe", Some(mirror), &secret("x"), 403);
        tokens.accept("ghe", Some("good"));
    }
    assert!(tokens.refused("ghe", Some("other"), &secret("x")).is_none());
    assert!(tokens.refused("ghe", Some("a"), &secret("x")).is_some());
}

#[test]
fn what_works_again_is_forgotten_once() {
    let tokens = Tokens::default();
    assert!(!tokens.works("ghe"));
    tokens.refuse("ghe", Some("app"), &secret("x"), 401);
    assert!(tokens.accept("ghe", Some("app")));
    assert!(tokens.works("ghe") && !tokens.accept("ghe", Some("app")));
    assert!(tokens.refused("ghe", Some("app"), &secret("x")).is_none());
}

#[test]
fn what_another_process_learned_holds_here_too_and_its_hash_tells_nothing() {
    let (here, there) = (Tokens::default(), Tokens::default());
    let refused = there.refuse("ghe", Some("app"), &secret("s3cret"), 401).unwrap();
    assert!(!refused.hash.contains("s3cret"));
    let again = there.refuse("ghe", Some("app"), &secret("s3cret"), 401).unwrap();
    assert_eq!(
        refused.hash, again.hash,
        "the same value is refused since the first time"
    );
    let row = RefusedSecret {
        credential: refused.key,
        hash: refused.hash,
        status: 401,
        since: Time(0),
    };
    here.learn(vec![row]);
    assert!(here.refused("ghe", Some("other"), &secret("s3cret")).is_some());
    here.learn(Vec::new());
    assert!(here.refused("ghe", Some("other"), &secret("s3cret")).is_none());
}

#[test]
fn a_host_is_left_alone_until_the_latest_time_it_named() {
    let budget = Budget::default();
    budget.hush("ghe.example", Time(200));
    budget.hush("ghe.example", Time(100));
    assert_eq!(budget.hushed("ghe.example", Time(150)), Some(Time(200)));
    assert_eq!(budget.hushed("ghe.example", Time(200)), None);
    assert_eq!(budget.hushed("other.example", Time(150)), None);
}

/// A permit if there is one at once.
async fn at_once(budget: &Budget, slots: u32) -> Option<tokio::sync::OwnedSemaphorePermit> {
    budget
        .permit("ghe.example", slots, 1, Patience::TakesWhatIsThere)
        .await
}

#[tokio::test]
async fn a_host_has_as_many_permits_as_its_credential_says() {
    let budget = Budget::default();
    let one = at_once(&budget, 2).await.unwrap();
    let _other = at_once(&budget, 2).await.unwrap();
    assert!(at_once(&budget, 2).await.is_none());
    let third = budget.permit("ghe.example", 2, 1, Patience::Waits);
    tokio::pin!(third);
    assert!(futures_util::poll!(&mut third).is_pending());
    drop(one);
    assert!(third.await.is_some());
}

#[tokio::test]
async fn another_number_of_permits_counts_those_that_are_out() {
    let budget = Budget::default();
    let mut out = vec![
        at_once(&budget, 2).await.unwrap(),
        at_once(&budget, 2).await.unwrap(),
    ];
    assert!(at_once(&budget, 2).await.is_none());
    out.push(at_once(&budget, 3).await.expect("one more by now"));
    assert!(at_once(&budget, 3).await.is_none());
    assert!(at_once(&budget, 1).await.is_none());
    // What takes the two out waits for them in its own task.
    tokio::task::yield_now().await;
    drop(out.pop());
    drop(out.pop());
    tokio::task::yield_now().await;
    assert!(
        at_once(&budget, 1).await.is_none(),
        "one is still out, and one is all there is"
    );
    drop(out.pop());
    let one = the_one(&budget).await;
    assert!(at_once(&budget, 1).await.is_none());
    drop(one);
}

async fn the_one(budget: &Budget) -> tokio::sync::OwnedSemaphorePermit {
    budget.permit("ghe.example", 1, 1, Patience::Waits).await.unwrap()
}

#[tokio::test]
async fn a_run_that_needs_two_requests_at_a_time_gets_both_or_none_and_never_waits_for_ever() {
    let budget = Budget::default();
    let two = async |slots: u32, patience: Patience| budget.permit("ghe.example", slots, 2, patience).await;
    let one = at_once(&budget, 2).await.unwrap();
    assert!(two(2, Patience::TakesWhatIsThere).await.is_none());
    drop(one);
    let both = two(2, Patience::TakesWhatIsThere).await.unwrap();
    assert!(at_once(&budget, 2).await.is_none());
    drop(both);
    // Fewer than it needs are as many as it needs: also where they became fewer while it waited.
    let one = at_once(&budget, 2).await.unwrap();
    let waiting = two(2, Patience::Waits);
    tokio::pin!(waiting);
    assert!(futures_util::poll!(&mut waiting).is_pending());
    assert!(at_once(&budget, 1).await.is_none());
    drop(one);
    assert!(waiting.await.is_some());
}

#[tokio::test]
async fn slots_that_were_being_taken_when_their_run_was_cut_are_free_again() {
    let scene = Scene::one_way("").await;
    let host = "git.example";
    let wanted = Wanted {
        slots: 1,
        of: 1,
        insists: false,
    };
    let mut is_taken = false;
    // Cut after each of its steps.
    for steps in 1.. {
        let permit = Arc::new(Semaphore::new(1)).acquire_owned().await.unwrap();
        let mut taking = Box::pin(Slots::take(&scene.app, host, wanted, permit, Patience::Waits));
        for _ in 0..steps {
            is_taken = futures_util::poll!(&mut taking).is_ready();
            if is_taken {
                break;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        drop(taking);
        let (store, lease) = (scene.store(), Duration::from_secs(60));
        let free = async {
            while !store
                .take_slots(host, wanted, "other", lease, Time::now())
                .await
                .unwrap()
            {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let free = tokio::time::timeout(Duration::from_secs(10), free).await;
        free.unwrap_or_else(|_| panic!("they are nobody's after {steps} steps, and not free"));
        store.give_slots(host, "other").await.unwrap();
        if is_taken {
            break;
        }
    }
    assert!(is_taken);
}
