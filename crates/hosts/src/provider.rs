//! The kinds of Git host.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A kind of Git host: what its webhooks look like and how it wants to be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Provider {
    /// Harness Code, hosted or self-managed, and Gitness.
    Harness,
    /// GitHub and GitHub Enterprise.
    Github,
    /// GitLab.
    Gitlab,
    /// Gitea.
    Gitea,
    /// Forgejo.
    Forgejo,
    /// Gogs.
    Gogs,
    /// Bitbucket Cloud.
    BitbucketCloud,
    /// Bitbucket Data Center.
    BitbucketDataCenter,
    /// Azure DevOps.
    AzureDevops,
    /// AWS CodeCommit.
    Codecommit,
    /// Gerrit.
    Gerrit,
    /// Any other: its payloads are described by the trigger of the configuration.
    Custom,
}

/// How an access token is shown to the host over HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenStyle {
    /// `Authorization: Basic`, with this user name and the token as password.
    Basic {
        /// The user name that goes beside the token where none is configured.
        user: &'static str,
    },
    /// `Authorization: Basic`, with the token as user name and `x-oauth-basic` or nothing as password.
    TokenAsUser,
    /// `Authorization: Bearer`.
    Bearer,
}

/// The user name for hosts that take any.
const ANY: &str = "refsync";

impl Provider {
    /// All of them, in the order they are listed to people.
    pub const ALL: &'static [Self] = &[
        Self::Harness,
        Self::Github,
        Self::Gitlab,
        Self::Gitea,
        Self::Forgejo,
        Self::Gogs,
        Self::BitbucketCloud,
        Self::BitbucketDataCenter,
        Self::AzureDevops,
        Self::Codecommit,
        Self::Gerrit,
        Self::Custom,
    ];

    /// The word for it in configurations: `bitbucket-cloud`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Harness => "harness",
            Self::Github => "github",
            Self::Gitlab => "gitlab",
            Self::Gitea => "gitea",
            Self::Forgejo => "forgejo",
            Self::Gogs => "gogs",
            Self::BitbucketCloud => "bitbucket-cloud",
            Self::BitbucketDataCenter => "bitbucket-data-center",
            Self::AzureDevops => "azure-devops",
            Self::Codecommit => "codecommit",
            Self::Gerrit => "gerrit",
            Self::Custom => "custom",
        }
    }

    /// The provider with this word; `None` for a word that is not known.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|provider| provider.word() == word)
    }

    /// The name that people know it by: `Bitbucket Cloud`.
    pub fn title(self) -> &'static str {
        match self {
            Self::Harness => "Harness",
            Self::Github => "GitHub",
            Self::Gitlab => "GitLab",
            Self::Gitea => "Gitea",
            Self::Forgejo => "Forgejo",
            Self::Gogs => "Gogs",
            Self::BitbucketCloud => "Bitbucket Cloud",
            Self::BitbucketDataCenter => "Bitbucket Data Center",
            Self::AzureDevops => "Azure DevOps",
            Self::Codecommit => "AWS CodeCommit",
            Self::Gerrit => "Gerrit",
            Self::Custom => "a host of your own",
        }
    }

    /// How it takes a token, unless a user name is configured.
    pub fn token_style(self) -> TokenStyle {
        match self {
            Self::Github => TokenStyle::Basic {
                user: "x-access-token",
            },
            Self::Gitlab => TokenStyle::Basic { user: "oauth2" },
            Self::Gogs => TokenStyle::TokenAsUser,
            Self::BitbucketCloud => TokenStyle::Basic { user: "x-token-auth" },
            Self::BitbucketDataCenter => TokenStyle::Bearer,
            Self::Harness
            | Self::Gitea
            | Self::Forgejo
            | Self::AzureDevops
            | Self::Codecommit
            | Self::Gerrit
            | Self::Custom => TokenStyle::Basic { user: ANY },
        }
    }

    /// What the names of references begin with that the host makes itself, and lets nobody write.
    pub fn own_references(self) -> &'static [&'static str] {
        match self {
            Self::Harness => &["refs/pullreq/"],
            Self::Github => &["refs/pull/", "refs/gh/"],
            Self::Gitlab => &[
                "refs/merge-requests/",
                "refs/environments/",
                "refs/pipelines/",
                "refs/keep-around/",
            ],
            Self::Gitea | Self::Forgejo | Self::AzureDevops => &["refs/pull/"],
            Self::Gerrit => &["refs/changes/"],
            // Nothing is known of these.
            Self::Gogs
            | Self::BitbucketCloud
            | Self::BitbucketDataCenter
            | Self::Codecommit
            | Self::Custom => &[],
        }
    }

    /// The provider that a well-known host name tells (`github.com`); `None` for others.
    pub fn of_host(host: &str) -> Option<Self> {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        let within = |domain: &str| {
            host.strip_suffix(domain)
                .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        };
        let codecommit =
            host.starts_with("git-codecommit.") && (within("amazonaws.com") || within("amazonaws.com.cn"));
        Some(match host.as_str() {
            "github.com" | "ssh.github.com" => Self::Github,
            "gitlab.com" | "altssh.gitlab.com" => Self::Gitlab,
            "bitbucket.org" | "altssh.bitbucket.org" => Self::BitbucketCloud,
            "dev.azure.com" | "ssh.dev.azure.com" => Self::AzureDevops,
            "codeberg.org" => Self::Forgejo,
            "gitea.com" => Self::Gitea,
            "notabug.org" | "try.gogs.io" => Self::Gogs,
            _ if within("ghe.com") => Self::Github,
            _ if within("harness.io") => Self::Harness,
            _ if within("visualstudio.com") => Self::AzureDevops,
            _ if within("googlesource.com") => Self::Gerrit,
            _ if codecommit => Self::Codecommit,
            _ => return None,
        })
    }
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_those_of_the_configuration() {
        for provider in Provider::ALL {
            let json = serde_json::to_string(provider).unwrap();
            assert_eq!(json, format!("\"{}\"", provider.word()));
            assert_eq!(serde_json::from_str::<Provider>(&json).unwrap(), *provider);
            assert_eq!(Provider::from_word(provider.word()), Some(*provider));
        }
        assert_eq!(Provider::from_word("GitHub"), None);
    }

    #[test]
    fn well_known_hosts_tell_their_provider_and_lookalikes_do_not() {
        assert_eq!(Provider::of_host("GitHub.com"), Some(Provider::Github));
        assert_eq!(Provider::of_host("git.harness.io"), Some(Provider::Harness));
        assert_eq!(
            Provider::of_host("git-codecommit.eu-west-1.amazonaws.com"),
            Some(Provider::Codecommit)
        );
        assert_eq!(
            Provider::of_host("acme.visualstudio.com"),
            Some(Provider::AzureDevops)
        );
        for other in [
            "notgithub.com",
            "evilharness.io",
            "github.com.evil.example",
            "example.org",
            "",
        ] {
            assert_eq!(Provider::of_host(other), None, "{other}");
        }
    }
}
