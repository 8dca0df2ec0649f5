//! Setting up a hook: the calls of a host's API as values, and the steps for people where there is none.
//!
//! A hook is refsync's if its address is the wanted one. What else it does (further events, a name) is left alone; what keeps it
//! from working is repaired.

use serde_json::Value;

use crate::Provider;

mod listed;
mod manual;
mod place;
#[cfg(test)]
mod tests;
mod wanted;

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
pub fn list(provider: Provider, wanted: &Wanted<'_>) -> Result<Option<Call>, String> {
    Ok(place::of(provider, wanted)?.map(|place| place.call("GET", None, None)))
}

/// From the answer of [`list`] to what is to be done.
pub fn plan(provider: Provider, wanted: &Wanted<'_>, listed: &Value) -> Result<Step, String> {
    match listed::find(provider, wanted, listed)? {
        Some(hook) if wanted::works(provider, hook) => Ok(Step::Present),
        _ => rewrite(provider, wanted, listed).map(Step::Call),
    }
}

/// The call that writes the hook with its secret, whether it is there as wanted or not.
pub fn rewrite(provider: Provider, wanted: &Wanted<'_>, listed: &Value) -> Result<Call, String> {
    let place = place::of(provider, wanted)?
        .ok_or_else(|| format!("{} has no API for webhooks that refsync uses", provider.title()))?;
    let found = listed::find(provider, wanted, listed)?;
    let id = found.map(|hook| listed::id(provider, hook)).transpose()?;
    let body = wanted::body(provider, wanted, found);
    let method = match id {
        None => "POST",
        Some(_) if wanted::is_patched(provider) => "PATCH",
        Some(_) => "PUT",
    };
    Ok(place.call(method, id.as_deref(), Some(body)))
}

/// The steps for a person, with the events to tick. No secret in them.
pub fn manual(provider: Provider, wanted: &Wanted<'_>) -> Vec<String> {
    manual::steps(provider, wanted)
}

/// The events to tick, as the host's own pages call them.
pub fn events(provider: Provider) -> &'static [&'static str] {
    match provider {
        Provider::Harness => &[
            "branch created",
            "branch updated",
            "branch deleted",
            "tag created",
            "tag updated",
            "tag deleted",
        ],
        Provider::Github => &["Pushes"],
        Provider::Gitlab => &["Push events (all branches)", "Tag push events"],
        Provider::Gitea | Provider::Forgejo | Provider::Gogs => &["Push", "Create", "Delete"],
        Provider::BitbucketCloud | Provider::BitbucketDataCenter => &["Repository: Push"],
        Provider::AzureDevops => &["Code pushed"],
        Provider::Codecommit => &["CodeCommit Repository State Change"],
        Provider::Gerrit => &["ref-updated"],
        Provider::Custom => &["every change of a branch or tag"],
    }
}
