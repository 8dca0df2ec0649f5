//! Both sides of a mirror, looked at now: the drift report, and the preflight.

use std::collections::BTreeMap;
use std::sync::Arc;

use config::Mirror;
use engine::decide::{Direction, Refusal};
use engine::error::{Error, Fault};
use engine::report::{Outcome, RefReport, Report};
use engine::side::Side;
use gitwire::RefName;
use store::Time;
use store::token::Role;

use super::references::DRIFT;
use super::{Caller, OpError, show};
use crate::api::model::check::{Check, CheckReport, CheckResult, CheckWhat};
use crate::api::model::hook::HookState;
use crate::api::model::name_text;
use crate::api::model::reference::{Drift, Reference, ReferenceState};
use crate::app::App;
use crate::hooks;
use crate::work::Denied;
use crate::work::look::{LookError, look};

/// What is tried of a side, in this order.
const STEPS: [CheckWhat; 4] = [
    CheckWhat::Reachable,
    CheckWhat::Authenticated,
    CheckWhat::Read,
    CheckWhat::Write,
];

/// What differs now.
pub(crate) async fn drift(app: &Arc<App>, caller: &Caller, name: &str) -> Result<Drift, OpError> {
    caller.may(Role::Operate)?;
    let found = caller.mirror(app, name).await?;
    let report = look(app, found.configured()?).await.map_err(unseen)?;
    if let Some(error) = report.error {
        return Err(OpError::Unreachable(error.to_string()));
    }
    let seen = first_seen(app, name).await?;
    let differing: Vec<Reference> = report
        .references
        .iter()
        .filter_map(|one| line(one, seen.get(&one.name).copied()))
        .collect();
    Ok(Drift {
        mirror: name.to_owned(),
        live: true,
        at: app.store.now().into(),
        in_sync: report.in_sync,
        cut: differing.len() > DRIFT,
        references: differing.into_iter().take(DRIFT).collect(),
        unsure: None,
    })
}

fn unseen(error: LookError) -> OpError {
    match error {
        LookError::Store(error) => error.into(),
        LookError::Setup(text) => OpError::Conflict(text),
        LookError::Denied(_) | LookError::TimedOut => OpError::Unreachable(error.to_string()),
    }
}

/// Since when it is known of references that they differ: what waits since its run, what is due since it was told. What differs and
/// stands in neither was seen by nobody before this look.
async fn first_seen(app: &App, name: &str) -> Result<BTreeMap<RefName, Time>, OpError> {
    let waiting = app.store.waiting(name, None).await?;
    let mut seen: BTreeMap<RefName, Time> = waiting
        .into_iter()
        .map(|standing| (standing.name, standing.since))
        .collect();
    for due in super::references::due(app, name).await? {
        let since = seen.entry(due.name).or_insert(due.since);
        *since = due.since.min(*since);
    }
    Ok(seen)
}

/// A reference that differs, as a dry run saw it.
fn line(report: &RefReport, since: Option<Time>) -> Option<Reference> {
    let only_target = report.seen.source.is_none() && report.seen.target.is_some();
    let state = match &report.outcome {
        Outcome::UpToDate => return None,
        Outcome::LeftAlone if only_target => ReferenceState::TargetOnly,
        Outcome::LeftAlone | Outcome::DeletionSkipped => ReferenceState::Deletion,
        Outcome::Held => ReferenceState::Held,
        Outcome::Refused(Refusal::Conflict | Refusal::OutOfSync) => ReferenceState::Conflict,
        Outcome::Refused(_) | Outcome::Standing => ReferenceState::Refused,
        Outcome::Rejected(_) => ReferenceState::Rejected,
        _ => ReferenceState::Behind,
    };
    let text = match state {
        ReferenceState::Behind => "the next run writes it".to_owned(),
        _ => report.outcome.to_string(),
    };
    Some(Reference {
        name: name_text(&report.name),
        source: report.seen.source.map(show::hex),
        target: report.seen.target.map(show::hex),
        base: None,
        state,
        text: Some(text),
        since: since.map(Into::into),
        run: None,
    })
}

