//! From what was found to a configuration.

use std::collections::BTreeMap;

use engine::url::RemoteUrl;
use hosts::Provider;
use hosts::custom::CustomTrigger;

use super::conditions;
use super::entry::{about_command, entry, number_equal_names};
use super::pipeline::{Found, InputSet, Pipeline, Source, Trigger, Variables};
use super::token::{Tokens, name_of};
use crate::problem::shown;
use crate::raw::{Defaults, File, InputSetSpec};

/// A mirror on its way.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pub(super) name: String,
    pub(super) source: String,
    pub(super) target: String,
    /// The trigger of a host that refsync does not know.
    pub(super) custom: Option<CustomTrigger>,
    pub(super) references: Vec<String>,
    pub(super) sync_delete: bool,
    pub(super) schedule: Option<String>,
    pub(super) manual: bool,
    pub(super) atomic: bool,
    pub(super) input_sets: Vec<InputSetSpec>,
    /// The way back, of a mirror that goes both ways.
    pub(super) back: Option<Box<Draft>>,
}

/// The whole file.
pub(super) fn file(found: &Found, notes: &mut Vec<String>) -> File {
    let mut tokens = Tokens::default();
    let mut drafts = Vec::new();
    for trigger in &found.triggers {
        drafts.extend(of_trigger(found, trigger, &mut tokens, notes));
    }
    let mut drafts = pair(drafts, notes);
    for set in &found.input_sets {
        add_input_set(found, set, &mut drafts, &mut tokens, notes);
    }
    for pipeline in &found.pipelines {
        let used = found
            .triggers
            .iter()
            .any(|trigger| trigger.pipeline == pipeline.identifier)
            || found
                .input_sets
                .iter()
                .any(|set| set.pipeline == pipeline.identifier);
        if !used && let Some(draft) = by_hand(&pipeline.identifier, &pipeline.variables, &mut tokens, notes) {
            drafts.push(draft);
        }
        for (step, command) in &pipeline.commands {
            about_command(step, command, &mut drafts, notes);
        }
    }
    number_equal_names(&mut drafts);
    File {
        version: 1,
        listen: None,
        hooks_listen: None,
        public_url: None,
        database: None,
        include: Vec::new(),
        credentials: tokens.finish(notes),
        defaults: Defaults::default(),
        templates: BTreeMap::new(),
        mirrors: drafts.into_iter().map(entry).collect(),
        allow_hosts: Vec::new(),
        guard: None,
        notifications: Vec::new(),
        retention: None,
        limits: None,
        metrics: None,
    }
}

/// The values that hold for a trigger: the pipeline's, over them its input sets', over them its own.
fn variables(found: &Found, pipeline: &str, sets: &[String], own: &Variables) -> Variables {
    let pipeline = found
        .pipelines
        .iter()
        .find(|one| one.identifier == pipeline || pipeline.is_empty());
    let mut all = pipeline
        .map(|one: &Pipeline| one.variables.clone())
        .unwrap_or_default();
    for name in sets {
        if let Some(set) = found.input_sets.iter().find(|set| set.identifier == *name) {
            all.extend(set.variables.clone());
        }
    }
    all.extend(own.clone());
    all
}

/// The two addresses, if both are told.
fn addresses(variables: &Variables, whose: &str, notes: &mut Vec<String>) -> Option<(String, String)> {
    let mut of = |name: &str, shown_name: &str| {
        let url = variables.get(name)?;
        let fault = match RemoteUrl::parse(url, "source") {
            Ok(_) => return Some(url.clone()),
            Err(error) => shown(&error.to_string()),
        };
        notes.push(format!(
            "{whose}: `{shown_name}` cannot be taken over ({fault}); write a mirror for each repository"
        ));
        None
    };
    let source = of("sourceurl", "sourceURL");
    let target = of("targeturl", "targetURL");
    if variables.get("sourceurl").is_none() || variables.get("targeturl").is_none() {
        notes.push(format!(
            "{whose}: it gives no `sourceURL` or no `targetURL`; it was left out"
        ));
    }
    source.zip(target)
}

