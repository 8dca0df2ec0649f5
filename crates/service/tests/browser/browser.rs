//! Debian's chromium, driven over WebDriver: one browser for each test, gone with its handle.

use std::fs::{self, File};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::{Process, require, until};
use thirtyfour::prelude::*;
use thirtyfour::{BrowserLogEntry, ChromeCapabilities, LoggingPrefsLogLevel};
use tokio::runtime::Runtime;

/// How long a page may take to show what it must: long, for a loaded machine.
pub(crate) const SOON: Duration = Duration::from_secs(30);

/// The size of a desk's window, in CSS pixels.
pub(crate) const DESK: (u32, u32) = (1280, 900);

/// The size of a phone, in CSS pixels.
pub(crate) const PHONE: (u32, u32) = (390, 844);

/// A browser that looks at one server.
///
/// Its calls block and panic, with what the page shows, where a person would be stuck.
#[derive(Debug)]
pub(crate) struct Browser {
    origin: String,
    /// `None` only while it is dropped.
    driver: Option<WebDriver>,
    runtime: Runtime,
    // Dropped in this order: what writes into the directory goes first.
    _chromedriver: Process,
    _directory: TempDir,
}

impl Browser {
    /// Starts one. `origin` is `http://127.0.0.1:PORT`.
    pub(crate) fn new(origin: &str) -> Browser {
        let directory = testkit::tmp();
        let (chromedriver, port) = start_chromedriver(&directory);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let driver = WebDriver::new(format!("http://127.0.0.1:{port}"), capabilities(&directory));
        let driver = runtime
            .block_on(driver)
            .unwrap_or_else(|error| panic!("chromium cannot be started: {error}"));
        let browser = Browser {
            origin: origin.to_owned(),
            driver: Some(driver),
            runtime,
            _chromedriver: chromedriver,
            _directory: directory,
        };
        browser.light();
        browser.size(DESK);
        browser
    }

    fn driver(&self) -> &WebDriver {
        self.driver.as_ref().expect("it is there until it is dropped")
    }

    /// Goes to a path of the server and waits until the page is loaded.
    pub(crate) fn go(&self, path: &str) {
        let url = format!("{}{path}", self.origin);
        self.runtime
            .block_on(self.driver().goto(url))
            .unwrap_or_else(|error| panic!("{path} cannot be opened: {error}"));
    }

    /// The path and query of the page.
    pub(crate) fn path(&self) -> String {
        let url = self.runtime.block_on(self.driver().current_url()).unwrap();
        url.as_str().replacen(&self.origin, "", 1)
    }

    /// What a script returns, in the page.
    pub(crate) fn run(&self, script: &str, arguments: &[Value]) -> Value {
        let done = self.driver().execute(script, arguments.to_vec());
        let returned = self.runtime.block_on(done);
        returned
            .unwrap_or_else(|error| panic!("a script failed: {error}\n{script}"))
            .json()
            .clone()
    }

    /// What a script hands to its last argument, a function.
    pub(crate) fn run_async(&self, script: &str, arguments: &[Value]) -> Value {
        let done = self.driver().execute_async(script, arguments.to_vec());
        let returned = self.runtime.block_on(done);
        returned
            .unwrap_or_else(|error| panic!("a script failed: {error}\n{script}"))
            .json()
            .clone()
    }

    /// The text that people see of the first element that fits; `None` if there is none.
    pub(crate) fn text_of(&self, css: &str) -> Option<String> {
        let script = "const it = document.querySelector(arguments[0]); return it && it.innerText;";
        self.run(script, &[css.into()]).as_str().map(str::to_owned)
    }

    /// The text that people see of the first element that fits, which must be there.
    #[track_caller]
    pub(crate) fn text(&self, css: &str) -> String {
        self.text_of(css)
            .unwrap_or_else(|| panic!("{css} is not on the page:\n{}", self.page()))
    }

