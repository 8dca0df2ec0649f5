//! The endpoints of a mirror, for people.

use config::{Config, Mirror};
use engine::side::Side;
use hosts::setup::{self, Wanted};

use super::endpoint::{Endpoint, State};
use crate::api::model::hook::{Hook, HookState};
use crate::app::{App, Loaded};

/// The endpoints of a mirror: two-way mirrors have two, others one. A mirror that is not configured, or whose triggers leave webhooks
/// out, has none.
pub(crate) fn endpoints(app: &App, mirror: &str) -> Vec<Hook> {
    let loaded = app.loaded();
    [Side::Source, Side::Target]
        .into_iter()
        .filter_map(|side| hook(&loaded, mirror, side))
        .collect()
}

fn hook(loaded: &Loaded, name: &str, side: Side) -> Option<Hook> {
    let endpoint = Endpoint::of_mirror(loaded, name, &side.to_string()).ok()?;
    let mirror = loaded.mirrors.get(name).filter(|mirror| mirror.webhooks)?;
    let url = url(&loaded.config, mirror, side);
    let repository = mirror.ends.of(side).url.to_string();
    let mut steps = setup::manual(endpoint.provider, &wanted(&repository, &url, mirror, side));
    let state = match endpoint.state {
        State::Signed(_) => HookState::Enabled,
        State::Insecure => HookState::Insecure,
        State::Disabled(why) => {
            steps.insert(0, format!("First: {why}"));
            HookState::Disabled
        }
    };
    Some(Hook {
        side: side.into(),
        url,
        provider: endpoint.provider.word().to_owned(),
        state,
        events: setup::events(endpoint.provider)
            .iter()
            .map(|event| (*event).to_owned())
            .collect(),
        steps,
    })
}

/// The address to enter on the host.
pub(super) fn url(config: &Config, mirror: &Mirror, side: Side) -> String {
    let base = config.public_url.as_deref().map_or_else(
        || format!("http://{}", config.hooks_listen.unwrap_or(config.listen)),
        |url| url.trim_end_matches('/').to_owned(),
    );
    format!("{base}/hooks/{}/{side}", mirror.name)
}

/// The hook that is wanted for a mirror's side.
pub(super) fn wanted<'a>(repository: &'a str, url: &'a str, mirror: &'a Mirror, side: Side) -> Wanted<'a> {
    Wanted {
        repository,
        hook_url: url,
        api: mirror
            .ends
            .of(side)
            .credential
            .as_deref()
            .and_then(|credential| credential.api.as_deref()),
    }
}
