//! The two ends of a run with their secrets, read at the moment they are needed.

use std::collections::BTreeSet;
use std::str::FromStr;
use std::sync::Arc;

use config::{Config, Credential, Mirror, Secret, Secrets};
use engine::reach::{HostPattern, Reach};
use engine::request::{Credentials, Endpoint, TokenStyle};
use engine::side::{Both, Side};
use engine::url::RemoteUrl;
use secrecy::SecretString;
use store::run::Inputs;

use super::request::Unfit;

/// One end, and the token that opens it.
#[derive(Debug, Clone)]
pub(super) struct End {
    /// For the engine.
    pub(super) endpoint: Endpoint,
    /// The token that is sent, if one is.
    pub(super) token: Option<Sent>,
}

/// A token that a run sends.
#[derive(Debug, Clone)]
pub(super) struct Sent {
    /// The credential's name.
    pub(super) credential: String,
    /// Where it is read.
    pub(super) secret: Secret,
    /// Its value.
    pub(super) value: SecretString,
}

/// The ends of a mirror.
pub(super) async fn of_mirror(
    config: &Config,
    mirror: &Mirror,
    secrets: &Secrets,
) -> Result<Both<End>, Unfit> {
    // What the owner of this machine wrote into a file may reach anything; what came over the API may not.
    let reach = match mirror.origin == "api" {
        true => limited(config),
        false => Reach::Anywhere,
    };
    let hidden = secrets.hidden();
    let end = |side: Side| {
        let end = mirror.ends.of(side);
        let around = Around {
            reach: reach.clone(),
            hidden: Arc::clone(&hidden),
            secrets,
        };
        of(&end.url, end.credential.as_ref(), around)
    };
    Ok(Both {
        source: end(Side::Source).await?,
        target: end(Side::Target).await?,
    })
}

/// The ends of a one-off run: addresses as given, credentials by name.
pub(super) async fn of_one_off(
    config: &Config,
    inputs: &Inputs,
    secrets: &Secrets,
) -> Result<Both<End>, Unfit> {
    let reach = limited(config);
    let hidden = secrets.hidden();
    let end = |url: &str, name: Option<&str>, side: Side| {
        let url = RemoteUrl::parse(url, &side.to_string());
        let url = url.map_err(|error| Unfit::Inputs(format!("the {side}'s address: {error}")));
        let credential = match (name, &url) {
            (Some(name), _) => match config.credentials.get(name) {
                Some(credential) => Ok(Some(Arc::clone(credential))),
                None => Err(Unfit::Inputs(format!("there is no credential `{name}`"))),
            },
            (None, Ok(url)) => Ok(config.credential_for(url).cloned()),
            (None, Err(_)) => Ok(None),
        };
        let around = Around {
            reach: reach.clone(),
            hidden: Arc::clone(&hidden),
            secrets,
        };
        async move {
            let (url, credential) = (url?, credential?);
            if let Some(credential) = &credential {
                check_host(config, &url, credential)?;
                // The file may have changed since the run was asked for.
                credential.check_clear_text(&url).map_err(Unfit::Inputs)?;
            }
            of(&url, credential.as_ref(), around).await
        }
    };
    let source = inputs.source_credential.as_deref();
    let target = inputs.target_credential.as_deref();
    Ok(Both {
        source: end(&inputs.source_url, source, Side::Source).await?,
        target: end(&inputs.target_url, target, Side::Target).await?,
    })
}

/// A credential goes only to its host.
fn check_host(config: &Config, url: &RemoteUrl, credential: &Credential) -> Result<(), Unfit> {
    let alone = Config {
        credentials: [(credential.name.clone(), Arc::new(credential.clone()))].into(),
        ..config.clone()
    };
    match alone.credential_for(url) {
        Some(_) => Ok(()),
        None => Err(Unfit::Inputs(format!(
            "the credential `{}` goes to {} alone",
            credential.name, credential.host
        ))),
    }
}

/// What an end needs beside its address and its credential.
struct Around<'a> {
    reach: Reach,
    /// Variables of all secrets of the configuration: what ssh and git have no business with.
    hidden: Arc<BTreeSet<String>>,
    secrets: &'a Secrets,
}