    /// An attribute of the first element that fits.
    pub(crate) fn attribute(&self, css: &str, name: &str) -> Option<String> {
        let script =
            "const it = document.querySelector(arguments[0]); return it && it.getAttribute(arguments[1]);";
        let value = self.run(script, &[css.into(), name.into()]);
        value.as_str().map(str::to_owned)
    }

    /// How many elements fit.
    pub(crate) fn count(&self, css: &str) -> u64 {
        let script = "return document.querySelectorAll(arguments[0]).length;";
        self.run(script, &[css.into()]).as_u64().unwrap()
    }

    /// All text of the page, for a failure's message.
    pub(crate) fn page(&self) -> String {
        let text = self.text_of("body").unwrap_or_default();
        format!("{}\n{text}", self.path())
    }

    /// Clicks the first element that fits, as a person does: it must be there and not covered.
    #[track_caller]
    pub(crate) fn click(&self, css: &str) {
        self.click_on(&By::Css(css), css);
    }

    /// Clicks the button or link with that word.
    #[track_caller]
    pub(crate) fn press(&self, word: &str) {
        let path = format!("//*[self::button or self::a][normalize-space()=\"{word}\"]");
        self.click_on(&By::XPath(path), word);
    }

    #[track_caller]
    fn click_on(&self, by: &By, what: &str) {
        let clicked = self.runtime.block_on(async {
            // A live part may be replaced between finding and clicking.
            let mut last = Ok(());
            for _ in 0..5 {
                last = match self.driver().find(by.clone()).await {
                    Ok(element) => element.click().await,
                    Err(error) => Err(error),
                };
                if last.is_ok() {
                    break;
                }
            }
            last
        });
        if let Err(error) = clicked {
            panic!("{what} cannot be pressed: {error}\n{}", self.page());
        }
    }

    /// Types a text into an empty field.
    #[track_caller]
    pub(crate) fn fill(&self, css: &str, text: &str) {
        let typed = self.runtime.block_on(async {
            let field = self.driver().find(By::Css(css)).await?;
            field.clear().await?;
            field.send_keys(text).await
        });
        if let Err(error) = typed {
            panic!("{css} cannot be filled: {error}\n{}", self.page());
        }
    }

    /// Waits until the text of an element has these words.
    #[track_caller]
    pub(crate) fn wait(&self, css: &str, words: &str) {
        self.wait_for(&format!("{css} to say {words}"), |browser| {
            browser.text_of(css).is_some_and(|text| text.contains(words))
        });
    }

    /// Waits for anything.
    #[track_caller]
    pub(crate) fn wait_for(&self, what: &str, mut condition: impl FnMut(&Browser) -> bool) {
        let start = std::time::Instant::now();
        while !condition(self) {
            assert!(
                start.elapsed() < SOON,
                "waited in vain for {what}; the page shows:\n{}",
                self.page()
            );
            testkit::pause();
        }
    }

    /// Signs in with a token, through the form.
    #[track_caller]
    pub(crate) fn sign_in(&self, token: &str) {
        self.go("/sign-in");
        self.fill("#token", token);
        self.press("Sign in");
        self.wait_for("the way in", |browser| browser.count("header nav") == 1);
    }

    /// The session's cookie, as a request has it.
    pub(crate) fn cookie(&self) -> String {
        let cookie = self.driver().get_named_cookie("refsync_session");
        let cookie = self.runtime.block_on(cookie).unwrap();
        format!("refsync_session={}", cookie.value)
    }

