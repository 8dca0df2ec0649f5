//! The stages of a run.

use std::fmt::Write;
use std::time::Duration;

use store::run::State;

use super::class;
use crate::web::show::length;

/// The stages of a run, drawn to scale, one below the other.
pub(in crate::web) fn timeline(stages: &[(String, u64)], state: State) -> String {
    let total: u64 = stages.iter().map(|stage| stage.1).sum::<u64>().max(1);
    let height = stages.len() * 26 + 4;
    let said: Vec<String> = stages
        .iter()
        .map(|(name, ms)| format!("{} {}", word(name), length(Duration::from_millis(*ms))))
        .collect();
    let mut svg = format!(
        r#"<svg class="timeline" viewBox="0 0 720 {height}" role="img" aria-label="{}">"#,
        said.join(", ")
    );
    let mut before = 0;
    for (index, (name, ms)) in stages.iter().enumerate() {
        let (left, room) = (90.0, 520.0);
        let from = left + room * before as f64 / total as f64;
        let width = (room * *ms as f64 / total as f64).max(2.0);
        let last = index + 1 == stages.len();
        let class = if last { class(state) } else { "succeeded" };
        let y = index * 26 + 4;
        let _ = write!(
            svg,
            r#"<text class="strong" x="0" y="{base}">{name}</text><rect class="fill-{class}" x="{from:.1}" y="{y}" width="{width:.1}" height="18" rx="3"/><text x="{after:.1}" y="{base}">{took}</text>"#,
            base = y + 13,
            name = word(name),
            after = from + width + 6.0,
            took = length(Duration::from_millis(*ms)),
        );
        before += ms;
    }
    svg + "</svg>"
}

/// A stage's name, if it is one: nothing else goes into a picture.
fn word(name: &str) -> &str {
    if name.bytes().all(|byte| byte.is_ascii_lowercase()) {
        name
    } else {
        "stage"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_from_outside_gets_into_a_picture() {
        let svg = timeline(
            &[("<script>".to_owned(), 5), ("relay".to_owned(), 10)],
            State::Failed,
        );
        assert!(!svg.contains("<script"), "{svg}");
        assert!(svg.contains(r#"class="fill-failed""#));
    }

    #[test]
    fn stages_are_drawn_to_scale() {
        let svg = timeline(
            &[("observe".to_owned(), 100), ("relay".to_owned(), 300)],
            State::Succeeded,
        );
        assert!(
            svg.contains(r#"width="130.0""#) && svg.contains(r#"width="390.0""#),
            "{svg}"
        );
    }
}
