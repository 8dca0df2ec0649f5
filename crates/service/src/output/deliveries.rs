//! Webhooks: deliveries, endpoints, registrations.

use serde_json::Value;

use super::grid::{Cell, Column, Fit, Grid};
use super::screen::Screen;
use super::style::Tone;
use super::view::{Mark, View};
use super::when::{ago, short_ago};
use crate::api::model::delivery::Delivery;
use crate::api::model::hook::{Hook, HookState, Registration};

/// The list.
pub(crate) fn list(deliveries: &[Delivery], wide: bool, screen: &Screen) -> String {
    let mut columns = vec![
        Column::new(""),
        Column::new("STATUS").right(),
        Column::new("ENDPOINT").fit(Fit::Middle),
        Column::new("EVENT").fit(Fit::Middle).spare(1),
        Column::new("BECAME").fit(Fit::End).least(24),
        Column::new("ID"),
        Column::new("AGE").right(),
    ];
    if wide {
        columns.extend([
            Column::new("FROM"),
            Column::new("PROVIDER"),
            Column::new("HOST'S ID"),
            Column::new("REPEATS"),
        ]);
    }
    let mut grid = Grid::new(columns);
    for delivery in deliveries {
        let mark = mark(delivery);
        let id = super::runs::short_id(&delivery.id);
        let mut row = vec![
            mark.cell(),
            Cell::new(delivery.status.to_string()).tone(mark.tone),
            Cell::new(endpoint(delivery)),
            Cell::new(delivery.event.as_deref().unwrap_or_default()),
            Cell::new(became(&delivery.answer)),
            Cell::new(if wide { &delivery.id } else { id }).raw(&delivery.id),
            short_ago(delivery.at, screen).tone(Tone::Quiet),
        ];
        if wide {
            row.extend([
                Cell::new(&delivery.from),
                Cell::new(&delivery.provider),
                Cell::new(delivery.host_id.as_deref().unwrap_or_default()),
                Cell::new(delivery.repeats.as_deref().unwrap_or_default()),
            ]);
        }
        grid.row(row);
    }
    let mut view = View::new(screen);
    view.grid(&grid);
    if let Some(refused) = deliveries.iter().find(|delivery| delivery.status >= 400) {
        let id = super::runs::short_id(&refused.id);
        view.gap()
            .next(&format!("why one was refused: refsync webhook view {id}"));
    }
    view.text()
}

/// What to say where there are none.
pub(crate) fn none(screen: &Screen) -> String {
    let mut view = View::new(screen);
    view.say(None, "No deliveries: no host has called yet.").next(
        "refsync webhook list MIRROR tells the addresses to enter there, refsync webhook register MIRROR does it where the host has an API",
    );
    view.text()
}

fn mark(delivery: &Delivery) -> Mark {
    let (symbol, tone, word) = match delivery.status {
        ..300 => ("✓", Tone::Good, "taken"),
        300..500 => ("✗", Tone::Bad, "refused"),
        _ => ("!", Tone::Bad, "put off"),
    };
    Mark { symbol, tone, word }
}

/// `app/source`, or `host/ghe`.
fn endpoint(delivery: &Delivery) -> String {
    match (&delivery.mirror, &delivery.side, &delivery.credential) {
        (Some(mirror), Some(side), _) => format!("{mirror}/{side}"),
        (Some(mirror), None, _) => mirror.clone(),
        (None, _, Some(credential)) => format!("host/{credential}"),
        (None, _, None) => String::new(),
    }
}

/// What became of the references, in a few words: `main queued, v1 echo`.
pub(crate) fn became(answer: &Value) -> String {
    let references = answer.get("references").and_then(Value::as_array);
    let said: Vec<String> = references
        .into_iter()
        .flatten()
        .filter_map(|reference| {
            let name = reference.get("name")?.as_str()?;
            let short = name
                .strip_prefix("refs/heads/")
                .or_else(|| name.strip_prefix("refs/tags/"))
                .unwrap_or(name);
            let became = reference.get("disposition")?.as_str()?;
            Some(format!("{short} {became}"))
        })
        .collect();
    if !said.is_empty() {
        return said.join(", ");
    }
    let text = ["detail", "message", "error", "why", "title"]
        .iter()
        .find_map(|key| answer.get(key)?.as_str());
    text.unwrap_or_default().to_owned()
}

/// One delivery, with headers and body.
pub(crate) fn view(delivery: &Delivery, screen: &Screen) -> String {
    let mut view = View::new(screen);
    view.headline(
        mark(delivery),
        &endpoint(delivery),
        &format!(
            "{} · answered {}",
            super::runs::short_id(&delivery.id),
            delivery.status
        ),
    );
    view.gap()
        .field("Came", ago(delivery.at, screen))
        .field("From", delivery.from.as_str())
        .field("Provider", delivery.provider.as_str())
        .field_if("Event", delivery.event.as_deref())
        .field_if("Host's id", delivery.host_id.as_deref())
        .field_if("Repeats", delivery.repeats.as_deref())
        .field_if(
            "Became",
            Some(became(&delivery.answer)).filter(|text| !text.is_empty()),
        );
    let mut headers = Grid::new([Column::new(""), Column::new("").fit(Fit::Middle)]);
    for (name, value) in delivery.headers.iter().flatten() {
        headers.row([Cell::new(name).tone(Tone::Quiet), Cell::new(value)]);
    }
    view.section("Headers", headers);
    if let Some(body) = &delivery.body {
        view.gap().say(Some(Tone::Title), "Body");
        let pretty =
            serde_json::from_str::<Value>(body).and_then(|value| serde_json::to_string_pretty(&value));
        pretty.as_deref().unwrap_or(body).lines().for_each(|line| {
            view.verbatim(line);
        });
    }
    view.text()
}