fn of_trigger(
    found: &Found,
    trigger: &Trigger,
    tokens: &mut Tokens,
    notes: &mut Vec<String>,
) -> Option<Draft> {
    let whose = format!("trigger {}", shown(&trigger.identifier));
    let variables = variables(found, &trigger.pipeline, &trigger.input_sets, &trigger.variables);
    let (source, target) = addresses(&variables, &whose, notes)?;
    let mut draft = Draft {
        name: name_of(&trigger.identifier),
        manual: !trigger.enabled,
        ..common(&variables, &source, &target, &whose, notes)
    };
    if draft.manual {
        notes.push(format!(
            "{whose}: it is disabled; its mirror runs by hand only (`triggers`)"
        ));
    }
    let mut provider = None;
    match &trigger.source {
        Source::Webhook {
            host,
            conditions,
            jexl,
        } => {
            provider = provider_of(host, &source);
            let more = conditions::references(conditions, &whose, notes);
            if draft.references.is_empty() {
                draft.references = more;
            }
            if provider == Some(Provider::Custom) {
                draft.custom = custom(&variables, jexl.as_deref(), &whose, notes);
            } else if let Some(jexl) = jexl {
                notes.push(format!(
                    "{whose}: the condition `{}` was not taken over",
                    shown(jexl)
                ));
            }
        }
        Source::Cron(expression) => draft.schedule = Some(expression.clone()),
        Source::Other(kind) => {
            draft.manual = true;
            notes.push(format!(
                "{whose}: what starts it ({}) is nothing that refsync knows; its mirror runs by hand only",
                shown(kind)
            ));
        }
    }
    add_tokens(
        tokens,
        &variables,
        &draft,
        provider.filter(|provider| *provider != Provider::Custom),
        notes,
    );
    Some(draft)
}

/// What triggers and input sets have in common.
fn common(variables: &Variables, source: &str, target: &str, whose: &str, notes: &mut Vec<String>) -> Draft {
    let reference = variables
        .get("reference")
        .filter(|reference| !reference.contains("<+"));
    if reference.is_some_and(|name| !name.starts_with("refs/")) {
        notes.push(format!(
            "{whose}: its `reference` is a short name and was taken for a branch"
        ));
    }
    let sync_delete = variables.get("syncdelete").map(String::as_str);
    if !matches!(sync_delete, None | Some("true" | "false")) {
        notes.push(format!(
            "{whose}: `syncDelete` is an expression; `false` was written"
        ));
    }
    Draft {
        source: source.to_owned(),
        target: target.to_owned(),
        references: reference.map(|name| conditions::full(name)).into_iter().collect(),
        sync_delete: sync_delete == Some("true"),
        ..Draft::default()
    }
}

fn add_tokens(
    tokens: &mut Tokens,
    variables: &Variables,
    draft: &Draft,
    source: Option<Provider>,
    notes: &mut Vec<String>,
) {
    let token = |name: &str| variables.get(name).map(String::as_str);
    tokens.add(&draft.source, token("sourcetoken"), source, notes);
    tokens.add(&draft.target, token("targettoken"), None, notes);
}

/// The provider that a kind of webhook means.
fn provider_of(kind: &str, source: &str) -> Option<Provider> {
    let host = RemoteUrl::parse(source, "source").ok().and_then(|url| url.host());
    let known = host.as_deref().and_then(Provider::of_host);
    match kind {
        "Harness" => Some(Provider::Harness),
        "Github" => Some(Provider::Github),
        "Gitlab" => Some(Provider::Gitlab),
        "Bitbucket" => known.or(Some(Provider::BitbucketDataCenter)),
        "AzureRepo" => Some(Provider::AzureDevops),
        _ => known.or(Some(Provider::Custom)),
    }
}

/// The trigger for a host whose payloads only the pipeline describes.
fn custom(
    variables: &Variables,
    jexl: Option<&str>,
    whose: &str,
    notes: &mut Vec<String>,
) -> Option<CustomTrigger> {
    let expression = |name: &str| {
        variables
            .get(name)
            .filter(|value| value.contains("<+trigger."))
            .cloned()
    };
    let trigger = CustomTrigger {
        when: jexl.map(str::to_owned),
        reference: expression("reference")?,
        reference_kind: None,
        reference_sha_old: expression("referenceshaold"),
        reference_sha: None,
        signature: None,
    };
    notes.push(format!(
        "{whose}: say in `trigger.signature` how its webhooks are signed; without it the secret is expected in their URL"
    ));
    if trigger.check().is_ok() {
        return Some(trigger);
    }
    let plain = CustomTrigger {
        when: None,
        ..trigger
    };
    match plain.check() {
        Ok(()) => {
            notes.push(format!(
                "{whose}: the condition `{}` was not taken over",
                shown(jexl.unwrap_or_default())
            ));
            Some(plain)
        }
        Err(error) => {
            notes.push(format!(
                "{whose}: its expressions were not taken over: {}",
                shown(&error.to_string())
            ));
            None
        }
    }
}

