//! Setting up a hook: the calls of a host's API as values, and the steps for people where there is none.

use serde_json::Value;

use crate::Provider;

/// The hook that is wanted.
#[derive(Debug, Clone)]
pub struct Wanted<'a> {
    /// The repository's clone URL.
    pub repository: &'a str,
    /// Where deliveries go.
    pub hook_url: &'a str,
    /// The API's base, where it does not follow from the clone URL.
    pub api: Option<&'a str>,
}

/// One call.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// `GET`, `POST`, `PATCH` or `PUT`.
    pub method: &'static str,
    /// The whole URL.
    pub url: String,
    /// The header that carries the token, and what goes before it: `("authorization", "Bearer ")`.
    pub token_header: (&'static str, &'static str),
    /// Further headers.
    pub headers: Vec<(&'static str, String)>,
    /// The body. The secret is not in it: it goes to `secret_at`, a JSON pointer.
    pub body: Option<Value>,
    /// Where in the body the hook's secret goes.
    pub secret_at: Option<&'static str>,
}

/// What is to be done to have the hook.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Nothing: it is there as wanted. Its secret cannot be read back: `register --rotate` writes it anew.
    Present,
    /// Make or repair it.
    Call(Call),
}

/// The call that lists a repository's hooks; `None` where there is no API for it.
pub fn list(_provider: Provider, _wanted: &Wanted<'_>) -> Result<Option<Call>, String> {
    todo!()
}

/// From the answer of [`list`] to what is to be done.
pub fn plan(_provider: Provider, _wanted: &Wanted<'_>, _listed: &Value) -> Result<Step, String> {
    todo!()
}

/// The steps for a person, with the events to tick. No secret in them.
pub fn manual(_provider: Provider, _wanted: &Wanted<'_>) -> Vec<String> {
    todo!()
}
