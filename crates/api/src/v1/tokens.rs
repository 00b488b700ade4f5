//! Token exchange: service tokens for other services.

use actix_web::{HttpResponse, post, web::Data};
use serde::Serialize;
use tessera_kernel::OrganizationId;
use tessera_sso::{ExchangeToken, ExchangedToken, ServiceTokens, model::Audience};
use utoipa::ToSchema;

use crate::{
    extract::{Authenticated, Body, request},
    problem::Problem,
};

request! {
    /// The organization and the audience of a service token.
    struct ExchangeTokenRequest {
        /// The organization in which the user acts.
        organization_id: OrganizationId,
        /// The id of an application of that organization, or an audience that the operator has configured.
        audience: Audience,
    }
}

/// A service token. Its audience verifies it offline with the keys of `/.well-known/jwks.json`.
#[derive(Serialize, ToSchema)]
#[schema(as = ServiceToken)]
struct ServiceTokenView {
    /// The service token, a JWT (RS256).
    #[schema(example = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIwMTk4YzJmMCJ9.c2lnbmF0dXJl")]
    service_token: String,
    /// How the token is sent: `Authorization: Bearer <token>`.
    #[schema(pattern = "^Bearer$", example = "Bearer")]
    token_type: &'static str,
    /// The lifetime of the token in seconds.
    #[schema(minimum = 1, maximum = 300, example = 300)]
    expires_in: i64,
}

impl From<ExchangedToken> for ServiceTokenView {
    fn from(exchanged: ExchangedToken) -> Self {
        Self {
            service_token: exchanged.token.expose().clone(),
            token_type: "Bearer",
            expires_in: exchanged.life.whole_seconds(),
        }
    }
}

/// Exchange user token for service token
///
/// The token is a JWT (RS256) with `sub`, `organization_id`, `roles` and one `aud`. It is valid for five minutes, but
/// not longer than the session.
#[utoipa::path(tag = "auth", operation_id = "exchange_token", security(("user_token" = [])),
    request_body = ExchangeTokenRequest, responses(
    (status = 200, description = "The token", body = ServiceTokenView),
    (status = 400, description = "The body is invalid, or no service token is issued for this audience"),
    (status = 403, description = "The user is not a member of the organization, the organization does not exist, or an API key was sent")))]
#[post("/auth/token/exchange")]
pub(crate) async fn exchange_token(
    Authenticated(actor): Authenticated,
    Body(body): Body<ExchangeTokenRequest>,
    tokens: Data<ServiceTokens>,
) -> Result<HttpResponse, Problem> {
    let command = ExchangeToken { organization: body.organization_id, audience: body.audience };
    let exchanged = tokens.exchange_token(&actor, command).await?;
    Ok(HttpResponse::Ok().json(ServiceTokenView::from(exchanged)))
}
