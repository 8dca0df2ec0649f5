//! Mirrors.

use std::collections::BTreeMap;
use std::path::Path as FilePath;
use std::sync::Arc;
use std::time::Duration;

use croner::parser::{CronParser, Seconds, Year};
use engine::decide::{Direction, Force, Policy};
use engine::request::{MAX_PUSH_OPTION, Timeouts};
use engine::scope::Scope;
use engine::side::{Both, Side};
use engine::url::RemoteUrl;

use super::{Findings, Spot, check_name, way};
use crate::checked::{Credential, Guard, InputSet, Mirror};
use crate::host::Hosts;
use crate::problem::shown;
use crate::raw::{
    DirectionWord, ForceWord, InputSetSpec, MirrorSpec, Span, Sweep, SyncDelete, TimeoutsSpec, TriggerWord,
};
use crate::yaml::Path;

mod side;

/// How often all references are compared unless the file says otherwise.
pub(crate) const SWEEP: Duration = Duration::from_secs(5 * 60);

/// What a mirror is checked against.
pub(crate) struct Surroundings<'a> {
    pub(crate) credentials: &'a BTreeMap<String, Arc<Credential>>,
    pub(crate) hosts: Hosts<'a>,
    pub(crate) guard: Guard,
    /// Where local paths count from; `None` for mirrors made over the API, which have none.
    pub(crate) base: Option<&'a FilePath>,
}

/// Checks one mirror. What it is called in messages about others is `origin`.
pub(crate) fn mirror(
    findings: &mut Findings,
    spot: Spot<'_>,
    spec: &MirrorSpec,
    around: &Surroundings<'_>,
    origin: String,
) -> Option<Mirror> {
    let before = findings.problems.len();
    check_words(findings, spot, spec);
    let direction = match spec.direction {
        None | Some(DirectionWord::OneWay) => Direction::OneWay,
        Some(DirectionWord::TwoWay) => Direction::TwoWay,
    };
    let source = side::side(findings, spot, Side::Source, &spec.source.0, direction, around);
    let target = side::side(findings, spot, Side::Target, &spec.target.0, direction, around);
    if let (Some(source), Some(target)) = (&source, &target)
        && super::pairs::id(&source.url) == super::pairs::id(&target.url)
    {
        spot.problem(
            findings,
            &way(&["target"]),
            "source and target are the same repository",
        );
    }
    let scope = scope(findings, spot, &way(&["references"]), spec.references.as_deref());
    let policy = policy(findings, spot, spec, direction);
    push_options(findings, spot, spec);
    let (sweep, schedule, webhooks) = triggers(findings, spot, spec);
    let input_sets = input_sets(findings, spot, spec, direction);
    let guard = super::service::guard(
        findings,
        spot,
        &way(&["guard"]),
        spec.guard.as_ref(),
        around.guard,
    );
    let timeouts = timeouts(findings, spot, &spec.timeouts.clone().unwrap_or_default());
    if findings.problems.len() > before {
        return None;
    }
    let mut mirror = Mirror {
        name: spec.name.clone(),
        description: spec.description.clone(),
        labels: spec.labels.clone(),
        direction,
        ends: Both {
            source: source?,
            target: target?,
        },
        scope: scope?,
        policy,
        atomic: spec.atomic.unwrap_or(false),
        push_options: spec.push_options.clone().unwrap_or_default(),
        sweep,
        schedule,
        webhooks,
        input_sets,
        guard,
        timeouts,
        origin,
        fingerprint: String::new(),
    };
    mirror.fingerprint = crate::render::fingerprint(&mirror);
    Some(mirror)
}

/// The name and what is only for people.
fn check_words(findings: &mut Findings, spot: Spot<'_>, spec: &MirrorSpec) {
    if let Err(message) = check_name(&spec.name) {
        spot.problem(findings, &way(&["name"]), message);
    } else if spec.name == "host" {
        spot.problem(
            findings,
            &way(&["name"]),
            "`host` is taken: /hooks/host/… is where webhooks of whole organisations go",
        );
    }
    if spec
        .description
        .as_ref()
        .is_some_and(|text| text.len() > 1_000 || text.contains(char::is_control))
    {
        spot.problem(
            findings,
            &way(&["description"]),
            "a description is one line of at most 1000 bytes",
        );
    }
    let key = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '/');
    for (label, value) in &spec.labels {
        let path = way(&["labels"]).join(label.as_str());
        if label.is_empty() || label.len() > 63 || !label.chars().all(key) {
            spot.problem(
                findings,
                &path,
                "a label's key has letters, digits, `.`, `_`, `-`, `/`, at most 63",
            );
        }
        if value.len() > 200 || value.contains(|c: char| c.is_control() || matches!(c, ',' | '=')) {
            spot.problem(
                findings,
                &path,
                "a label's value is one line without `,` and `=`, at most 200 bytes",
            );
        }
    }
}