/// Makes one mirror of two that are each other's way back.
fn pair(drafts: Vec<Draft>, notes: &mut Vec<String>) -> Vec<Draft> {
    let mut paired: Vec<Draft> = Vec::new();
    for draft in drafts {
        let (source, target) = (id(&draft.source), id(&draft.target));
        let same = |other: &&mut Draft| id(&other.source) == source && id(&other.target) == target;
        let back = |other: &&mut Draft| {
            other.back.is_none() && id(&other.source) == target && id(&other.target) == source
        };
        if let Some(other) = paired.iter_mut().find(same) {
            // A second trigger for the same way: a schedule, or another event.
            other.schedule = other.schedule.take().or(draft.schedule);
            other.manual &= draft.manual;
            notes.push(format!(
                "triggers {} and {} are for the same two repositories: one mirror was made of them",
                other.name, draft.name
            ));
        } else if let Some(other) = paired.iter_mut().find(back) {
            if other.references != draft.references {
                notes.push(format!(
                    "triggers {} and {} are each other's way back, for different references: those of the first were taken for both",
                    other.name, draft.name
                ));
            }
            notes.push(format!(
                "triggers {} and {} became one mirror that goes both ways",
                other.name, draft.name
            ));
            other.back = Some(Box::new(draft));
        } else {
            paired.push(draft);
        }
    }
    paired
}

fn id(url: &str) -> String {
    RemoteUrl::parse(url, "source").map_or_else(|_| url.to_owned(), |url| crate::check::pairs::id(&url))
}

/// An input set belongs to the mirror between its two repositories, or is one of its own, run by hand.
fn add_input_set(
    found: &Found,
    set: &InputSet,
    drafts: &mut Vec<Draft>,
    tokens: &mut Tokens,
    notes: &mut Vec<String>,
) {
    let whose = format!("input set {}", shown(&set.identifier));
    if found
        .triggers
        .iter()
        .any(|trigger| trigger.input_sets.contains(&set.identifier))
    {
        return;
    }
    let variables = variables(found, &set.pipeline, &[], &set.variables);
    let Some((source, target)) = addresses(&variables, &whose, notes) else {
        return;
    };
    let (from, to) = (id(&source), id(&target));
    let forward = drafts
        .iter()
        .position(|draft| id(&draft.source) == from && id(&draft.target) == to);
    let reverse = drafts
        .iter()
        .position(|draft| draft.back.is_some() && id(&draft.source) == to && id(&draft.target) == from);
    let Some(index) = forward.or(reverse) else {
        drafts.extend(by_hand(&set.identifier, &variables, tokens, notes));
        return;
    };
    let inputs = common(&variables, &source, &target, &whose, notes);
    let old = variables
        .get("referenceshaold")
        .filter(|old| !old.contains("<+") && matches!(old.len(), 40 | 64));
    let sync_delete = variables.get("syncdelete").map(|word| word == "true");
    drafts[index].input_sets.push(InputSetSpec {
        name: name_of(&set.identifier),
        reverse: forward.is_none(),
        reference_sha_old: old.filter(|_| !inputs.references.is_empty()).cloned(),
        references: Some(inputs.references).filter(|references| !references.is_empty()),
        sync_delete,
    });
}

/// A mirror that nothing but a person starts.
fn by_hand(
    identifier: &str,
    variables: &Variables,
    tokens: &mut Tokens,
    notes: &mut Vec<String>,
) -> Option<Draft> {
    let whose = shown(identifier);
    let (source, target) = addresses(variables, &whose, notes)?;
    let draft = Draft {
        name: name_of(identifier),
        manual: true,
        ..common(variables, &source, &target, &whose, notes)
    };
    add_tokens(tokens, variables, &draft, None, notes);
    Some(draft)
}