/// The preflight: reachable, authenticated, may read, may write, hidden references, scope, webhook.
pub(crate) async fn check(app: &Arc<App>, caller: &Caller, name: &str) -> Result<CheckReport, OpError> {
    caller.may(Role::Operate)?;
    let found = caller.mirror(app, name).await?;
    let mut checks = preflight(app, found.configured()?).await?;
    checks.extend(webhooks(app, name));
    Ok(report_of(name, checks))
}

/// The preflight of a mirror that is not made yet, or not changed.
pub(crate) async fn check_spec(
    app: &Arc<App>,
    caller: &Caller,
    spec: &config::raw::MirrorSpec,
) -> Result<CheckReport, OpError> {
    caller.may(Role::Admin)?;
    let mirror = super::mirrors::checked(app, caller, spec)?;
    let checks = preflight(app, &mirror).await?;
    Ok(report_of(&mirror.name, checks))
}

fn report_of(name: &str, checks: Vec<Check>) -> CheckReport {
    CheckReport {
        mirror: name.to_owned(),
        ok: checks.iter().all(|check| check.result != CheckResult::Failed),
        checks,
    }
}

async fn preflight(app: &Arc<App>, mirror: &Mirror) -> Result<Vec<Check>, OpError> {
    Ok(match look(app, mirror).await {
        Ok(report) => of_report(mirror, &report),
        Err(LookError::Store(error)) => return Err(error.into()),
        Err(LookError::Setup(text)) => setup(&text),
        Err(LookError::Denied(denied)) => kept_back(&denied),
        Err(error @ LookError::TimedOut) => {
            vec![failed(None, CheckWhat::Reachable, &error.to_string(), None)]
        }
    })
}

fn setup(text: &str) -> Vec<Check> {
    let advice = "let refsync read it: the places are in the configuration, the values are not".to_owned();
    let mut checks = vec![failed(None, CheckWhat::Secret, text, Some(advice))];
    checks.extend(STEPS.map(skipped));
    checks
}

/// Of a look that was not let through to its hosts: as for a run, a refused token is not shown again, and a host that asks for patience
/// is left alone.
fn kept_back(denied: &Denied) -> Vec<Check> {
    let at = match denied {
        Denied::Hushed { .. } => CheckWhat::Reachable,
        Denied::Refused { .. } => CheckWhat::Authenticated,
    };
    STEPS
        .into_iter()
        .map(|step| match step == at {
            true => failed(None, step, &denied.to_string(), denied.advice()),
            false => skipped(step),
        })
        .collect()
}

fn of_report(mirror: &Mirror, report: &Report) -> Vec<Check> {
    let mut checks = vec![check_of(
        None,
        CheckWhat::Secret,
        CheckResult::Ok,
        "the secrets can be read",
    )];
    for side in [Side::Source, Side::Target] {
        match &report.error {
            None => checks.extend(passed(mirror, side)),
            Some(error) if error.side == side => checks.extend(fault(mirror, error)),
            Some(error) => checks.push(Check {
                side: Some(side.into()),
                what: CheckWhat::Read,
                result: CheckResult::Skipped,
                text: format!("not told: the {} failed first", error.side),
                advice: None,
            }),
        }
    }
    if report.error.is_none() {
        checks.push(super::hidden::hidden(mirror, report));
        checks.push(scope(report));
    }
    checks
}

/// All that a listing shows of one side. The side that is written was asked as for a push, which hosts answer to who may push.
fn passed(mirror: &Mirror, side: Side) -> Vec<Check> {
    let end = mirror.ends.of(side);
    let who = end.credential.as_ref().map_or_else(
        || "as nobody".to_owned(),
        |credential| format!("with the credential `{}`", credential.name),
    );
    let ok = |what, text: &str| check_of(Some(side), what, CheckResult::Ok, text);
    let mut checks = vec![
        ok(CheckWhat::Reachable, &format!("{} answers", end.url)),
        ok(CheckWhat::Authenticated, &format!("it takes requests {who}")),
        ok(CheckWhat::Read, "references can be listed"),
    ];
    if is_written(mirror, side) {
        checks.push(ok(
            CheckWhat::Write,
            "it answers as to who may push; protected branches and hooks show only when something is pushed",
        ));
    }
    checks
}

fn is_written(mirror: &Mirror, side: Side) -> bool {
    side == Side::Target || mirror.direction == Direction::TwoWay
}