fn scope(findings: &mut Findings, spot: Spot<'_>, path: &Path, patterns: Option<&[String]>) -> Option<Scope> {
    let Some(patterns) = patterns else {
        return Some(Scope::default());
    };
    let before = findings.problems.len();
    for (index, pattern) in patterns.iter().enumerate() {
        let alone = Scope::new([pattern]);
        if let Err(error) = alone
            && error != engine::scope::ScopeError::OnlyExclusions
        {
            spot.problem(findings, &path.join(index), shown(&error.to_string()));
        }
    }
    if findings.problems.len() > before {
        return None;
    }
    let scope = Scope::new(patterns);
    if let Err(error) = &scope {
        spot.problem(findings, path, error.to_string());
    }
    scope.ok()
}

fn policy(findings: &mut Findings, spot: Spot<'_>, spec: &MirrorSpec, direction: Direction) -> Policy {
    let two_way = direction == Direction::TwoWay;
    let sync_delete = match spec.sync_delete {
        None => Both::default(),
        Some(SyncDelete::All(value)) => Both {
            source: value && two_way,
            target: value,
        },
        Some(SyncDelete::Sides(sides)) => {
            if !two_way {
                let message = "`toTarget` and `toSource` are for `direction: two-way`; write true or false";
                spot.problem(findings, &way(&["syncDelete"]), message);
            }
            Both {
                source: sides.to_source,
                target: sides.to_target,
            }
        }
    };
    let force = match spec.force {
        None | Some(ForceWord::Lease) => Force::Lease,
        Some(ForceWord::Never) => Force::Never,
        Some(ForceWord::Always) => Force::Always,
    };
    if two_way && force == Force::Always {
        let message = "`always` would let either side overwrite the other; with `direction: two-way` write lease or never";
        spot.problem(findings, &way(&["force"]), message);
    }
    Policy { sync_delete, force }
}

fn push_options(findings: &mut Findings, spot: Spot<'_>, spec: &MirrorSpec) {
    for (index, option) in spec.push_options.iter().flatten().enumerate() {
        if option.is_empty() || option.len() > MAX_PUSH_OPTION || option.contains(['\n', '\0']) {
            let message = format!("a push option is one line of 1 to {MAX_PUSH_OPTION} bytes");
            spot.problem(findings, &way(&["pushOptions"]).join(index), message);
        }
    }
}

/// Sweep, schedule, and whether webhooks start runs.
fn triggers(
    findings: &mut Findings,
    spot: Spot<'_>,
    spec: &MirrorSpec,
) -> (Option<Duration>, Option<String>, bool) {
    let least = Duration::from_secs(1);
    if let Some(Sweep::Every(span)) = spec.sweep
        && span.0 < least
    {
        spot.problem(
            findings,
            &way(&["sweep"]),
            format!("found {span}, allowed are 1s and more, or off"),
        );
    }
    if let Some(schedule) = &spec.schedule {
        check_schedule(findings, spot, schedule);
        if matches!(spec.sweep, Some(Sweep::Every(_))) {
            spot.problem(
                findings,
                &way(&["schedule"]),
                "`schedule` takes the place of `sweep`: write one of them",
            );
        }
    }
    let triggers = spec.triggers.as_deref();
    if triggers.is_some_and(<[_]>::is_empty) {
        let message = "the list is empty: name triggers (manual, webhook, sweep), or leave it out for all";
        spot.problem(findings, &way(&["triggers"]), message);
    }
    let has = |word| triggers.is_none_or(|words| words.contains(&word));
    let webhooks = has(TriggerWord::Webhook);
    if !has(TriggerWord::Sweep) {
        return (None, None, webhooks);
    }
    let sweep = match spec.sweep {
        _ if spec.schedule.is_some() => None,
        None => Some(SWEEP),
        Some(Sweep::Off) => None,
        Some(Sweep::Every(span)) => Some(span.0),
    };
    (sweep, spec.schedule.clone(), webhooks)
}

