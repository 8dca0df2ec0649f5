//! The last steps: from drafts to entries of the file.

use hosts::Provider;
use hosts::custom::CustomTrigger;

use super::build::Draft;
use crate::problem::shown;
use crate::raw::{DeletionSides, DirectionWord, MirrorEntry, RemoteSpec, SideSpec, SyncDelete, TriggerWord};

/// What a shell step does beside mirroring is for a person to see.
pub(super) fn about_command(step: &str, command: &str, drafts: &mut [Draft], notes: &mut Vec<String>) {
    let step = shown(step);
    if !command.contains("git ") {
        notes.push(format!(
            "step {step} does not call git; what it does is not taken over"
        ));
        return;
    }
    notes.push(format!(
        "step {step} is what refsync does now; what else it does is not taken over"
    ));
    let words: Vec<_> = command
        .split(|c: char| c.is_whitespace() || matches!(c, '"' | '\''))
        .collect();
    let leased = words.iter().any(|word| word.starts_with("--force-with-lease"));
    let forced = words
        .iter()
        .any(|word| matches!(*word, "--force" | "-f" | "--mirror") || word.starts_with("+refs/"));
    if forced && !leased {
        notes.push(format!(
            "step {step} forces its push; refsync replaces only values that it knows (`force: lease`). One-way mirrors can have `force: always`"
        ));
    }
    if words.contains(&"--atomic") {
        drafts.iter_mut().for_each(|draft| draft.atomic = true);
    }
    if words
        .iter()
        .any(|word| *word == "-o" || word.starts_with("--push-option"))
    {
        notes.push(format!(
            "step {step} gives push options: write them in `pushOptions`"
        ));
    }
}

/// Gives drafts of one name different ones.
pub(super) fn number_equal_names(drafts: &mut [Draft]) {
    let mut known = std::collections::BTreeSet::new();
    for draft in drafts {
        let first = draft.name.clone();
        let mut number = 2;
        while draft.name == "host" || !known.insert(draft.name.clone()) {
            draft.name = format!("{}-{number}", first.chars().take(90).collect::<String>());
            number += 1;
        }
    }
}

/// A draft as an entry of the file.
pub(super) fn entry(draft: Draft) -> MirrorEntry {
    let side = |url: &str, custom: Option<CustomTrigger>| {
        SideSpec(RemoteSpec {
            url: crate::expand::escaped(url),
            provider: custom.as_ref().map(|_| Provider::Custom),
            trigger: custom,
            ..RemoteSpec::default()
        })
    };
    let back = draft.back.as_deref();
    let sync_delete = match back {
        Some(back) if back.sync_delete != draft.sync_delete => SyncDelete::Sides(DeletionSides {
            to_target: draft.sync_delete,
            to_source: back.sync_delete,
        }),
        _ => SyncDelete::All(draft.sync_delete),
    };
    let escaped =
        |texts: &[String]| -> Vec<String> { texts.iter().map(|text| crate::expand::escaped(text)).collect() };
    MirrorEntry {
        name: Some(draft.name.clone()),
        direction: back.map(|_| DirectionWord::TwoWay),
        source: Some(side(&draft.source, draft.custom.clone())),
        target: Some(side(&draft.target, back.and_then(|back| back.custom.clone()))),
        references: Some(escaped(&draft.references)).filter(|references| !references.is_empty()),
        sync_delete: Some(sync_delete),
        atomic: draft.atomic.then_some(true),
        schedule: draft
            .schedule
            .clone()
            .or_else(|| back.and_then(|back| back.schedule.clone())),
        triggers: (draft.manual && back.is_none_or(|back| back.manual)).then(|| vec![TriggerWord::Manual]),
        input_sets: draft.input_sets,
        ..MirrorEntry::default()
    }
}