/// How far a side let us come.
fn fault(mirror: &Mirror, error: &Error) -> Vec<Check> {
    let last = match &error.kind {
        Fault::Unauthorized { .. } | Fault::KeyRefused { .. } | Fault::LoginPage { .. } => {
            CheckWhat::Authenticated
        }
        Fault::Forbidden { .. } if is_written(mirror, error.side) => CheckWhat::Write,
        Fault::Forbidden { .. } | Fault::NotFound { .. } | Fault::NotGit { .. } | Fault::Shallow => {
            CheckWhat::Read
        }
        Fault::ObjectFormats { .. } | Fault::NoAtomic => CheckWhat::Write,
        Fault::Protocol(_) | Fault::Remote { .. } | Fault::Status { .. } => CheckWhat::Read,
        _ => CheckWhat::Reachable,
    };
    let mut checks = Vec::new();
    for step in STEPS {
        if step == CheckWhat::Write && !is_written(mirror, error.side) {
            continue;
        }
        checks.push(match step.cmp(&last) {
            std::cmp::Ordering::Less => check_of(Some(error.side), step, CheckResult::Ok, "yes"),
            std::cmp::Ordering::Equal => failed(
                Some(error.side),
                step,
                &error.kind.to_string(),
                advice(mirror, error),
            ),
            std::cmp::Ordering::Greater => Check {
                side: Some(error.side.into()),
                ..skipped(step)
            },
        });
    }
    checks
}

/// What to do, in the words of a service: it has credentials, no environment of a person.
fn advice(mirror: &Mirror, error: &Error) -> Option<String> {
    let credential = mirror.ends.of(error.side).credential.as_ref();
    match (&error.kind, credential) {
        (Fault::Unauthorized { .. } | Fault::LoginPage { .. }, Some(credential)) => Some(format!(
            "check the token of the credential `{}`: it may have expired or been revoked",
            credential.name
        )),
        (Fault::Unauthorized { .. } | Fault::LoginPage { .. }, None) => {
            Some("add a credential for this host to the configuration".to_owned())
        }
        (Fault::Forbidden { .. } | Fault::NotFound { .. }, Some(credential)) => Some(format!(
            "check the address, and that the token of the credential `{}` may {} this repository",
            credential.name,
            if is_written(mirror, error.side) {
                "write to"
            } else {
                "read"
            }
        )),
        _ => error.advice(),
    }
}

fn scope(report: &Report) -> Check {
    let (source, target) = (report.scope.source, report.scope.target);
    let text = format!("{source} references in scope on the source, {target} on the target");
    if source == 0 && target == 0 {
        let mut check = check_of(None, CheckWhat::Scope, CheckResult::Warning, &text);
        check.advice = Some(
            "nothing will be mirrored: check `references`, and that the repositories are the right ones"
                .to_owned(),
        );
        return check;
    }
    check_of(None, CheckWhat::Scope, CheckResult::Ok, &text)
}

fn webhooks(app: &App, name: &str) -> Vec<Check> {
    hooks::endpoints(app, name)
        .into_iter()
        .map(|hook| {
            let (result, text, advice) = match hook.state {
                HookState::Enabled => (CheckResult::Ok, "takes signed deliveries", None),
                HookState::Insecure => (
                    CheckResult::Warning,
                    "takes deliveries of anyone, as configured",
                    None,
                ),
                HookState::Disabled => (
                    CheckResult::Warning,
                    "takes no deliveries: no secret is configured, so that sweeps alone find changes",
                    Some("set webhookSecret for the credential of this side".to_owned()),
                ),
            };
            Check {
                side: Some(hook.side),
                what: CheckWhat::Webhook,
                result,
                text: text.to_owned(),
                advice,
            }
        })
        .collect()
}

fn check_of(side: Option<Side>, what: CheckWhat, result: CheckResult, text: &str) -> Check {
    Check {
        side: side.map(Into::into),
        what,
        result,
        text: text.to_owned(),
        advice: None,
    }
}

fn failed(side: Option<Side>, what: CheckWhat, text: &str, advice: Option<String>) -> Check {
    Check {
        advice,
        ..check_of(side, what, CheckResult::Failed, text)
    }
}

fn skipped(what: CheckWhat) -> Check {
    check_of(
        None,
        what,
        CheckResult::Skipped,
        "not checked: something before it failed",
    )
}
