//! Authentication. Credentials are resolved before any other input is read. Handlers state their requirement by the
//! type of an extractor.

use tessera_kernel::{Principal, RequestMetadata};

use crate::{
    middleware::credentials::{Credential, Presented},
    problem::{Code, Problem},
    route_table::Access,
    services::Services,
};
use actix_web::http::header::{HeaderMap, USER_AGENT};

/// Resolves the principal, as far as the operation requires one.
pub(crate) async fn admit(
    services: &Services,
    access: Access,
    headers: &HeaderMap,
    origin: &RequestMetadata,
) -> Result<Option<Principal>, Problem> {
    if access == Access::Public {
        return Ok(None);
    }
    let presented = Presented::in_headers(headers)?;
    if access == Access::OptionalUser && presented.is_none() {
        return Ok(None);
    }
    if presented.is_none() {
        return Err(Problem::credential_required(access));
    }
    // Bytes that are not UTF-8 are replaced: the use counts, whatever the client calls itself.
    let user_agent = headers.get(USER_AGENT).map(|agent| String::from_utf8_lossy(agent.as_bytes()));
    let user_agent = user_agent.as_deref().filter(|agent| !agent.is_empty());
    principal(services, presented, origin, user_agent).await.map(Some)
}

/// Rejects a key on an operation that does not accept keys of its kind. The organization gets an audit entry, because one
/// of its keys was used.
pub(crate) fn permit(access: Access, principal: Option<&Principal>) -> Result<(), Problem> {
    let denied = match (access, principal) {
        (
            Access::User | Access::OptionalUser,
            Some(Principal::Application { organization, .. } | Principal::OrganizationKey { organization, .. }),
        ) => Some((Code::UserTokenRequired, *organization)),
        (Access::OrganizationKey, Some(Principal::Application { organization, .. })) => {
            Some((Code::OrganizationKeyRequired, *organization))
        }
        _ => None,
    };
    denied.map_or(Ok(()), |(code, organization)| Err(Problem::new(code).denied_in(organization)))
}

/// Resolves all credentials. Every credential must be valid: a valid one does not compensate for an invalid one. If
/// both are valid, the user token takes precedence.
async fn principal(
    services: &Services,
    presented: Presented<'_>,
    origin: &RequestMetadata,
    user_agent: Option<&str>,
) -> Result<Principal, Problem> {
    let bearer = resolve(services, presented.bearer, origin, user_agent).await?;
    let key = resolve(services, presented.api_key, origin, user_agent).await?;
    match (bearer, key) {
        // Two keys with different principals are ambiguous.
        (Some(one @ (Principal::Application { .. } | Principal::OrganizationKey { .. })), Some(other))
            if one != other =>
        {
            let detail = "the headers Authorization and X-API-Key have two different API keys; send one credential";
            Err(Problem::new(Code::InvalidToken).detail(detail))
        }
        (Some(principal), _) | (None, Some(principal)) => Ok(principal),
        (None, None) => Err(Code::AuthenticationRequired.into()),
    }
}

async fn resolve(
    services: &Services,
    credential: Option<Credential<'_>>,
    origin: &RequestMetadata,
    user_agent: Option<&str>,
) -> Result<Option<Principal>, Problem> {
    Ok(match credential {
        None => None,
        Some(Credential::Token(token)) => Some(services.identity.authenticate(token).await?),
        Some(Credential::Key { key, header }) => {
            let principal = services.api_keys.authenticate_key(key, origin, user_agent).await;
            Some(principal.map_err(|error| Problem::of_key(error, header))?)
        }
    })
}
