//! What a starting process says to the person in front of it: on standard error, beside the log.

use std::fmt::Write;

use crate::app::App;
use crate::output::Aside;
use crate::serve::demo::Playground;
use crate::serve::logs::LogFormat;

/// Says what is served and, where people read the log, what to do next.
pub(super) fn show(app: &App, playground: Option<&Playground>, log: LogFormat) {
    let loaded = app.loaded();
    let address = address(app);
    tracing::info!(
        mirrors = loaded.mirrors.len(),
        listen = %loaded.config.listen,
        worker = app.worker,
        version = env!("CARGO_PKG_VERSION"),
        "serving"
    );
    if log == LogFormat::Json {
        // Who reads it takes each line for an object.
        if playground.is_none() && loaded.mirrors.is_empty() {
            tracing::info!(
                address,
                "nothing is mirrored yet: write a refsync.yaml here, which is taken over as soon as it is saved (`refsync config check` says \
                 what is wrong with it), or make a mirror at this address, signed in with the first admin token, which is in a file beside \
                 the database"
            );
        }
        return;
    }
    let text = match playground {
        Some(playground) => playground.introduction(&address),
        None if loaded.mirrors.is_empty() => empty(&address),
        None => return,
    };
    let aside = Aside::new();
    text.lines().for_each(|line| aside.plain(line));
}

/// The address to reach this process by.
pub(super) fn address(app: &App) -> String {
    let config = &app.loaded().config;
    config
        .public_url
        .clone()
        .unwrap_or_else(|| format!("http://{}", config.listen))
}

fn empty(address: &str) -> String {
    let mut text = String::new();
    // A string takes everything.
    let _ = write!(
        text,
        "
Nothing is mirrored yet. Write a refsync.yaml here:

    version: 1
    mirrors:
      - name: app
        source: https://git.example.com/acme/app.git
        target: https://github.com/acme/app.git

It is taken over as soon as it is saved. `refsync config check` says what is wrong with it,
{address} in a browser makes one, too: sign in with the first admin token, which is in
a file beside the database. `refsync mirror list` asks this process, and `refsync serve --demo`
shows two throwaway repositories that are mirrored both ways.
"
    );
    text
}
