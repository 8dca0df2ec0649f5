//! What all fuzz targets run: the exercises that the tests of gitwire replay the seeds with.
//!
//! `cargo +nightly fuzz run greeting fuzz/corpus/greeting fuzz/seeds/greeting` from `crates/gitwire` looks for inputs
//! that break one. What it finds goes, made small by `cargo fuzz tmin`, into a unit test beside the code.

#[path = "../../tests/exercise/mod.rs"]
mod exercise;

/// Runs one exercise by its name. How the conversation ended does not matter here; what it asserts does.
pub fn run(target: &str, input: &[u8]) {
    let (_, exercise) = exercise::TARGETS
        .iter()
        .find(|(name, _)| *name == target)
        .expect("a target of this name");
    let _ = exercise(input);
}
