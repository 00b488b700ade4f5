//! Problems of credentials. A detail names the header and the kind of credential, and what to do. It never contains a part
//! of the credential.

use tessera_apikeys::AuthenticateKeyError;
use tessera_identity::AuthenticateError;

use crate::{
    problem::{Code, Problem},
    route_table::Access,
};

impl Problem {
    /// The request has no credential.
    pub(crate) fn credential_required(access: Access) -> Self {
        let problem = Self::new(Code::AuthenticationRequired);
        match access {
            Access::Public | Access::OptionalUser | Access::User => problem,
            Access::OrganizationKey => problem.detail(
                "this operation requires a credential; send Authorization: Bearer <access token>, or X-API-Key: <key \
                of the organization>",
            ),
            Access::Caller => problem.detail(
                "this operation requires a credential; send Authorization: Bearer <access token>, or X-API-Key: <API \
                key>",
            ),
        }
    }

    /// The API key in this header does not authenticate the request. `POST /apikeys/verify` gives the same reasons to
    /// every caller.
    pub(crate) fn of_key(error: AuthenticateKeyError, header: &str) -> Self {
        let fault = match error {
            AuthenticateKeyError::MalformedKey => "is malformed; send it as it was shown when it was generated",
            AuthenticateKeyError::UnknownKey => "does not exist; check that it belongs to this installation",
            AuthenticateKeyError::RevokedKey => "is revoked; generate a new one",
            AuthenticateKeyError::ExpiredKey => {
                "has expired; use its present secret if it was rotated, or generate a new one"
            }
            AuthenticateKeyError::DisabledKey => {
                "is disabled, its user is no longer a member of the organization, or its service account is disabled"
            }
            AuthenticateKeyError::AddressNotAllowed => return Code::IpNotAllowed.into(),
            AuthenticateKeyError::UsageExceeded => return Code::UsageExceeded.into(),
            AuthenticateKeyError::RateLimited(limited) => {
                let detail = "a limit of the API key is reached; try again after the number of seconds in Retry-After";
                return Self::from(limited).detail(detail);
            }
            AuthenticateKeyError::Store(error) => return error.into(),
        };
        Self::new(Code::InvalidToken).detail(format!("the API key in the header {header} {fault}"))
    }
}

impl From<AuthenticateError> for Problem {
    fn from(error: AuthenticateError) -> Self {
        let detail = match error {
            AuthenticateError::InvalidToken => {
                "the access token in the header Authorization is malformed, or this service has not issued it; sign in"
            }
            AuthenticateError::ExpiredToken => {
                "the access token in the header Authorization has expired; sign in again"
            }
            // The default detail.
            AuthenticateError::SessionEnded => return Code::InvalidToken.into(),
            AuthenticateError::Store(error) => return error.into(),
        };
        Self::new(Code::InvalidToken).detail(detail)
    }
}
