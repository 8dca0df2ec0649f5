//! What a payload says, for people.

use super::grid::{Cell, Column, Fit, Grid};
use super::screen::Screen;
use super::style::Tone;
use super::view::{Mark, View};
use crate::hooks::Explanation;

/// How many digits of an object id people look at.
const SHORT: usize = 10;

/// The explanation in words.
pub(crate) fn text(told: &Explanation, screen: &Screen) -> String {
    let mut view = View::new(screen);
    view.headline(mark(told), told.kind, &format!("answered {}", told.status))
        .gap()
        .field("Provider", told.provider.as_str())
        .field_if("Event", told.event.as_deref())
        .field_if("By", told.actor.as_deref())
        .field_if("Why", told.why.as_deref())
        .field_if(
            "Repository",
            Some(told.repositories.join(", ")).filter(|text| !text.is_empty()),
        )
        .field_if(
            "Refused by Git",
            Some(told.invalid.join(", ")).filter(|text| !text.is_empty()),
        );
    if !told.references.is_empty() {
        let columns = [
            Column::new("REFERENCE").fit(Fit::Middle),
            Column::new("BEFORE"),
            Column::new("AFTER"),
            Column::new("REFSYNC").fit(Fit::End),
        ];
        let mut grid = Grid::new(columns);
        for reference in &told.references {
            grid.row([
                Cell::new(&reference.name),
                value(&reference.old),
                value(&reference.new),
                Cell::new(reference.does),
            ]);
        }
        view.gap().grid(&grid);
    }
    if told.all {
        view.gap().say(
            None,
            "So many references changed that all in the mirror's scope are looked at.",
        );
    }
    view.text()
}

fn mark(told: &Explanation) -> Mark {
    let (symbol, tone, word) = match told.kind {
        "malformed" => ("✗", Tone::Bad, "malformed"),
        "ignored event" => ("-", Tone::Quiet, "ignored event"),
        kind => ("✓", Tone::Good, kind),
    };
    Mark { symbol, tone, word }
}

fn value(text: &str) -> Cell {
    let short = text.get(..SHORT).unwrap_or(text);
    Cell::new(short).raw(text)
}

#[cfg(test)]
mod tests {
    use hosts::Provider;
    use hosts::webhook::Headers;

    use super::*;
    use crate::hooks::explain;

    #[test]
    fn people_see_the_references_with_their_values() {
        let body = format!(
            r#"{{"ref":"refs/heads/main","before":"{}","after":"{}","sender":{{"login":"ada"}}}}"#,
            "1".repeat(40),
            "2".repeat(40)
        );
        let told = explain(
            Provider::Github,
            None,
            Some("push"),
            &Headers::new(),
            body.as_bytes(),
        );
        let text = text(&told, &Screen::plain(200, jiff::Timestamp::UNIX_EPOCH));
        for part in [
            "push",
            "ada",
            "refs/heads/main",
            "1111111111 ",
            "2222222222 ",
            "moves the other",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }

    #[test]
    fn a_malformed_payload_says_what_was_expected() {
        let told = explain(Provider::Github, None, Some("push"), &Headers::new(), b"{}");
        let text = text(&told, &Screen::plain(200, jiff::Timestamp::UNIX_EPOCH));
        assert!(
            text.contains("answered 400") && text.contains("ref is missing"),
            "{text}"
        );
    }
}
