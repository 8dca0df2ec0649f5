//! The kinds of Git host.

use serde::{Deserialize, Serialize};

/// A kind of Git host: what its webhooks look like and how it wants to be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
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
        todo!()
    }

    /// How it takes a token, unless a user name is configured.
    pub fn token_style(self) -> TokenStyle {
        todo!()
    }

    /// The provider that a well-known host name tells (`github.com`); `None` for others.
    pub fn of_host(_host: &str) -> Option<Self> {
        todo!()
    }
}
