//! A serving process from start to stop.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use store::Store;
use tokio::net::TcpListener;
use tokio_util::task::TaskTracker;
use tracing::level_filters::LevelFilter;

mod banner;
mod demo;
mod logs;
mod presence;
pub(crate) mod reload;
mod stop;

pub(crate) use logs::LogFormat;
use reload::ReloadError;
use store::mirror::force::Occasion;

use crate::app::{App, Loaded, Place};
use crate::output::Aside;
use crate::{api, hooks, web, work};

/// The configuration is wrong: the `EX_CONFIG` of `sysexits.h`.
const EXIT_CONFIG: u8 = 78;

/// The file that is read when nobody names one.
const DEFAULT_FILE: &str = "refsync.yaml";

/// How a process was started.
#[derive(Debug)]
pub(crate) struct Options {
    /// The configuration file.
    pub(crate) config: Option<PathBuf>,
    /// With two throwaway repositories.
    pub(crate) demo: bool,
    /// However many mirrors the file lacks, and whichever file other processes have.
    pub(crate) force: bool,
    /// How log lines are written.
    pub(crate) log_format: LogFormat,
    /// The least important level that is logged.
    pub(crate) log_level: LevelFilter,
}

/// Serves until a signal.
pub(crate) fn serve(options: Options) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start")?;
    let ended = runtime.block_on(run(options));
    // What is still open is cut, not waited for.
    runtime.shutdown_background();
    ended
}

/// Reads the configuration, opens the database, listens, works, and stops in the reverse order.
async fn run(options: Options) -> anyhow::Result<ExitCode> {
    let signals = stop::Signals::new().context("cannot listen for signals")?;
    let playground = options.demo.then(demo::Playground::new).transpose()?;
    let place = Place {
        path: match (&playground, &options.config) {
            (Some(playground), _) => playground.config(),
            (None, Some(path)) => path.clone(),
            (None, None) => DEFAULT_FILE.into(),
        },
        optional: options.config.is_none() && playground.is_none(),
    };
    let mut files = reload::Files::of(&place);
    let config = match place.read() {
        Ok(config) => config,
        Err(problems) => {
            let aside = Aside::new();
            problems
                .0
                .iter()
                .for_each(|problem| aside.error(&problem.to_string()));
            return Ok(EXIT_CONFIG.into());
        }
    };
    files.follow(&config);
    logs::start(options.log_format, options.log_level);
    reload::warn(&config);

    let listeners = Listeners::bind(config.listen, config.hooks_listen).await?;
    let app = match start(config, place, options.force).await? {
        Ok(app) => app,
        Err(refused) => {
            Aside::new().error(&refused.to_string());
            return Ok(EXIT_CONFIG.into());
        }
    };
    let tasks = TaskTracker::new();
    tasks.spawn(work::work(Arc::clone(&app)));
    tasks.spawn(reload::watch(Arc::clone(&app), files));
    tasks.spawn(reload::watch_made(Arc::clone(&app)));
    tasks.spawn(presence::keep_reporting(Arc::clone(&app)));
    listeners.serve(&app, &tasks);
    banner::show(&app, playground.as_ref(), options.log_format);
    if let Some(playground) = playground {
        tasks.spawn(playground.live(Arc::clone(&app)));
    }

    signals.stop(&app).await;
    tasks.close();
    tasks.wait().await;
    app.store.retire_worker(&app.worker).await.ok();
    tracing::info!("stopped");
    Ok(ExitCode::SUCCESS)
}

/// Opens the database and puts the configuration in force, if it is not one that parks many mirrors by mistake.
async fn start(
    config: config::Config,
    place: Place,
    force: bool,
) -> anyhow::Result<Result<Arc<App>, ReloadError>> {
    let loaded = Loaded::of_file(config);
    let secrets = config::Secrets::default();
    secrets.hide(loaded.config.secret_variables());
    let url = secrets
        .read(&loaded.config.database)
        .await
        .context("cannot read `database` of the configuration")?;
    let store = Store::open(&url).await?;
    let app = Arc::new(App::new(store, presence::name(), loaded, Some(place)));
    let before = reload::Before::of(&app.store).await?;
    let occasion = if force { Occasion::Forced } else { Occasion::Held };
    match reload::adopt(&app, app.loaded().config.clone(), occasion).await {
        Err(lost @ ReloadError::LosesTooMany { .. }) => return Ok(Err(lost)),
        other => other?,
    }
    before.audit(&app, force).await;
    api::first_token(&app, &url).await?;
    presence::report(&app).await?;
    Ok(Ok(app))
}

/// Where requests are taken: webhooks may come in at an address of their own.
#[derive(Debug)]
struct Listeners {
    main: TcpListener,
    hooks: Option<TcpListener>,
}

impl Listeners {
    async fn bind(main: SocketAddr, hooks: Option<SocketAddr>) -> anyhow::Result<Self> {
        let bind = |address: SocketAddr, key: &'static str| async move {
            TcpListener::bind(address).await.with_context(|| {
                format!("cannot listen on {address}: is it in use? (`{key}` in the configuration)")
            })
        };
        Ok(Self {
            main: bind(main, "listen").await?,
            hooks: match hooks {
                Some(address) => Some(bind(address, "hooksListen").await?),
                None => None,
            },
        })
    }

    fn serve(self, app: &Arc<App>, tasks: &TaskTracker) {
        let mut main = web::router(app).merge(api::router(app));
        match self.hooks {
            Some(listener) => {
                main = main.merge(hooks::no_endpoints());
                tasks.spawn(api::serve(listener, hooks::router(app), Arc::clone(app)));
            }
            None => main = main.merge(hooks::router(app)),
        }
        tasks.spawn(api::serve(self.main, main, Arc::clone(app)));
    }
}
