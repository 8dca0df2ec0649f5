//! `refsync mirror test`: what is to be pushed, and each step as it arrives.

use super::conflicts::value;
use super::deliveries::became;
use super::grid::Cell;
use super::marks;
use super::runs::{result, short_id};
use super::screen::Screen;
use super::style::Tone;
use super::view::{Mark, View};
use super::when::{timestamp, took};
use crate::api::model::delivery::Delivery;
use crate::api::model::hook::HookState;
use crate::api::model::mirror::{Direction, Mirror};
use crate::api::model::run::{Run, RunReference};

/// A branch that is nobody's.
const BRANCH: &str = "refs/heads/refsync-test";

const WAITING: Mark = Mark {
    symbol: "○",
    tone: Tone::Forced,
    word: "waiting",
};

/// What to push, and where.
pub(crate) fn begin(mirror: &Mirror, screen: &Screen) -> String {
    let mut view = View::new(screen);
    view.headline(WAITING, &mirror.name, "waiting for a push");
    if mirror.source.hook == Some(HookState::Disabled) {
        view.say(
            Some(Tone::Forced),
            "The source's webhook is disabled: set webhookSecret of its credential, or only a sweep will see the push.",
        );
    }
    view.say(None, "Push a branch to the source, in a clone of it:");
    view.verbatim(&format!("git push {} HEAD:{BRANCH}", mirror.source.url));
    if mirror.direction == Direction::TwoWay {
        view.say(None, "or to the target:");
        view.verbatim(&format!("git push {} HEAD:{BRANCH}", mirror.target.url));
    }
    view.text()
}

/// The delivery came.
pub(crate) fn delivery(delivery: &Delivery, screen: &Screen) -> String {
    let (symbol, tone) = if delivery.status < 300 {
        ("✓", Tone::Good)
    } else {
        ("✗", Tone::Bad)
    };
    let event = delivery.event.as_deref().unwrap_or("event");
    let text = format!(
        "{event} from {}, answered {}: {}",
        delivery.from,
        delivery.status,
        became(&delivery.answer)
    );
    step(symbol, tone, "delivery", &text, screen)
}

/// None came in time.
pub(crate) fn nothing_came(mirror: &Mirror, seconds: u64, screen: &Screen) -> String {
    let name = &mirror.name;
    let mut text = step(
        "✗",
        Tone::Bad,
        "delivery",
        &format!("none came in {seconds} s"),
        screen,
    );
    text.push_str(&hint(
        &format!(
            "does the host know the address? refsync webhook list {name}; refsync webhook register {name}; \
             if you pushed, refsync mirror diff {name} --live shows whether a sweep brought it over"
        ),
        screen,
    ));
    text
}

/// It was refused.
pub(crate) fn refused(mirror: &Mirror, screen: &Screen) -> String {
    let name = &mirror.name;
    hint(
        &format!(
            "the secret on the host and webhookSecret must be the same: refsync webhook register {name} --rotate writes it anew"
        ),
        screen,
    )
}

/// It came, and no run followed.
pub(crate) fn no_run(mirror: &Mirror, screen: &Screen) -> String {
    let name = &mirror.name;
    let mut text = step("✗", Tone::Bad, "run", "none began within a minute", screen);
    text.push_str(&hint(
        &format!("is it paused, or the reference out of its scope? refsync mirror view {name}"),
        screen,
    ));
    text
}

/// The run is over.
pub(crate) fn ended(
    delivery: &Delivery,
    run: &Run,
    references: &[RunReference],
    two_way: bool,
    screen: &Screen,
) -> String {
    let mark = marks::run(run.state);
    let elapsed = run
        .ended_at
        .map(|end| took(timestamp(delivery.at), timestamp(end)))
        .unwrap_or_default();
    let said = format!("{}, {}", short_id(&run.id), result(run));
    let mut text = step(mark.symbol, mark.tone, "run", &said, screen);
    for reference in references {
        let mark = marks::outcome(&reference.outcome);
        let now: Cell = value(reference.new.as_deref());
        let side = if two_way {
            reference.to.to_string()
        } else {
            "target".to_owned()
        };
        let said = format!(
            "{} {}: {}, {elapsed} after the delivery",
            reference.name,
            now.plain_for_people(),
            reference.text
        );
        text.push_str(&step(mark.symbol, mark.tone, &side, &said, screen));
    }
    if references.is_empty() {
        text.push_str(&hint(
            &format!(
                "nothing differed any more: refsync run view {}",
                short_id(&run.id)
            ),
            screen,
        ));
    }
    text
}

fn step(symbol: &'static str, tone: Tone, what: &str, text: &str, screen: &Screen) -> String {
    let visible = super::names::visible(text.as_bytes());
    if screen.is_terminal() {
        format!("{} {what:<9} {visible}\n", screen.paint(tone, symbol))
    } else {
        format!("{what}\t{visible}\n")
    }
}

fn hint(text: &str, screen: &Screen) -> String {
    let mut view = View::new(screen);
    view.note(2, Tone::Hint, text);
    view.text()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::fixtures::{delivery as came, mirror, now, reference, run};

    #[test]
    fn a_test_is_told_step_by_step() {
        let screen = Screen::plain(80, now());
        let two_way = Mirror {
            direction: Direction::TwoWay,
            ..mirror("app")
        };
        let steps = [
            begin(&two_way, &screen),
            delivery(&came(), &screen),
            ended(
                &came(),
                &run(),
                &[reference("refs/heads/refsync-test")],
                true,
                &screen,
            ),
        ];
        insta::assert_snapshot!(steps.concat(), @"
        ○ app · waiting for a push
        Push a branch to the source, in a clone of it:
          git push https://git.harness.io/acct/org/pay/app.git HEAD:refs/heads/refsync-test
        or to the target:
          git push https://ghe.corp.example/acme/app.git HEAD:refs/heads/refsync-test
        ✓ delivery  push from 140.82.112.1, answered 202: main queued
        ✓ run       019a0b1c-2d3e, succeeded, 1 written
        ✓ target    refs/heads/refsync-test b1b2c3d: updated, 1.0 s after the delivery
        ");
    }

    #[test]
    fn what_is_missing_comes_with_the_next_step() {
        let screen = Screen::plain(80, now());
        let disabled = Mirror {
            source: crate::api::model::mirror::End {
                hook: Some(HookState::Disabled),
                ..mirror("app").source
            },
            ..mirror("app")
        };
        let steps = [
            begin(&disabled, &screen),
            nothing_came(&disabled, 300, &screen),
            refused(&disabled, &screen),
            no_run(&disabled, &screen),
        ];
        insta::assert_snapshot!(steps.concat(), @"
        ○ app · waiting for a push
        The source's webhook is disabled: set webhookSecret of its credential, or only a
        sweep will see the push.
        Push a branch to the source, in a clone of it:
          git push https://git.harness.io/acct/org/pay/app.git HEAD:refs/heads/refsync-test
        ✗ delivery  none came in 300 s
          does the host know the address? refsync webhook list app; refsync webhook
          register app; if you pushed, refsync mirror diff app --live shows whether a
          sweep brought it over
          the secret on the host and webhookSecret must be the same: refsync webhook
          register app --rotate writes it anew
        ✗ run       none began within a minute
          is it paused, or the reference out of its scope? refsync mirror view app
        ");
    }
}
