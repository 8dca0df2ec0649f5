//! Tokens, and who changed what.

use super::grid::{Cell, Column, Fit, Grid};
use super::screen::Screen;
use super::style::Tone;
use super::view::View;
use super::when::{ago, ago_if, timestamp};
use crate::api::model::audit::AuditEntry;
use crate::api::model::token::{Role, Token};

/// The list of tokens.
pub(crate) fn list(tokens: &[Token], screen: &Screen) -> String {
    let mut grid = Grid::new([
        Column::new("ID"),
        Column::new("NAME").fit(Fit::Middle),
        Column::new("ROLE"),
        Column::new("LABEL").fit(Fit::Middle).spare(1),
        Column::new("STATE"),
        Column::new("USED").spare(2),
        Column::new("MADE").spare(3),
    ]);
    for token in tokens {
        grid.row([
            Cell::new(&token.id),
            Cell::new(&token.name),
            Cell::new(role(token.role)),
            Cell::new(token.label.as_deref().unwrap_or_default()),
            state(token, screen),
            ago_if(token.used_at, screen),
            ago(token.created_at, screen).tone(Tone::Quiet),
        ]);
    }
    grid.text(screen)
}

/// The word for a role.
pub(crate) fn role(role: Role) -> &'static str {
    match role {
        Role::Read => "read",
        Role::Operate => "operate",
        Role::Admin => "admin",
    }
}

fn state(token: &Token, screen: &Screen) -> Cell {
    match (token.revoked_at, token.expires_at) {
        (Some(_), _) => Cell::new("revoked").tone(Tone::Quiet),
        (None, Some(at)) if timestamp(at) <= screen.now() => Cell::new("expired").tone(Tone::Bad),
        (None, Some(at)) => {
            let when = ago(at, screen);
            Cell::new(format!("ends {}", when.plain_for_people()))
                .tone(Tone::Good)
                .raw(at.to_string())
        }
        (None, None) => Cell::new("valid").tone(Tone::Good),
    }
}

/// The list of changes.
pub(crate) fn audit(entries: &[AuditEntry], wide: bool, screen: &Screen) -> String {
    let mut columns = vec![
        Column::new("WHEN"),
        Column::new("WHO").fit(Fit::Middle),
        Column::new("ACTION"),
        Column::new("SUBJECT").fit(Fit::Middle),
        Column::new("FROM").spare(1),
    ];
    if wide {
        columns.extend([Column::new("BEFORE"), Column::new("AFTER")]);
    }
    let mut grid = Grid::new(columns);
    for entry in entries {
        let mut row = vec![
            ago(entry.at, screen).tone(Tone::Quiet),
            Cell::new(&entry.actor),
            Cell::new(&entry.action),
            Cell::new(&entry.subject),
            Cell::new(&entry.from).tone(Tone::Quiet),
        ];
        if wide {
            let json = |value: &Option<serde_json::Value>| {
                value.as_ref().map(ToString::to_string).unwrap_or_default()
            };
            row.extend([Cell::new(json(&entry.before)), Cell::new(json(&entry.after))]);
        }
        grid.row(row);
    }
    let mut view = View::new(screen);
    if entries.is_empty() {
        view.say(None, "Nothing was changed yet.");
    } else {
        view.grid(&grid);
    }
    view.text()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::fixtures::{ago as moment, now};

    fn token(name: &str) -> Token {
        Token {
            id: "k7f3".into(),
            name: name.into(),
            role: Role::Operate,
            label: Some("team=pay".into()),
            created_at: moment(86_400),
            expires_at: None,
            used_at: None,
            revoked_at: None,
        }
    }

    #[test]
    fn tokens_tell_how_long_they_last() {
        let tokens = [
            token("ci"),
            Token {
                expires_at: Some(moment(-3 * 86_400)),
                used_at: Some(moment(3_600)),
                ..token("laptop")
            },
            Token {
                expires_at: Some(moment(60)),
                ..token("old")
            },
            Token {
                revoked_at: Some(moment(60)),
                ..token("gone")
            },
        ];
        insta::assert_snapshot!(list(&tokens, &Screen::plain(100, now())), @"
        ID    NAME    ROLE     LABEL     STATE           USED        MADE
        k7f3  ci      operate  team=pay  valid                       1 day ago
        k7f3  laptop  operate  team=pay  ends in 3 days  1 hour ago  1 day ago
        k7f3  old     operate  team=pay  expired                     1 day ago
        k7f3  gone    operate  team=pay  revoked                     1 day ago
        ");
    }

    #[test]
    fn changes_tell_who_and_what() {
        let entry = AuditEntry {
            number: 7,
            at: moment(180),
            actor: "ci".into(),
            from: "10.0.0.7".into(),
            action: "mirror.pause".into(),
            subject: "mirror app".into(),
            before: None,
            after: Some(serde_json::json!({"paused": true})),
        };
        insta::assert_snapshot!(audit(&[entry], true, &Screen::plain(80, now()).endless()), @r#"
        WHEN           WHO  ACTION        SUBJECT     FROM      BEFORE  AFTER
        3 minutes ago  ci   mirror.pause  mirror app  10.0.0.7          {"paused":true}
        "#);
        assert_eq!(
            audit(&[], false, &Screen::plain(80, now())),
            "Nothing was changed yet.\n"
        );
    }
}
