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
    MalformedJson "malformed_json" BAD_REQUEST "The request body is not JSON"
        "the request body is not one complete JSON text in UTF-8"
    InvalidBody "invalid_body" BAD_REQUEST "The request body is invalid"
        "the request body is invalid; errors lists every field error"
    IncompleteBody "incomplete_body" BAD_REQUEST "The request body is incomplete"
        "the connection ended before the request body was complete"
    InvalidPath "invalid_path" BAD_REQUEST "The path is invalid"
        "a path parameter is invalid"
    InvalidQuery "invalid_query" BAD_REQUEST "The query is invalid"
        "the query cannot be decoded; send name=value pairs that are percent-encoded in UTF-8"
    InvalidOrganization "invalid_organization" BAD_REQUEST "The organization is not named"
        "you belong to several organizations; send the id of one in the header X-Org-ID"
    InvalidCursor "invalid_cursor" BAD_REQUEST "The cursor is invalid"
        "the cursor does not belong to this list; start again without a cursor"
    InvalidForwardedFor "invalid_forwarded_for" BAD_REQUEST "The forwarding header is invalid"
        "the header X-Forwarded-For, which a proxy before this service sends, is not a list of IP addresses"
    InvitationInvalid "invitation_invalid" BAD_REQUEST "The invitation is not valid"
        "this invitation is not valid or has expired; ask for a new one"
    InvalidResetToken "invalid_reset_token" BAD_REQUEST "The link is not valid"
        "this link to set a new password is not valid or has expired; ask for a new one"
    InvalidVerificationToken "invalid_verification_token" BAD_REQUEST "The verification is not valid"
        "this link or code to verify an email address is not valid or has expired; request another mail"
    UnauthorizedClient "unauthorized_client" BAD_REQUEST "The application is unknown"
        "no application has this id"
    RedirectUriNotRegistered "redirect_uri_not_registered" BAD_REQUEST "The redirect URI is not registered"
        "the application has not registered exactly this redirect_uri"
    InvalidGrant "invalid_grant" BAD_REQUEST "The authorization code is not valid"
        "the code is unknown, used or expired, or was issued for another redirect_uri or code_verifier"
    InvalidTarget "invalid_target" BAD_REQUEST "The audience is unknown"
        "no service token is issued for this audience in this organization"
    InvalidPasskey "invalid_passkey" BAD_REQUEST "The passkey is not valid"
        "the ceremony is unknown, used, expired or of another session, or the credential is not valid for it; start again"
    AuthenticationRequired "authentication_required" UNAUTHORIZED "Authentication is required"
        "this operation requires a user; send Authorization: Bearer <access token>"
    InvalidToken "invalid_token" UNAUTHORIZED "The credential is not valid"
        "the access token in the header Authorization is no longer valid, because its session has ended; sign in again"
    InvalidCredentials "invalid_credentials" UNAUTHORIZED "The sign-in failed"
        "the email address or the password is wrong"
    InvalidMfaToken "invalid_mfa_token" UNAUTHORIZED "The MFA token is not valid"
        "the mfa_token is unknown, used or expired, or has no attempts left; start the operation again"
    InvalidFactor "invalid_factor" UNAUTHORIZED "The second factor is not valid"
        "the code or the passkey is wrong, or was used before; the mfa_token stays valid for 5 attempts in total"
    InvalidRefreshToken "invalid_refresh_token" UNAUTHORIZED "The refresh token is not valid"
        "the refresh token is malformed, unknown, expired or was used before, or its session has ended; sign in again"
    InvalidSignature "invalid_signature" UNAUTHORIZED "The signature is not valid"
        "the nonce is unknown, used or expired, or this wallet has not signed the message; request a new challenge"
    UserTokenRequired "user_token_required" FORBIDDEN "A user token is required"
        "this operation does not accept an API key; send Authorization: Bearer <access token> of a user"
    OrganizationKeyRequired "organization_key_required" FORBIDDEN "An organization key is required"
        "this operation does not accept the key of an application; send a user's access token or a key of the organization"
    ReadOnlyKey "read_only_key" FORBIDDEN "The API key only reads"
        "the scope of this key is read, and this operation changes something; use a key with the scope read-write"
    IpNotAllowed "ip_not_allowed" FORBIDDEN "The API key must not be used from this address"
        "the API key can be used from some addresses only, and the address of this client is not one of them"
    UsageExceeded "usage_exceeded" FORBIDDEN "The API key has no uses left"
        "the number of uses of this API key is limited, and none is left"
    RegistrationClosed "registration_closed" FORBIDDEN "Registration is closed"
        "accounts come from invitations here; ask a member of an organization for one"
    CrossSite "cross_site" FORBIDDEN "The request came from another site"
        "a page of another site sent this request"
    Forbidden "forbidden" FORBIDDEN "This is not allowed"
        "your role or the permissions of your API key do not allow this operation"
    MfaRequired "mfa_required" FORBIDDEN "A second factor is required"
        "the account has a second factor; send it with the mfa_token to POST /auth/mfa/verify"
    OrganizationRequiresMfa "organization_requires_mfa" FORBIDDEN "The organization requires a second factor"
        "this requires a session with MFA; add a second factor, or sign in or reauthenticate with it"
    ReauthenticationRequired "reauthentication_required" FORBIDDEN "Recent authentication is required"
        "this operation requires authentication within the last 5 minutes; reauthenticate, or sign in again"
    ExchangeDenied "exchange_denied" FORBIDDEN "The token exchange is denied"
        "you are not a member of this organization, it does not exist, or it requires MFA and your session has none"
    RouteNotFound "route_not_found" NOT_FOUND "No endpoint matches"
        "no endpoint matches this path"
    SsoSessionNotFound "sso_session_not_found" NOT_FOUND "The sign-in does not exist"
        "the sign-in does not exist, has expired, or was started in another browser"
    OrganizationNotFound "organization_not_found" NOT_FOUND "The organization does not exist"
        "the organization does not exist, or you are not a member of it"
    MemberNotFound "member_not_found" NOT_FOUND "The member does not exist"
        "the organization has no such member"
    UserNotFound "user_not_found" NOT_FOUND "The user does not exist"
        "no user has this id or has verified this address"
    ApplicationNotFound "application_not_found" NOT_FOUND "The application does not exist"
        "the application does not exist, or you have no access to it"
    ApiKeyNotFound "api_key_not_found" NOT_FOUND "The API key does not exist"
        "the API key does not exist, or you have no access to it"
    ServiceAccountNotFound "service_account_not_found" NOT_FOUND "The service account does not exist"
        "the organization has no such service account"
    SystemDataNotFound "system_data_not_found" NOT_FOUND "There is no system data"
        "no system data is stored for this user"
    InvitationNotFound "invitation_not_found" NOT_FOUND "The invitation does not exist"
        "the organization has no such invitation"
    SessionNotFound "session_not_found" NOT_FOUND "The session does not exist"
        "you have no live session with this id"
    TotpNotFound "totp_not_found" NOT_FOUND "There is no authenticator app"
        "your account has no authenticator app"
    WalletNotFound "wallet_not_found" NOT_FOUND "The wallet does not exist"
        "you have no wallet with this address"
    PasskeyNotFound "passkey_not_found" NOT_FOUND "The passkey does not exist"
        "you have no passkey with this id"
    PasskeysUnavailable "passkeys_unavailable" NOT_FOUND "There are no passkeys"
        "this installation has no passkeys, because its address is not a domain"
    MethodNotAllowed "method_not_allowed" METHOD_NOT_ALLOWED "The method is not allowed"
        "this path does not support this method; the header Allow lists the methods that it supports"
    RequestTimeout "request_timeout" REQUEST_TIMEOUT "The request body took too long"
        "the request body arrived at less than 1 KiB/s after the first 5 seconds"
    SsoSessionUsed "sso_session_used" CONFLICT "The sign-in was already used"
        "this sign-in was already completed; start again in the application"
    EmailTaken "email_taken" CONFLICT "The email address is taken"
        "this email address is already registered"
    EmailUnchanged "email_unchanged" CONFLICT "The email address is the same"
        "this is the email address of your account already"
    SlugMismatch "slug_mismatch" BAD_REQUEST "The slug is another one"
        "the query parameter slug must be the current slug of the organization"
    SlugTaken "slug_taken" CONFLICT "The slug is taken"
        "another organization has this slug; choose another one, or omit it"
    AlreadyMember "already_member" CONFLICT "The user is already a member"
        "this user is already a member; their role does not change"
    UserLeft "user_left" CONFLICT "The user left the organization"
        "this user left the organization less than 30 days ago and can't be added directly; send an invitation"
    ApiKeyRevoked "api_key_revoked" CONFLICT "The API key is revoked"
        "the API key is revoked, which is final; generate a new one"
    ApiKeyExpired "api_key_expired" CONFLICT "The API key has expired"
        "the API key has expired, so a new secret would not be valid; generate a new key"
    RotationInProgress "rotation_in_progress" CONFLICT "The previous rotation has not ended"
        "the previous secret is still valid, and a key has at most two; finish that rotation first"
    LastOwner "last_owner" CONFLICT "An organization needs an owner"
        "this would leave the organization without an owner; make another member an owner first"
    PreconditionFailed "precondition_failed" PRECONDITION_FAILED "The precondition failed"
        "the current version does not match If-Match or If-None-Match; read the resource again and use its new ETag"
    InvitationClosed "invitation_closed" CONFLICT "The invitation is closed"
        "this invitation was already accepted or withdrawn"
    InvitationInProgress "invitation_in_progress" CONFLICT "The invitation is being accepted"
        "another request is accepting this invitation; if it was yours and failed, try again in a few seconds"
    InvitationForAnotherAddress "invitation_for_another_address" CONFLICT "The invitation is for another address"
        "this invitation was sent to an address that is not yours; sign out to accept it with that address"
    EmailNotVerified "email_not_verified" CONFLICT "The email address is not verified"
        "the account of this address has not verified it; send its password or that user's access token. The link is still valid"
    QuotaExceeded "quota_exceeded" CONFLICT "The quota is reached"
        "this installation allows no more objects of this kind; the member quota names the setting"
    TotpExists "totp_exists" CONFLICT "There is an authenticator app already"
        "your account has an authenticator app; remove it before you add another one"
    NoFactor "no_factor" CONFLICT "There is no second factor"
        "your account has no second factor, for which recovery codes could stand; add one first"
    WalletTaken "wallet_taken" CONFLICT "The wallet is taken"
        "this wallet is already linked to an account"
    PasskeyTaken "passkey_taken" CONFLICT "The passkey is taken"
        "this passkey already belongs to an account"
    TooManyPasskeys "too_many_passkeys" CONFLICT "The account has too many passkeys"
        "an account has at most 20 passkeys; remove one first"
    LastSignInMethod "last_sign_in_method" CONFLICT "The last sign-in method cannot be removed"
        "without it the account would have no sign-in method; add a passkey or link a wallet first"
    BodyTooLarge "body_too_large" PAYLOAD_TOO_LARGE "The request body is too large"
        "the request body has more than 64 KiB, or 256 KiB if the operation stores a document"
    UnsupportedMediaType "unsupported_media_type" UNSUPPORTED_MEDIA_TYPE "The media type is not supported"
        "the media type of the body is not supported; send Content-Type: application/json"
    RateLimited "rate_limited" TOO_MANY_REQUESTS "Too many requests"
        "the limit for this action is reached; try again after the number of seconds in Retry-After"
    Internal "internal_error" INTERNAL_SERVER_ERROR "The service failed"
        "an internal error occurred"
    Busy "busy" SERVICE_UNAVAILABLE "The service is busy"
        "the service is overloaded; try again later"
    Unavailable "unavailable" SERVICE_UNAVAILABLE "The service is not available"
        "a component that the service needs is not available"
    DatabaseMoved "database_moved" SERVICE_UNAVAILABLE "The database was moved"
        "this process reads a database that was moved to another server, and changes nothing; try again at a new process"
    NotReady "not_ready" SERVICE_UNAVAILABLE "The service is not ready"
        "the service does not accept traffic at this moment"
    InvalidIdempotencyKey "invalid_idempotency_key" BAD_REQUEST "The idempotency key is invalid"
        "the header Idempotency-Key must occur once, with 1 to 255 visible ASCII characters, bare or in double quotes"
    IdempotencyInProgress "idempotency_in_progress" CONFLICT "The first request is still running"
        "another request with this Idempotency-Key is being executed; try again after the number of seconds in Retry-After"
    IdempotencyResponseLost "idempotency_response_lost" CONFLICT "The response was lost"
        "the request with this Idempotency-Key was executed once, and its response was not stored; check before you send it with another key"
    IdempotencyKeyReused "idempotency_key_reused" UNPROCESSABLE_ENTITY "The idempotency key belongs to another request"
        "this Idempotency-Key was used for another request; each request needs a key of its own"
}
