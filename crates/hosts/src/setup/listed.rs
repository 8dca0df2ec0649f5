//! The hooks that a host listed.

use serde_json::Value;

use super::Wanted;
use crate::Provider;

/// refsync's hook among those listed: the one with the wanted address.
pub(super) fn find<'a>(
    provider: Provider,
    wanted: &Wanted<'_>,
    listed: &'a Value,
) -> Result<Option<&'a Value>, String> {
    let hooks = match provider {
        Provider::BitbucketCloud | Provider::BitbucketDataCenter => listed.get("values"),
        _ => Some(listed),
    };
    let Some(hooks) = hooks.and_then(Value::as_array) else {
        return Err(format!(
            "the answer is no list of hooks: is this the API of {}?",
            provider.title()
        ));
    };
    let address = wanted.hook_url.trim_end_matches('/');
    let is_wanted = |hook: &&Value| url(hook).is_some_and(|url| url.trim_end_matches('/') == address);
    Ok(hooks.iter().find(is_wanted))
}

/// The address of a hook: `url`, or `config.url`.
fn url(hook: &Value) -> Option<&str> {
    hook.pointer("/config/url")
        .or_else(|| hook.get("url"))
        .and_then(Value::as_str)
}

/// What names the hook in a call.
pub(super) fn id(provider: Provider, hook: &Value) -> Result<String, String> {
    let fields: &[&str] = match provider {
        Provider::Harness => &["identifier", "uid", "id"],
        Provider::BitbucketCloud => &["uuid"],
        _ => &["id"],
    };
    let id = fields.iter().find_map(|field| match hook.get(*field) {
        Some(Value::String(text)) if !text.is_empty() => Some(text.clone()),
        Some(Value::Number(number)) => Some(number.to_string()),
        _ => None,
    });
    id.ok_or_else(|| "a hook in the answer has no id".to_owned())
}