async fn of(url: &RemoteUrl, credential: Option<&Arc<Credential>>, around: Around<'_>) -> Result<End, Unfit> {
    let Around {
        reach,
        hidden,
        secrets,
    } = around;
    let mut endpoint = Endpoint {
        credentials: Credentials::Anonymous,
        reach,
        hidden,
        ..Endpoint::new(url.clone())
    };
    let Some(credential) = credential else {
        return Ok(End {
            endpoint,
            token: None,
        });
    };
    endpoint.ca_file.clone_from(&credential.ca_file);
    endpoint.proxy = credential.proxy.clone().map(SecretString::from);
    endpoint.client_cert.clone_from(&credential.client_cert);
    endpoint.ssh_key.clone_from(&credential.ssh_key);
    endpoint.known_hosts.clone_from(&credential.known_hosts);
    let http = matches!(url, RemoteUrl::Http { .. });
    let token = match &credential.token {
        Some(secret) if http => Some(read(secret, credential, secrets).await?),
        _ => None,
    };
    if let Some(token) = &token {
        endpoint.credentials = shown(url, credential, token.value.clone());
    }
    Ok(End { endpoint, token })
}

async fn read(secret: &Secret, credential: &Credential, secrets: &Secrets) -> Result<Sent, Unfit> {
    let value = secrets.read(secret).await.map_err(|error| Unfit::Secret {
        credential: credential.name.clone(),
        reason: error.to_string(),
    })?;
    Ok(Sent {
        credential: credential.name.clone(),
        secret: secret.clone(),
        value,
    })
}

/// A token the way its host takes it. A user name that is configured, or stands in the address, goes before the provider's custom.
fn shown(url: &RemoteUrl, credential: &Credential, token: SecretString) -> Credentials {
    let in_address = matches!(url, RemoteUrl::Http { user: Some(_), .. });
    let (user, style) = match (&credential.username, credential.provider.token_style()) {
        (Some(user), _) => (Some(user.clone()), TokenStyle::Password),
        (None, hosts::provider::TokenStyle::Basic { user }) if !in_address => {
            (Some(user.to_owned()), TokenStyle::Password)
        }
        (None, hosts::provider::TokenStyle::Basic { .. }) => (None, TokenStyle::Password),
        (None, hosts::provider::TokenStyle::TokenAsUser) => (None, TokenStyle::User),
        (None, hosts::provider::TokenStyle::Bearer) => (None, TokenStyle::Bearer),
    };
    Credentials::Token { user, token, style }
}

/// The hosts of credentials, and those of `allowHosts`.
fn limited(config: &Config) -> Reach {
    let of_credentials = config.credentials.values().map(|one| {
        let host = one.host.split('/').next().unwrap_or_default();
        host.to_owned()
    });
    let texts = of_credentials.chain(config.allow_hosts.iter().cloned());
    Reach::Only(
        texts
            .filter_map(|text| HostPattern::from_str(&text).ok())
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[tokio::test]
    async fn a_run_that_was_asked_for_sends_no_token_that_the_file_keeps_from_plain_http() {
        let ends = async |more: &str, url: &str| {
            let text = format!(
                "version: 1\ncredentials: {{c: {{host: git.example, provider: gitea, token: '${{env:PATH}}'{more}}}}}\n"
            );
            let config = config::load::load_text(Path::new("refsync.yaml"), &text).unwrap();
            let inputs = Inputs {
                source_url: url.to_owned(),
                target_url: "https://git.example/b.git".to_owned(),
                ..Inputs::default()
            };
            of_one_off(&config, &inputs, &Secrets::default()).await.map(drop)
        };
        let http = "http://git.example/a.git";
        assert!(matches!(ends("", http).await, Err(Unfit::Inputs(_))));
        assert_eq!(ends(", allowHttp: true", http).await, Ok(()));
        assert_eq!(ends("", "https://git.example/a.git").await, Ok(()));
    }

    #[tokio::test]
    async fn what_is_started_for_a_run_inherits_no_variable_that_a_secret_is_read_from() {
        let directory = testkit::tmp();
        let file = "credentials: {c: {host: git.example, provider: gitea, token: '${env:PATH}', hookToken: '${env:HOME}'}}\n\
            mirrors: [{name: app, source: 'https://git.example/a.git', target: 'https://other.example/b.git'}]\n";
        let app = crate::work::tests::scene::app(&directory, "a", file).await;
        let loaded = app.loaded();
        let ends = of_mirror(&loaded.config, &loaded.mirrors["app"], &app.secrets).await;
        let hidden = ends.unwrap().target.endpoint.hidden;
        assert_eq!(hidden.iter().collect::<Vec<_>>(), ["HOME", "PATH"]);
    }
}
