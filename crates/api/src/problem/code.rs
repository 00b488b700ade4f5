//! The codes of all problems.

use actix_web::http::StatusCode;

macro_rules! codes {
    ($($name:ident $code:literal $status:ident $title:literal $detail:literal)+) => {
        /// The stable code of a problem. `docs/errors.md` has a section for each code.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Code {
            $(#[doc = $title] $name,)+
        }

        impl Code {
            /// All codes.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The code in `snake_case`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code,)+ }
            }

            /// The HTTP status.
            #[must_use]
            pub const fn status(self) -> StatusCode {
                match self { $(Self::$name => StatusCode::$status,)+ }
            }

            /// The title of the problem type.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)+ }
            }

            /// The detail that is used if no more specific one is set.
            pub(crate) const fn detail(self) -> &'static str {
                match self { $(Self::$name => $detail,)+ }
            }
        }
    };
}

codes! {
    MalformedJson "malformed_json" BAD_REQUEST "The body is not JSON"
        "the body is not one complete JSON text in UTF-8"
    InvalidBody "invalid_body" BAD_REQUEST "The body has faults"
        "the body has faults; errors names each of them"
    IncompleteBody "incomplete_body" BAD_REQUEST "The body broke off"
        "the body ended before it was complete"
    InvalidPath "invalid_path" BAD_REQUEST "The path has faults"
        "a path parameter is not valid"
    InvalidQuery "invalid_query" BAD_REQUEST "The query has faults"
        "a query parameter is not valid"
    InvalidCursor "invalid_cursor" BAD_REQUEST "The cursor is not valid"
        "the cursor was not made by this list; start again without one"
    InvitationInvalid "invitation_invalid" BAD_REQUEST "The invitation is not valid"
        "this invitation is not valid, or not any more; ask for a new one"
    ResetInvalid "reset_invalid" BAD_REQUEST "The link is not valid"
        "this link to a new password is not valid, or not any more; ask for a new one"
    UnknownRelyingParty "unknown_relying_party" BAD_REQUEST "The application is not known"
        "there is no application with this id"
    RedirectUriNotRegistered "redirect_uri_not_registered" BAD_REQUEST "The return address is not registered"
        "the application has not registered this redirect_uri, character for character"
    InvalidGrant "invalid_grant" BAD_REQUEST "The code is not valid"
        "the code is unknown, used or expired, or was not given for this redirect_uri and code_verifier"
    InvalidTarget "invalid_target" BAD_REQUEST "There is no such audience"
        "no token is made for this audience in this organization"
    AuthenticationRequired "authentication_required" UNAUTHORIZED "Authentication is required"
        "this operation needs a credential"
    InvalidToken "invalid_token" UNAUTHORIZED "The credential is not valid"
        "a credential of this request is malformed, unknown, expired or revoked"
    InvalidCredentials "invalid_credentials" UNAUTHORIZED "The sign-in failed"
        "the email address or the password is wrong"
    InvalidSignature "invalid_signature" UNAUTHORIZED "The wallet is not proved"
        "the nonce is unknown, used or expired, or the signature is not this wallet's"
    UserTokenRequired "user_token_required" FORBIDDEN "A user token is required"
        "this operation is for users; an API key can't do it"
    CrossSite "cross_site" FORBIDDEN "The request came from another site"
        "a form of this service was sent from another site's page"
    Forbidden "forbidden" FORBIDDEN "This is not allowed"
        "your role or your key does not allow this"
    FreshSessionRequired "fresh_session_required" FORBIDDEN "A fresh session is required"
        "this takes a session that is younger than 5 minutes; sign in again"
    ExchangeRefused "exchange_refused" FORBIDDEN "The token can't be exchanged"
        "you have no token to exchange for this organization"
    RouteNotFound "route_not_found" NOT_FOUND "There is nothing here"
        "no operation has this path"
    SsoSessionNotFound "sso_session_not_found" NOT_FOUND "There is no such sign-in"
        "the sign-in does not exist, is over, or was begun in another browser"
    OrganizationNotFound "organization_not_found" NOT_FOUND "There is no such organization"
        "the organization does not exist, or you are no member of it"
    MemberNotFound "member_not_found" NOT_FOUND "There is no such member"
        "the organization has no such member"
    UserNotFound "user_not_found" NOT_FOUND "There is no such user"
        "no user has this id, or has verified this address"
    ApplicationNotFound "application_not_found" NOT_FOUND "There is no such application"
        "the application does not exist, or is not yours to know of"
    ApiKeyNotFound "api_key_not_found" NOT_FOUND "There is no such API key"
        "the API key does not exist, or is not yours to know of"
    SystemDataNotFound "system_data_not_found" NOT_FOUND "There are no such data"
        "nothing was ever written about this user"
    InvitationNotFound "invitation_not_found" NOT_FOUND "There is no such invitation"
        "the organization has no such invitation"
    SessionNotFound "session_not_found" NOT_FOUND "There is no such session"
        "you have no session of this id, or have it no more"
    WalletNotFound "wallet_not_found" NOT_FOUND "There is no such wallet"
        "you have no wallet of this address"
    MethodNotAllowed "method_not_allowed" METHOD_NOT_ALLOWED "The method is not allowed here"
        "this path does not take this method; Allow names those it takes"
    RequestTimeout "request_timeout" REQUEST_TIMEOUT "The body took too long"
        "the body arrived at less than 1 KiB/s after the first 5 seconds"
    SsoSessionUsed "sso_session_used" CONFLICT "The sign-in is used up"
        "somebody has signed in by it; begin again at the application"
    EmailTaken "email_taken" CONFLICT "The email address is taken"
        "this email address is already registered"
    SlugTaken "slug_taken" CONFLICT "The slug is taken"
        "another organization has this slug"
    AlreadyMember "already_member" CONFLICT "The user is a member already"
        "this user is already a member; their role stays as it is"
    UserLeft "user_left" CONFLICT "The user left the organization"
        "this user left the organization less than 30 days ago and can't be added directly; send an invitation"
    LastOwner "last_owner" CONFLICT "The last owner stays"
        "an organization keeps at least one owner"
    PreconditionFailed "precondition_failed" PRECONDITION_FAILED "It has changed meanwhile"
        "it is not in a version that If-Match and If-None-Match allow"
    InvitationClosed "invitation_closed" CONFLICT "The invitation is closed"
        "this invitation was accepted or withdrawn already"
    InvitationInProgress "invitation_in_progress" CONFLICT "The invitation is being accepted"
        "another request is accepting this invitation at this moment; if it was yours and got no answer, try again in a few seconds"
    InvitationForAnotherAddress "invitation_for_another_address" CONFLICT "The invitation is for somebody else"
        "this invitation was sent to another address than yours; sign out to accept it with that one"
    EmailNotVerified "email_not_verified" CONFLICT "The email address is not verified"
        "the account of this address has not verified it; send its password or that user's access token. The invitation is still open"
    QuotaExceeded "quota_exceeded" CONFLICT "The quota is used up"
        "as many objects of this kind exist as this installation allows; quota names the setting"
    WalletTaken "wallet_taken" CONFLICT "The wallet is taken"
        "this wallet is linked to an account already; it stays where it is"
    LastWayIn "last_way_in" CONFLICT "The last way in stays"
        "without this wallet nobody could sign in to the account"
    BodyTooLarge "body_too_large" PAYLOAD_TOO_LARGE "The body is too large"
        "the body has more than 64 KiB, or 256 KiB if the operation stores a document"
    UnsupportedMediaType "unsupported_media_type" UNSUPPORTED_MEDIA_TYPE "The media type is not supported"
        "the body must be application/json in UTF-8, not encoded"
    RateLimited "rate_limited" TOO_MANY_REQUESTS "Too many requests"
        "the limit for this action is reached; Retry-After says when it admits the next one"
    Internal "internal_error" INTERNAL_SERVER_ERROR "The service failed"
        "the service failed to do this"
    Busy "busy" SERVICE_UNAVAILABLE "The service is busy"
        "the service has too much to do at this moment"
    Unavailable "unavailable" SERVICE_UNAVAILABLE "The service is not available"
        "a part that the service needs can't be reached"
    NotReady "not_ready" SERVICE_UNAVAILABLE "The service is not ready"
        "the service takes no traffic at this moment"
}
