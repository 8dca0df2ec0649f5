//! Errors: each has its own words, and says which side is at fault, during what, whether trying again can help, and what to do.

use engine::error::{Retry, Stage};
use engine::side::Side;
use testkit::When;

use crate::mirror::Done;
use crate::scene::{source_listing, target_listing};

mod http;
mod redirects;
mod refusals;
mod remote_words;
mod repositories;
mod ssh;
mod tls;

/// What an error has to say.
struct Says<'a> {
    side: Side,
    stage: Stage,
    /// Part of its one line.
    words: &'a str,
    retry: Retry,
    /// Part of the advice. Empty: there is none.
    advice: &'a str,
}

/// The run failed with such an error.
#[track_caller]
fn assert_fails(done: &Done, says: &Says<'_>) {
    let error = done.report.error.as_ref();
    let error = error.unwrap_or_else(|| panic!("no error in {:?}", done.report));
    let line = error.to_string();
    assert_eq!((error.side, error.stage), (says.side, says.stage), "{line}");
    assert!(
        line.starts_with(&format!("{} {}: ", says.side, error.url)),
        "{line}"
    );
    assert!(line.contains(says.words), "{line}");
    assert!(line.ends_with(&format!("(while {})", says.stage)), "{line}");
    assert!(!line.contains(char::is_control), "{line:?}");
    assert_eq!(error.retry(), says.retry, "{line}");
    let advice = error.advice();
    assert_eq!(advice.is_none(), says.advice.is_empty(), "{advice:?}");
    assert!(advice.unwrap_or_default().contains(says.advice), "{line}");
    assert_eq!(done.exit(), 1, "{:?}", done.report);
}

/// The first requests to a side.
fn listing_of(side: Side) -> When {
    match side {
        Side::Source => source_listing(),
        Side::Target => target_listing(),
    }
}

/// The variable with the access token of a side.
fn variable(side: Side) -> &'static str {
    match side {
        Side::Source => "SOURCE_TOKEN",
        Side::Target => "TARGET_TOKEN",
    }
}
