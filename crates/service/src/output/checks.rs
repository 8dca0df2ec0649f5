//! The preflight of a mirror.

use super::grid::{Cell, Column, Grid};
use super::marks;
use super::screen::Screen;
use super::style::Tone;
use super::view::View;
use crate::api::model::Side;
use crate::api::model::check::{Check, CheckReport, CheckResult, CheckWhat};

/// The report: a line for each check, with advice below what failed.
pub(crate) fn report(report: &CheckReport, screen: &Screen) -> String {
    let overall = if report.ok {
        CheckResult::Ok
    } else {
        CheckResult::Failed
    };
    let mut view = View::new(screen);
    if !screen.is_terminal() {
        let mut grid = Grid::new(["", "MIRROR", "SIDE", "CHECK", "TEXT", "ADVICE"].map(Column::new));
        for check in &report.checks {
            grid.row([
                marks::check(check.result).cell(),
                Cell::new(&report.mirror),
                Cell::new(side(check)),
                Cell::new(what(check.what)),
                Cell::new(&check.text),
                Cell::new(check.advice.as_deref().unwrap_or_default()),
            ]);
        }
        return grid.text(screen);
    }
    view.headline(
        marks::check(overall),
        &report.mirror,
        if report.ok {
            "it can work"
        } else {
            "it cannot work yet"
        },
    );
    // The server tells them in the order in which it looked; people read one side, then the other.
    for side in [Some(Side::Source), Some(Side::Target), None] {
        let of_side = || report.checks.iter().filter(|check| check.side == side);
        if of_side().next().is_some() {
            let title = side.map_or_else(|| "Both".to_owned(), |side| format!("The {side}"));
            view.gap().say(Some(Tone::Title), &title);
            of_side().for_each(|check| line(&mut view, check, screen));
        }
    }
    view.text()
}

/// Where the words of a check begin.
const WORDS: usize = 21;

fn line(view: &mut View<'_>, check: &Check, screen: &Screen) {
    let mark = marks::check(check.result);
    let tone = match check.result {
        CheckResult::Ok => Tone::Quiet,
        _ => mark.tone,
    };
    let before = format!("  {}  {:<16}", mark.painted(screen), what(check.what));
    view.hanging(&before, WORDS, Some(tone), &check.text);
    if let Some(advice) = &check.advice {
        view.note(WORDS, Tone::Hint, advice);
    }
}

fn side(check: &Check) -> String {
    check.side.map(|side| side.to_string()).unwrap_or_default()
}

fn what(what: CheckWhat) -> &'static str {
    match what {
        CheckWhat::Secret => "secret",
        CheckWhat::Reachable => "reachable",
        CheckWhat::Authenticated => "authenticated",
        CheckWhat::Read => "may read",
        CheckWhat::Write => "may write",
        CheckWhat::Hidden => "hidden",
        CheckWhat::Scope => "scope",
        CheckWhat::Webhook => "webhook",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::fixtures::now;

    fn check(side: Option<Side>, what: CheckWhat, result: CheckResult, text: &str) -> Check {
        Check {
            side,
            what,
            result,
            text: text.into(),
            advice: (result == CheckResult::Failed).then(|| {
                "give the token the permission to write contents, or name another credential for this side".into()
            }),
        }
    }

    fn failed() -> CheckReport {
        use CheckResult::{Failed, Ok, Skipped, Warning};
        use CheckWhat::{Authenticated, Reachable, Read, Scope, Webhook, Write};
        let (source, target) = (Some(Side::Source), Some(Side::Target));
        CheckReport {
            mirror: "app".into(),
            ok: false,
            checks: vec![
                check(source, Reachable, Ok, "git.example.com answers in 0.04 s"),
                check(source, Read, Ok, "14 references listed"),
                check(
                    source,
                    Webhook,
                    Warning,
                    "its endpoint has no secret, so it takes no deliveries",
                ),
                check(target, Authenticated, Ok, "as refsync-bot"),
                check(
                    target,
                    Write,
                    Failed,
                    "the host refuses pushes of who asks (HTTP 403)",
                ),
                check(
                    None,
                    Scope,
                    Skipped,
                    "not looked at, since the target cannot be written",
                ),
            ],
        }
    }

    #[test]
    fn each_check_has_a_line_and_what_failed_has_advice() {
        insta::assert_snapshot!(report(&failed(), &Screen::plain(80, now())), @"
        ✗ app · it cannot work yet

        The source
          ✓  reachable       git.example.com answers in 0.04 s
          ✓  may read        14 references listed
          !  webhook         its endpoint has no secret, so it takes no deliveries

        The target
          ✓  authenticated   as refsync-bot
          ✗  may write       the host refuses pushes of who asks (HTTP 403)
                             give the token the permission to write contents, or name
                             another credential for this side

        Both
          -  scope           not looked at, since the target cannot be written
        ");
    }

    #[test]
    fn programs_get_a_row_each() {
        insta::assert_snapshot!(report(&failed(), &Screen::pipe(now())), @"
        ok	app	source	reachable	git.example.com answers in 0.04 s	
        ok	app	source	may read	14 references listed	
        warning	app	source	webhook	its endpoint has no secret, so it takes no deliveries	
        ok	app	target	authenticated	as refsync-bot	
        failed	app	target	may write	the host refuses pushes of who asks (HTTP 403)	give the token the permission to write contents, or name another credential for this side
        skipped	app		scope	not looked at, since the target cannot be written
        ");
    }
}
