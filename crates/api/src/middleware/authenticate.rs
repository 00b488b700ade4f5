//! Who is asking. The edge resolves credentials before anything else is read; handlers name what they need by type.

use tessera_kernel::Principal;

use crate::{
    middleware::credentials::{Credential, Presented},
    problem::{Code, Problem},
    route_table::Access,
    services::Services,
};
use actix_web::http::header::HeaderMap;

/// Finds out who is asking, as far as the operation wants to know.
pub(crate) async fn admit(
    services: &Services,
    access: Access,
    headers: &HeaderMap,
) -> Result<Option<Principal>, Problem> {
    if access == Access::Public {
        return Ok(None);
    }
    let presented = Presented::in_headers(headers)?;
    if access == Access::MaybeUser && presented.is_none() {
        return Ok(None);
    }
    principal(services, presented).await.map(Some)
}

/// An application is refused where only users may go, and its organization may learn that one of its keys was tried there.
pub(crate) fn permit(access: Access, principal: Option<&Principal>) -> Result<(), Problem> {
    match (access, principal) {
        (Access::User | Access::MaybeUser, Some(Principal::Application { organization, .. })) => {
            Err(Problem::new(Code::UserTokenRequired).denied_in(*organization))
        }
        _ => Ok(()),
    }
}

/// Every credential must be good: one that is bad is not outweighed by another. Of two good ones the user token decides.
async fn principal(services: &Services, presented: Presented<'_>) -> Result<Principal, Problem> {
    let bearer = resolve(services, presented.bearer).await?;
    let key = resolve(services, presented.api_key.map(Credential::Key)).await?;
    match (bearer, key) {
        // Two keys that stand for different things leave open which of them is meant.
        (Some(one @ Principal::Application { .. }), Some(other)) if one != other => Err(Code::InvalidToken.into()),
        (Some(principal), _) | (None, Some(principal)) => Ok(principal),
        (None, None) => Err(Code::AuthenticationRequired.into()),
    }
}

async fn resolve(services: &Services, credential: Option<Credential<'_>>) -> Result<Option<Principal>, Problem> {
    Ok(match credential {
        None => None,
        Some(Credential::Token(token)) => Some(services.identity.authenticate(token).await?),
        Some(Credential::Key(key)) => Some(services.api_keys.authenticate_key(key).await?),
    })
}
