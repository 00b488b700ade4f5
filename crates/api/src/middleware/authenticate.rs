//! Authentication. Credentials are resolved before any other input is read. Handlers state their requirement by the
//! type of an extractor.

use actix_web::{
    dev::ServiceResponse,
    http::{
        StatusCode,
        header::{HeaderMap, USER_AGENT},
    },
};
use tessera_kernel::{NodeLimits, Principal, RateLimited, RequestMetadata, limit};

use crate::{
    middleware::credentials::{Credential, Presented},
    problem::{Code, Problem},
    route_table::{Access, Rule},
    services::Services,
    state::AppState,
    v1::network_limit::admit_network,
};

/// Resolves the principal, as far as the operation requires one.
pub(crate) async fn admit(
    services: &Services,
    Rule { access, counts, .. }: Rule,
    headers: &HeaderMap,
    origin: &RequestMetadata,
) -> Result<Option<Principal>, Problem> {
    let limits = &*services.node_limits;
    let count_network = || if counts { admit_network(limits, limit::REQUESTS, origin) } else { Ok(()) };
    if access == Access::Public {
        count_network()?;
        return Ok(None);
    }
    let presented = Presented::in_headers(headers).map_err(|problem| count_invalid(limits, problem, origin))?;
    if presented.is_none() {
        count_network()?;
        return if access == Access::OptionalUser { Ok(None) } else { Err(Problem::credential_required(access)) };
    }
    // Bytes that are not UTF-8 are replaced: the use counts, whatever the client calls itself.
    let user_agent = headers.get(USER_AGENT).map(|agent| String::from_utf8_lossy(agent.as_bytes()));
    let user_agent = user_agent.as_deref().filter(|agent| !agent.is_empty());
    let principal = principal(services, presented, origin, user_agent).await;
    let principal = principal.map_err(|problem| count_invalid(limits, problem, origin))?;
    Ok(Some(principal))
}

/// Counts a request of a session.
pub(crate) fn count_session(services: &Services, rule: Rule, principal: Option<&Principal>) -> Result<(), Problem> {
    if let Some(Principal::User { session, .. }) = principal
        && rule.counts
    {
        services.node_limits.admit(limit::REQUESTS, &session.to_string())?;
    }
    Ok(())
}

/// Counts an invalid credential. A valid one is accepted even if the limit of its network is reached: others in the network
/// must not be able to stop a live session.
fn count_invalid(limits: &dyn NodeLimits, problem: Problem, origin: &RequestMetadata) -> Problem {
    if problem.code().status() != StatusCode::UNAUTHORIZED {
        return problem;
    }
    match admit_network(limits, limit::CREDENTIAL, origin) {
        Ok(()) => problem,
        Err(limited) => limited.into(),
    }
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

/// Counts a response to a link, a code or a signature that is not valid, like an invalid credential.
pub(crate) fn count_invalid_secret(
    state: &AppState,
    answer: ServiceResponse,
    origin: &RequestMetadata,
) -> ServiceResponse {
    let problem = answer.response().error().and_then(|error| error.as_error::<Problem>());
    match problem.map_or(Ok(()), |problem| admit_invalid_secret(state, problem.code(), origin)) {
        Err(limited) => answer.error_response(Problem::from(limited)),
        Ok(()) => answer,
    }
}

/// Counts an invalid link, code or signature. Other problems are not counted.
pub(crate) fn admit_invalid_secret(state: &AppState, code: Code, origin: &RequestMetadata) -> Result<(), RateLimited> {
    if INVALID_SECRETS.contains(&code) {
        admit_network(&*state.services.node_limits, limit::CREDENTIAL, origin)
    } else {
        Ok(())
    }
}

const INVALID_SECRETS: [Code; 8] = [
    Code::InvitationInvalid,
    Code::InvalidResetToken,
    Code::InvalidGrant,
    Code::InvalidSignature,
    Code::InvalidMfaToken,
    Code::InvalidRefreshToken,
    Code::InvalidVerificationToken,
    Code::InvalidPasskey,
];
