//! What all pages have around them.

use store::token::Role;

use super::session::Session;
use crate::app::App;
use crate::ops::Caller;

/// What all pages have around them.
#[derive(Debug)]
pub(super) struct Frame {
    /// Who signed in; nobody on the page to sign in.
    pub(super) who: Option<Who>,
    /// What forms carry.
    pub(super) csrf: String,
    /// Where news of what the page shows come from.
    pub(super) live: Option<String>,
    pub(super) version: &'static str,
    pub(super) worker: String,
    current: &'static str,
    conflicts: u64,
}

/// Who signed in.
#[derive(Debug)]
pub(super) struct Who {
    pub(super) name: String,
    pub(super) role: &'static str,
    rank: Role,
}

/// An entry of the main navigation.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) href: &'static str,
    pub(super) word: &'static str,
    pub(super) current: bool,
    pub(super) count: u64,
}

impl Frame {
    /// Around a page of somebody who signed in. `current` is the entry of the navigation that it belongs to.
    pub(super) async fn new(app: &App, session: &Session, current: &'static str) -> Self {
        Self {
            who: Some(Who {
                name: session.caller.token.name.clone(),
                role: role(session.caller.token.role),
                rank: session.caller.token.role,
            }),
            csrf: session.csrf.clone(),
            current,
            conflicts: open_conflicts(app, &session.caller).await,
            ..Self::outside(app)
        }
    }

    /// Around a page that anybody may see.
    pub(super) fn outside(app: &App) -> Self {
        Self {
            who: None,
            csrf: String::new(),
            live: None,
            version: env!("CARGO_PKG_VERSION"),
            worker: app.worker.clone(),
            current: "",
            conflicts: 0,
        }
    }

    /// With news from there.
    pub(super) fn live(mut self, from: impl Into<String>) -> Self {
        self.live = Some(from.into());
        self
    }

    /// The main navigation, without what the token may not see.
    pub(super) fn places(&self) -> Vec<Place> {
        let place = |href, word| Place {
            href,
            word,
            current: self.current == href,
            count: if href == "/conflicts" { self.conflicts } else { 0 },
        };
        let mut places = vec![
            place("/", "Mirrors"),
            place("/runs", "Runs"),
            place("/conflicts", "Conflicts"),
            place("/deliveries", "Deliveries"),
        ];
        if self.may_admin() {
            places.push(place("/audit", "Audit"));
        }
        places
    }

    pub(super) fn may_operate(&self) -> bool {
        self.rank() >= Some(Role::Operate)
    }

    pub(super) fn may_admin(&self) -> bool {
        self.rank() >= Some(Role::Admin)
    }

    fn rank(&self) -> Option<Role> {
        self.who.as_ref().map(|who| who.rank)
    }
}

fn role(role: Role) -> &'static str {
    match role {
        Role::Read => "read",
        Role::Operate => "operate",
        Role::Admin => "admin",
    }
}

/// How many conflicts wait, for the number in the navigation; none where it cannot be told.
async fn open_conflicts(app: &App, caller: &Caller) -> u64 {
    if caller.is_limited() {
        return 0;
    }
    app.store.conflict_count().await.unwrap_or_default()
}
