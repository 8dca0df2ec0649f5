//! The dashboard as people use it: Debian's chromium against the real server with real repositories.
//!
//! It needs chromium, chromedriver, and what `package.json` names; `cargo xtask test` installs all of it.

#![expect(clippy::unwrap_used, reason = "what goes wrong here fails the test")]

mod browser;
mod checks;
mod conflicts;
mod deliveries;
mod first_start;
mod gallery;
mod hostile;
mod live;
mod looks;
mod phone;
mod plain;
mod sign_in;
mod size;
mod world;