fn check_schedule(findings: &mut Findings, spot: Spot<'_>, schedule: &str) {
    let parser = CronParser::builder()
        .seconds(Seconds::Disallowed)
        .year(Year::Disallowed)
        .build();
    let five = schedule.split_whitespace().count() == 5;
    if !five || parser.parse(schedule).is_err() {
        let message = format!(
            "`{}` is no cron expression; five fields: minute, hour, day of month, month, day of week, such as `0 2 * * *`",
            shown(schedule)
        );
        spot.problem(findings, &way(&["schedule"]), message);
    }
}

fn timeouts(findings: &mut Findings, spot: Spot<'_>, spec: &TimeoutsSpec) -> Timeouts {
    let mut timeouts = Timeouts::default();
    for (key, span, value) in [
        ("connect", spec.connect, &mut timeouts.connect),
        ("idle", spec.idle, &mut timeouts.idle),
        ("report", spec.report, &mut timeouts.report),
    ] {
        *value = span.map_or(*value, |span: Span| span.0);
        if value.is_zero() {
            spot.problem(
                findings,
                &way(&["timeouts", key]),
                "found 0s; a timeout is longer than that",
            );
        }
    }
    timeouts
}

fn input_sets(
    findings: &mut Findings,
    spot: Spot<'_>,
    spec: &MirrorSpec,
    direction: Direction,
) -> Vec<InputSet> {
    let mut names = std::collections::BTreeSet::new();
    let mut sets = Vec::new();
    for (index, set) in spec.input_sets.iter().enumerate() {
        let path = way(&["inputSets"]).join(index);
        if let Err(message) = check_name(&set.name) {
            spot.problem(findings, &path.join("name"), message);
        } else if matches!(set.name.as_str(), "forward" | "reverse") {
            spot.problem(
                findings,
                &path.join("name"),
                format!("`{}` is built in: choose another name", set.name),
            );
        } else if !names.insert(&set.name) {
            spot.problem(
                findings,
                &path.join("name"),
                format!("there are two input sets `{}`", set.name),
            );
        }
        if set.reverse && direction == Direction::OneWay {
            let message =
                "a one-way mirror has no way back: write `direction: two-way`, or take `reverse` out";
            spot.problem(findings, &path.join("reverse"), message);
        }
        let scope = scope(
            findings,
            spot,
            &path.join("references"),
            set.references.as_deref(),
        );
        check_old(findings, spot, &path, set, scope.as_ref());
        sets.push(InputSet {
            name: set.name.clone(),
            reverse: set.reverse,
            references: set.references.clone(),
            sync_delete: set.sync_delete,
            reference_sha_old: set.reference_sha_old.clone(),
        });
    }
    sets
}

/// An old value belongs to one reference.
fn check_old(
    findings: &mut Findings,
    spot: Spot<'_>,
    path: &Path,
    set: &InputSetSpec,
    scope: Option<&Scope>,
) {
    let Some(old) = &set.reference_sha_old else {
        return;
    };
    let path = path.join("referenceShaOld");
    if !matches!(old.len(), 40 | 64) || !old.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        spot.problem(
            findings,
            &path,
            "an old value is 40 or 64 hexadecimal digits, zeros for a reference that did not exist",
        );
    }
    let single = scope.is_some_and(|scope| scope.is_names_only() && scope.named().count() == 1);
    if set.references.is_none() || !single {
        spot.problem(
            findings,
            &path,
            "an old value belongs to one reference: name it alone in `references`, in full",
        );
    }
}

/// What a local path counts from.
fn absolute(text: &str, base: &FilePath) -> Option<String> {
    let relative = matches!(RemoteUrl::parse(text, "source"), Ok(RemoteUrl::Local(_)))
        && !text.trim().starts_with('/')
        && !text.to_ascii_lowercase().starts_with("file:");
    relative.then(|| base.join(text.trim()).to_string_lossy().into_owned())
}
