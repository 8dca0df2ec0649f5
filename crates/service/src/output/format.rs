//! The forms of a result: for people, or the API's JSON, or the same as YAML.

use anyhow::Context;
use clap::ValueEnum;
use serde::Serialize;

use super::json::harmless;
use super::screen::Screen;

/// The values of `-o`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Columns that fit the terminal; in a pipe all of it, separated by tabs.
    #[default]
    Table,
    /// More columns, nothing cut.
    Wide,
    /// The API's JSON.
    Json,
    /// The same as YAML.
    Yaml,
}

/// `-o`, for commands that print something.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct Output {
    /// How to print it
    #[arg(short = 'o', long = "output", value_name = "FORMAT", help_heading = "Output")]
    #[arg(default_value = "table")]
    pub(crate) format: Format,
}

impl Output {
    /// Whether the wide form is asked for.
    pub(crate) fn is_wide(self) -> bool {
        self.format == Format::Wide
    }

    /// Whether programs read the result.
    pub(crate) fn is_for_programs(self) -> bool {
        matches!(self.format, Format::Json | Format::Yaml)
    }

    /// Prints a value to standard output: as it is for programs, in words for people.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub(crate) fn print<T: Serialize>(
        self,
        value: &T,
        words: impl FnOnce(&Screen) -> String,
    ) -> anyhow::Result<()> {
        let screen = Screen::of_stdout();
        let text = match self.format {
            Format::Table => words(&screen),
            Format::Wide => words(&screen.endless()),
            Format::Json => json(value)?,
            Format::Yaml => yaml(value)?,
        };
        super::result(&text).context("cannot write the result")
    }
}

/// A value as JSON that is harmless on a terminal, with a line break at its end.
pub(crate) fn json<T: Serialize>(value: &T) -> anyhow::Result<String> {
    let text = serde_json::to_string_pretty(value).context("cannot write JSON")?;
    Ok(harmless(&text))
}

/// A value as YAML, with a line break at its end.
pub(crate) fn yaml<T: Serialize>(value: &T) -> anyhow::Result<String> {
    // By way of JSON, so that both forms hold the same.
    let value = serde_json::to_value(value).context("cannot write YAML")?;
    Ok(super::yaml::text(&value))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn json_and_yaml_hold_the_same() {
        let value = json!({"items": [{"name": "app", "conflicts": 2, "error": null}], "next": "a: b"});
        let from_json: serde_json::Value = serde_json::from_str(&json(&value).unwrap()).unwrap();
        let from_yaml: serde_json::Value = serde_saphyr::from_str(&yaml(&value).unwrap()).unwrap();
        assert_eq!((&from_json, &from_yaml), (&value, &value));
    }

    #[test]
    fn hostile_names_steer_no_terminal() {
        let value = json!({"name": "a\u{1b}[31mb\u{202e}c\u{9b}\u{7}"});
        for text in [json(&value).unwrap(), yaml(&value).unwrap()] {
            assert!(
                !text.contains(['\u{1b}', '\u{202e}', '\u{9b}', '\u{7}']),
                "{text:?}"
            );
        }
    }
}
