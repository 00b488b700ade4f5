//! `tessera keys`: manual management of the signing keys of service tokens and the secrets of user and refresh tokens.

use std::{
    fmt::Write as _,
    io::{self, Write as _},
};

use anyhow::Context as _;
use tessera_adapters::{AddedSecret, SecretKind};
use tessera_kernel::RequestMetadata;
use tessera_sso::{ServiceTokens, model::KeyRing};
use tessera_system::system_ports;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::{config::Config, wiring};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    List,
    Rotate,
    /// Replaces the keys at once. Issued tokens become invalid.
    Replace,
    /// Adds a secret of user tokens or refresh tokens.
    AddSecret(SecretKind),
}

/// Performs the action, and prints the resulting keys.
pub(crate) async fn run(config: &Config, action: Action) -> anyhow::Result<()> {
    let origin = RequestMetadata::internal("keys-command");
    let text = match action {
        Action::List | Action::Rotate | Action::Replace => {
            let tokens = wiring::service_tokens_alone(config).await?;
            match action {
                Action::Rotate => tokens.rotate_keys(&origin).await?,
                Action::Replace => tokens.replace_keys(&origin).await?,
                _ => {}
            }
            table(&tokens).await?
        }
        Action::AddSecret(kind) => {
            let secrets = wiring::shared_secrets_alone(config).await?;
            described(kind, secrets.rotate(kind, &origin, &system_ports()).await?)?
        }
    };
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).context("can't write to standard output")
}

/// What the operator has to know about a new secret.
fn described(kind: SecretKind, added: AddedSecret) -> anyhow::Result<String> {
    let (id, from) = (added.id, instant(Some(added.used_from))?);
    let previous = match added.previous_until {
        Some(until) => format!("tokens of the previous secret are valid until {}", instant(Some(until))?),
        None => "live sessions keep their secret".to_owned(),
    };
    Ok(match kind {
        SecretKind::UserTokens => format!("secret {id} signs user tokens from {from}; {previous}\n"),
        SecretKind::RefreshTokens => {
            format!("new sessions use secret {id} of refresh tokens from {from}; {previous}\n")
        }
    })
}

async fn table(tokens: &ServiceTokens) -> anyhow::Result<String> {
    let (ring, now) = tokens.list_keys().await?;
    let mut lines = format!(
        "{:43}  {:9}  {:20}  {:20}  {:20}  {:20}\n",
        "KID", "STATE", "CREATED", "SIGNS FROM", "SIGNS UNTIL", "PUBLISHED UNTIL"
    );
    for key in ring.keys() {
        let end = key.retirement;
        writeln!(
            lines,
            "{:43}  {:9}  {:20}  {:20}  {:20}  {:20}",
            key.id.as_str(),
            state(&ring, key.id.as_str(), now),
            instant(Some(key.created_at))?,
            instant(Some(key.signs_from))?,
            instant(end.map(|end| end.signs_until))?,
            instant(end.map(|end| end.published_until))?,
        )?;
    }
    Ok(lines)
}

fn state(ring: &KeyRing, id: &str, now: OffsetDateTime) -> &'static str {
    let is = |key: Option<&tessera_sso::model::SigningKey>| key.is_some_and(|key| key.id.as_str() == id);
    if is(ring.signing(now)) {
        "signing"
    } else if is(ring.upcoming(now)) {
        "next"
    } else {
        "retired"
    }
}

fn instant(time: Option<OffsetDateTime>) -> anyhow::Result<String> {
    let Some(time) = time else { return Ok("-".to_owned()) };
    Ok(time.replace_nanosecond(0)?.format(&Rfc3339)?)
}
