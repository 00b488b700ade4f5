//! The secrets of user tokens and refresh tokens.

use tessera_adapters::{Inspection, SealedValue, SecretKind};
use tessera_kernel::StoreError;

use crate::master_key;

use crate::doctor::{context::Context, finding::Finding};

pub(super) async fn check(context: &Context, database: &mut Inspection) -> Result<Finding, StoreError> {
    let stored = database.sealed_secrets().await?;
    let of = |kind: SecretKind| stored.iter().filter(move |value| kind.id_of(&value.name()).is_some());
    if SecretKind::ALL.into_iter().any(|kind| of(kind).next().is_none()) {
        return Ok(Finding::warn("there is no secret for tokens yet", "start tessera serve, which makes the secrets"));
    }
    let Ok(Some(key)) = master_key::find(&context.config, &stored) else {
        return Ok(Finding::skip("the master key is not usable"));
    };
    let opens = |value: &SealedValue| key.open(&value.name(), value.sealed()).is_ok_and(|secret| secret.len() == 32);
    let damaged: Vec<String> =
        SecretKind::ALL.into_iter().flat_map(of).filter(|value| !opens(value)).map(SealedValue::name).collect();
    Ok(if damaged.is_empty() {
        Finding::ok("the secrets of user tokens and refresh tokens open")
    } else {
        Finding::fail(
            format!("secrets of tokens are damaged or of another master key: {}", damaged.join(", ")),
            "set TESSERA_MASTER_KEY to the key of this database; if a secret is lost, restore a backup of the database",
        )
    })
}