/// The endpoints of a mirror: where its hosts are to deliver.
pub(crate) fn hooks(hooks: &[Hook], screen: &Screen) -> String {
    let mut view = View::new(screen);
    for hook in hooks {
        let (symbol, tone, word) = match hook.state {
            HookState::Enabled => ("✓", Tone::Good, "enabled"),
            HookState::Disabled => ("✗", Tone::Bad, "disabled: webhookSecret is not configured"),
            HookState::Insecure => ("!", Tone::Forced, "takes deliveries without a signature"),
        };
        let mark = Mark { symbol, tone, word };
        view.gap()
            .headline(
                mark,
                &hook.side.to_string(),
                &format!("{} · {word}", hook.provider),
            )
            .field("Address", hook.url.as_str())
            .field("Events", hook.events.join(", "));
        if screen.is_terminal() {
            steps(&mut view, &hook.steps);
        }
    }
    view.text()
}

/// What became of registrations.
pub(crate) fn registrations(registrations: &[Registration], screen: &Screen) -> String {
    let mut view = View::new(screen);
    if registrations.is_empty() {
        view.field(
            "text",
            "no webhook is wanted: the mirror's triggers leave webhooks out",
        );
    }
    for registration in registrations {
        let (symbol, tone, word) = match registration.outcome.as_str() {
            "present" => ("✓", Tone::Good, "present"),
            "created" => ("✓", Tone::Good, "created"),
            "repaired" => ("✓", Tone::Good, "repaired"),
            "manual" => ("!", Tone::Forced, "manual"),
            _ => ("✗", Tone::Bad, "failed"),
        };
        let mark = Mark { symbol, tone, word };
        view.headline(mark, &registration.side.to_string(), &registration.text);
        if !screen.is_terminal() {
            view.field("text", registration.text.as_str());
        }
        steps(&mut view, &registration.steps);
    }
    view.text()
}

fn steps(view: &mut View<'_>, steps: &[String]) {
    for (index, step) in steps.iter().enumerate() {
        let before = format!("  {:>2}. ", index + 1);
        view.hanging(&before, before.len(), None, step);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::output::fixtures::{delivery, now};

    #[test]
    fn a_list_tells_what_became_of_each_reference() {
        let refused = Delivery {
            status: 401,
            answer: json!({"title": "Unauthorized", "detail": "the signature is wrong"}),
            ..delivery()
        };
        let of_host = Delivery {
            mirror: None,
            side: None,
            credential: Some("ghe".into()),
            answer: json!({"references": [
                {"name": "refs/heads/main", "mirror": "app", "disposition": "echo"},
                {"name": "refs/tags/v1", "mirror": "app", "disposition": "out of scope"},
            ]}),
            ..delivery()
        };
        let list = list(&[delivery(), refused, of_host], false, &Screen::plain(100, now()));
        insta::assert_snapshot!(list, @"
           STATUS  ENDPOINT    EVENT  BECAME                      ID             AGE
        ✓     202  app/source  push   main queued                 019a0b1c-2d3e   3m
        ✗     401  app/source  push   the signature is wrong      019a0b1c-2d3e   3m
        ✓     202  host/ghe    push   main echo, v1 out of scope  019a0b1c-2d3e   3m

        why one was refused: refsync webhook view 019a0b1c-2d3e
        ");
    }

    #[test]
    fn one_is_shown_with_its_headers_and_its_body() {
        let whole = Delivery {
            headers: Some([("x-github-event".to_owned(), "push".to_owned())].into()),
            body: Some("{\"ref\":\"refs/heads/a\u{1b}[31m\"}".into()),
            ..delivery()
        };
        insta::assert_snapshot!(view(&whole, &Screen::plain(80, now())), @r#"
        ✓ app/source · 019a0b1c-2d3e · answered 202

          Came       3 minutes ago
          From       140.82.112.1
          Provider   github
          Event      push
          Host's id  72d3162e-cc78-11e3-81ab-4c9367dc0958
          Became     main queued

        Headers
          x-github-event  push

        Body
          {"ref":"refs/heads/a\u{1b}[31m"}
        "#);
    }

    #[test]
    fn an_endpoint_tells_its_address_and_the_steps() {
        let hook = Hook {
            side: crate::api::model::Side::Source,
            url: "https://refsync.example.org/hooks/app/source".into(),
            provider: "gitlab".into(),
            state: HookState::Enabled,
            events: vec!["Push events".into(), "Tag push events".into()],
            steps: vec!["Open Settings, Webhooks.".into(), "Add the address above.".into()],
        };
        let disabled = Hook {
            side: crate::api::model::Side::Target,
            state: HookState::Disabled,
            steps: Vec::new(),
            ..hook.clone()
        };
        insta::assert_snapshot!(hooks(&[hook, disabled], &Screen::plain(80, now())), @"
        ✓ source · gitlab · enabled
          Address  https://refsync.example.org/hooks/app/source
          Events   Push events, Tag push events
           1. Open Settings, Webhooks.
           2. Add the address above.

        ✗ target · gitlab · disabled: webhookSecret is not configured
          Address  https://refsync.example.org/hooks/app/source
          Events   Push events, Tag push events
        ");
    }
}
