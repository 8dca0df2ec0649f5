//! Commands for a person to type next, with the addresses and credential files of this run.

use engine::request::Request;
use engine::side::{Both, Side};
use engine::url::RemoteUrl;
use gitwire::RefName;

use super::names::shell_word;
use crate::inputs::Flags;

/// What a command needs to reach the same two repositories again. Tokens in variables stay where they are.
#[derive(Debug)]
pub(crate) struct Again {
    urls: Both<Option<String>>,
    /// The flags of each side without `source` or `target` at their start: `token-file=PATH`.
    flags: Both<Vec<Option<String>>>,
    ca_file: Option<Option<String>>,
}

impl Again {
    /// From the flags that were typed and the request that they became.
    pub(crate) fn new(flags: &Flags, request: &Request) -> Self {
        let side_flags = |side| {
            let (file, user) = match side {
                Side::Source => (&flags.source_token_file, &flags.source_username),
                Side::Target => (&flags.target_token_file, &flags.target_username),
            };
            let file = file.iter().map(|file| format!("token-file={}", file.display()));
            let user = user.iter().map(|user| format!("username={user}"));
            file.chain(user).map(|flag| shell_word(flag.as_bytes())).collect()
        };
        Self {
            urls: Both::from_fn(|side| shell_word(address(&request.ends.of(side).url).as_bytes())),
            flags: Both::from_fn(side_flags),
            ca_file: flags
                .ca_file
                .as_ref()
                .map(|file| shell_word(file.display().to_string().as_bytes())),
        }
    }

    /// `git ls-remote URL NAME…`; `None` if a part of it cannot be typed.
    pub(crate) fn ls_remote<'a>(
        &self,
        side: Side,
        names: impl Iterator<Item = &'a RefName>,
    ) -> Option<String> {
        let url = self.urls.of(side).clone()?;
        let names = names.map(|name| shell_word(name.as_bytes()));
        let words: Option<Vec<String>> = ["git", "ls-remote"]
            .map(|word| Some(word.to_owned()))
            .into_iter()
            .chain([Some(url)])
            .chain(names)
            .collect();
        Some(words?.join(" "))
    }

    /// `refsync sync SOURCE TARGET …` that writes to the given side, one way, with more words at its end.
    pub(crate) fn sync(&self, to: Side, more: &[&[u8]]) -> Option<String> {
        let from = to.other();
        let mut words = vec!["refsync".to_owned(), "sync".to_owned()];
        words.push(self.urls.of(from).clone()?);
        words.push(self.urls.of(to).clone()?);
        for (side, part) in [(from, Side::Source), (to, Side::Target)] {
            for flag in self.flags.of(side) {
                words.push(format!("--{part}-{}", flag.as_ref()?));
            }
        }
        if let Some(file) = &self.ca_file {
            words.push(format!("--ca-file={}", file.as_ref()?));
        }
        for word in more {
            words.push(shell_word(word)?);
        }
        Some(words.join(" "))
    }
}

/// The address as it was given, with its user name.
fn address(url: &RemoteUrl) -> String {
    match url {
        RemoteUrl::Http {
            url,
            user: Some(user),
        } => {
            let mut url = url.clone();
            // An address with a host takes a user name.
            let _ = url.set_username(user);
            url.to_string()
        }
        other => other.to_string(),
    }
}