    fn cdp(&self, method: &str, parameters: Value) -> Value {
        self.runtime
            .block_on(self.driver().cdp().send_raw(method, parameters))
            .unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    /// Prefers light colours.
    pub(crate) fn light(&self) {
        self.prefer("light");
    }

    /// Prefers dark colours.
    pub(crate) fn dark(&self) {
        self.prefer("dark");
    }

    fn prefer(&self, scheme: &str) {
        // Without motion: what pulses looks different each time.
        let features = json!([
            {"name": "prefers-color-scheme", "value": scheme},
            {"name": "prefers-reduced-motion", "value": "reduce"},
        ]);
        self.cdp("Emulation.setEmulatedMedia", json!({"features": features}));
    }

    /// Makes the window as large, in CSS pixels.
    pub(crate) fn size(&self, (width, height): (u32, u32)) {
        let size = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600});
        self.cdp("Emulation.setDeviceMetricsOverride", size);
    }

    /// Lets pages write and read the clipboard.
    pub(crate) fn allow_clipboard(&self) {
        let permissions = ["clipboardReadWrite", "clipboardSanitizedWrite"];
        self.cdp(
            "Browser.grantPermissions",
            json!({"origin": self.origin, "permissions": permissions}),
        );
    }

    /// From the next page on, pages run no scripts.
    pub(crate) fn forbid_scripts(&self) {
        self.cdp("Emulation.setScriptExecutionDisabled", json!({"value": true}));
    }

    /// The window, or the whole page if it is longer, at most so many pixels of it: PNG.
    pub(crate) fn picture(&self, most: u64) -> Vec<u8> {
        let height = self.run("return document.documentElement.scrollHeight;", &[]);
        let width = self.run("return document.documentElement.clientWidth;", &[]);
        let clip =
            json!({"x": 0, "y": 0, "width": width, "height": height.as_u64().unwrap().min(most), "scale": 1});
        let taken = self.cdp(
            "Page.captureScreenshot",
            json!({"format": "png", "clip": clip, "captureBeyondViewport": true, "optimizeForSpeed": false}),
        );
        let data = taken["data"].as_str().unwrap();
        base64::Engine::decode(&base64::engine::general_purpose::STANDARD, data).unwrap()
    }

    /// What the console was told since the last look: errors of scripts, refused requests, warnings.
    pub(crate) fn complaints(&self) -> Vec<String> {
        let entries: Vec<BrowserLogEntry> = self.runtime.block_on(self.driver().browser_log()).unwrap();
        let said = |entry: BrowserLogEntry| format!("{}: {}", entry.level, entry.message);
        let counts = |entry: &BrowserLogEntry| matches!(entry.level.as_str(), "WARNING" | "SEVERE");
        entries.into_iter().filter(counts).map(said).collect()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if let Some(driver) = self.driver.take() {
            // What does not end by itself is killed with chromedriver.
            let _ = self.runtime.block_on(driver.quit());
        }
    }
}

/// Starts chromedriver and waits until it has told its port.
fn start_chromedriver(directory: &TempDir) -> (Process, u16) {
    let told = directory.path().join("chromedriver.out");
    let output = File::create(&told).unwrap();
    let mut command = Command::new(require("chromedriver"));
    command
        .arg("--port=0")
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", directory.path())
        .env("TMPDIR", directory.path())
        .env("TZ", "UTC")
        .stdin(Stdio::null())
        .stdout(output.try_clone().unwrap())
        .stderr(output);
    let mut process = Process::spawn(command);
    let mut port = None;
    until("chromedriver to tell its port", SOON, || {
        let text = fs::read_to_string(&told).unwrap_or_default();
        assert!(process.ended().is_none(), "chromedriver ended:\n{text}");
        port = text
            .split_once("successfully on port ")
            .and_then(|(_, rest)| rest.split_once('.')?.0.parse().ok());
        port.is_some()
    });
    (process, port.expect("it was told"))
}

fn capabilities(directory: &TempDir) -> ChromeCapabilities {
    // Nobody looks below it: what chromium leaves there goes with the directory.
    let profile = format!("--user-data-dir={}", directory.path().join("profile").display());
    let mut capabilities = DesiredCapabilities::chrome();
    for argument in [
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--hide-scrollbars",
        "--force-color-profile=srgb",
        "--lang=en-US",
        // A page that asks another host fails, and says so in the console.
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
        &profile,
    ] {
        capabilities.add_arg(argument).unwrap();
    }
    capabilities
        .set_binary(&require("chromium").to_string_lossy())
        .unwrap();
    capabilities
        .set_browser_log_level(LoggingPrefsLogLevel::All)
        .unwrap();
    capabilities
}
