//! The secrets of user tokens and refresh tokens.

use tessera_adapters::{Inspection, JwtSecret};
use tessera_kernel::StoreError;

use crate::{
    master_key,
    wiring::{JWT_SECRET, REFRESH_SECRET},
};

use super::{Context, Finding};

pub(super) async fn check(context: &Context, database: &mut Inspection) -> Result<Finding, StoreError> {
    let token = database.find_secret(JWT_SECRET).await?;
    let refresh_name = format!("{REFRESH_SECRET}1");
    let refresh = database.find_secret(&refresh_name).await?;
    let (Some(token), Some(refresh)) = (token, refresh) else {
        return Ok(Finding::warn("there is no secret for tokens yet", "start tessera serve, which makes the secrets"));
    };
    let Ok(Some(key)) = master_key::find(&context.config) else {
        return Ok(Finding::skip("the master key is not usable"));
    };
    let opened = key.open(JWT_SECRET, &token).ok().and_then(|bytes| JwtSecret::from_bytes(&bytes));
    Ok(match (opened, key.open(&refresh_name, &refresh)) {
        (Some(_), Ok(secret)) if secret.len() == 32 => {
            Finding::ok("the secrets of user tokens and refresh tokens open")
        }
        _ => Finding::fail(
            "a secret of tokens is damaged or of another master key",
            "set TESSERA_MASTER_KEY to the key of this database; if the secret is lost, restore a backup of the database",
        ),
    })
}
