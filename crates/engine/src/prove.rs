//! Asking how commits are related, as far as the decision depends on it.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::stream::{self, StreamExt, TryStreamExt};
use gitwire::RefName;

use crate::decide::{Action, Change, Lineage, Proofs, Question, Verdict};
use crate::error::{Error, Stage};
use crate::observe::Observed;
use crate::plan::verdict;
use crate::prefetch::prefetch;
use crate::request::Request;
use crate::side::{Both, Side};
use crate::transport::Remote;
use crate::upload::Upload;

/// How many questions about lineage are under way at once, where the host has room for them. Each is a process on the server.
const QUESTIONS: usize = 4;

/// Up to how many updates are looked at more closely only to tell people what they are.
const CURIOSITY: usize = 16;

/// The same with a guard, which holds many rewrites and not many fast-forwards.
const GUARDED_CURIOSITY: usize = 2_000;

/// Asks about lineage until no verdict depends on it any more.
pub(crate) async fn prove<'r>(
    request: &Request,
    observed: &mut Observed<'r>,
    remotes: &'r Both<Remote>,
    hoped: &[(RefName, Change)],
) -> Result<Proofs, Error> {
    let mut proofs = Proofs::default();
    let first: Vec<Question> = open_questions(request, observed, &proofs).collect();
    prefetch(request, observed, remotes, &first, hoped, &mut proofs).await?;
    loop {
        let questions = questions(request, observed, &proofs);
        if questions.is_empty() {
            return Ok(proofs);
        }
        for side in questions.keys().map(|asked| asked.side).collect::<BTreeSet<_>>() {
            open(observed.uploads.of_mut(side), remotes.of(side)).await?;
        }
        let uploads = &observed.uploads;
        let answers: Vec<(Question, Lineage)> = stream::iter(questions)
            .map(|(asked, Asking { commits, needed })| async move {
                let _turn = remotes.of(asked.side).turn().await;
                let answer = match uploads.of(asked.side) {
                    Some(upload) if needed => upload.lineage(asked.question, commits).await,
                    // No run fails for want of a word.
                    Some(upload) => Ok(upload
                        .lineage_if_cheap(asked.question)
                        .await
                        .unwrap_or(Lineage::Unproven)),
                    None => Ok(Lineage::Unproven),
                };
                let answer = answer.map_err(|fault| remotes.of(asked.side).error(Stage::Decide, fault))?;
                Ok((asked.question, answer))
            })
            .buffer_unordered(QUESTIONS)
            .try_collect()
            .await?;
        for (question, answer) in answers {
            proofs.insert(question, answer);
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Asked {
    side: Side,
    question: Question,
}

/// How a question is to be asked.
#[derive(Debug, Clone, Copy, Default)]
struct Asking {
    /// Both values are known to be commits.
    commits: bool,
    /// A verdict depends on it, not only the words of a report.
    needed: bool,
}

/// The questions that are open.
pub(crate) fn open_questions(
    request: &Request,
    observed: &Observed<'_>,
    proofs: &Proofs,
) -> impl Iterator<Item = Question> {
    questions(request, observed, proofs)
        .into_keys()
        .map(|asked| asked.question)
}

/// The questions that are open, each with how to ask it.
fn questions(request: &Request, observed: &Observed<'_>, proofs: &Proofs) -> BTreeMap<Asked, Asking> {
    let mut questions = BTreeMap::new();
    let mut curious = 0;
    let curiosity = curiosity(request, observed, proofs);
    for (name, seen) in &observed.references {
        let (question, needed) = match verdict(request, name, seen, proofs) {
            Verdict::NeedsLineage(question) => (question, true),
            // The answer changes nothing but the words: a fast-forward, or forced.
            Verdict::Write(Change {
                action:
                    Action::Update {
                        old,
                        new,
                        lineage: Lineage::Unproven,
                    },
                ..
            }) if name.is_branch() && curious < curiosity && !request.orders.contains_key(name) => {
                curious += 1;
                (
                    Question {
                        descendant: new,
                        ancestor: old,
                    },
                    false,
                )
            }
            _ => continue,
        };
        if proofs.get(&question).is_none() {
            // The side that has the descendant knows its history.
            let side = if seen.source == Some(question.descendant) {
                Side::Source
            } else {
                Side::Target
            };
            let asking: &mut Asking = questions.entry(Asked { side, question }).or_default();
            asking.commits |= name.is_branch();
            asking.needed |= needed;
        }
    }
    questions
}

/// Up to how many updates are looked at that need no proof.
fn curiosity(request: &Request, observed: &Observed<'_>, proofs: &Proofs) -> usize {
    let Some(guard) = &request.guard else {
        return CURIOSITY;
    };
    let losing = |(name, seen)| matches!(verdict(request, name, seen, proofs), Verdict::Write(change) if change.loses_commits());
    let few = observed.references.iter().filter(|it| losing(*it)).count() as u64 <= guard.references;
    if few { CURIOSITY } else { GUARDED_CURIOSITY }
}

/// Answers these questions about branches with all that a side can be asked, even where that takes a pack for each.
pub(crate) async fn prove_all<'r>(
    side: Side,
    questions: BTreeSet<Question>,
    observed: &mut Observed<'r>,
    remotes: &'r Both<Remote>,
) -> Result<Proofs, Error> {
    open(observed.uploads.of_mut(side), remotes.of(side)).await?;
    let mut proofs = Proofs::default();
    let Some(upload) = observed.uploads.of(side) else {
        return Ok(proofs);
    };
    let answers: Vec<(Question, Lineage)> = stream::iter(questions)
        .map(|question| async move {
            let _turn = remotes.of(side).turn().await;
            // No run fails for want of a word: what nobody can tell is held.
            let answer = upload.lineage(question, true).await;
            (question, answer.unwrap_or(Lineage::Unproven))
        })
        .buffer_unordered(QUESTIONS)
        .collect()
        .await;
    for (question, answer) in answers {
        proofs.insert(question, answer);
    }
    Ok(proofs)
}

/// Opens the conversation for reading, if it is not open.
pub(crate) async fn open<'r>(upload: &mut Option<Upload<'r>>, remote: &'r Remote) -> Result<(), Error> {
    if upload.is_none() {
        let _turn = remote.turn().await;
        *upload = Some(
            Upload::open(remote)
                .await
                .map_err(|fault| remote.error(Stage::Decide, fault))?,
        );
    }
    Ok(())
}
