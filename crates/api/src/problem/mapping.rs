//! The mapping of use-case errors to problems. Each `match` is exhaustive, so a new variant does not compile without a
//! mapping.

mod invitations;
mod resets;

use tessera_apikeys::{AuthenticateKeyError, GenerateKeyError, ListKeysError, RevokeKeyError};
use tessera_apps::{CreateApplicationError, DeleteApplicationError, UpdateApplicationError, ViewApplicationError};
use tessera_identity::{
    AuthenticateError, ChallengeWalletError, ChangePasswordError, LinkWalletError, ListSessionsError, NewPasswordError,
    RegisterError, SignInError, SignInWithWalletError, SignOutError, UnlinkWalletError, UpdateProfileError,
    ViewCustomDataError, ViewProfileError, WriteCustomDataError,
    ports::{HashError, TokenError, VerifyError},
};
use tessera_inventory::{ListItemsError, PutItemError};
use tessera_kernel::{AccountError, DocumentError, PasswordFault, StoreError, WalletSignatureError};
use tessera_orgs::{
    AcceptInvitationError, AddMemberError, ChangeRoleError, CreateOrganizationError, ListInvitationsError,
    RemoveMemberError, UpdateSettingsError, ViewError, ViewSettingsError, ViewSystemDataError, WithdrawInvitationError,
    WriteSystemDataError,
};
use tessera_sso::{
    BeginSsoError, ChallengeSsoError, ExchangeTokenError, RedeemSsoCodeError, VerifySsoError,
    ports::{AuthenticateWalletError, SigningError},
};

use crate::problem::{
    Problem,
    code::Code,
    field_error::{FieldError, FieldErrorCode, ToFieldError},
};

/// `Retry-After` in seconds if the database is busy or unavailable.
const STORE_RETRY_SECONDS: u64 = 1;

/// `Retry-After` in seconds if a chain did not respond.
const CHAIN_RETRY_SECONDS: u64 = 5;

impl From<Code> for Problem {
    fn from(code: Code) -> Self {
        Self::new(code)
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        let problem = match &error {
            StoreError::Busy => Self::new(Code::Busy).retry_after(STORE_RETRY_SECONDS),
            StoreError::Unavailable(_) => Self::new(Code::Unavailable).retry_after(STORE_RETRY_SECONDS),
            StoreError::Conflict { .. } | StoreError::Corrupt(_) | StoreError::Other(_) => Self::new(Code::Internal),
        };
        problem.caused_by(error)
    }
}

impl From<HashError> for Problem {
    fn from(error: HashError) -> Self {
        match &error {
            // Round up, so that a client that waits exactly this long does not retry too early.
            HashError::Busy { retry_after } => Self::new(Code::Busy).retry_after(retry_after.as_secs() + 1),
            HashError::Failed(_) => Self::new(Code::Internal),
        }
        .caused_by(error)
    }
}

impl From<TokenError> for Problem {
    fn from(error: TokenError) -> Self {
        match &error {
            TokenError::Invalid | TokenError::Signing(_) => Self::new(Code::Internal),
        }
        .caused_by(error)
    }
}

impl From<SigningError> for Problem {
    fn from(error: SigningError) -> Self {
        Self::new(Code::Internal).caused_by(error)
    }
}

impl From<AuthenticateError> for Problem {
    fn from(error: AuthenticateError) -> Self {
        match error {
            AuthenticateError::InvalidToken => Code::InvalidToken.into(),
            AuthenticateError::Store(error) => error.into(),
        }
    }
}

impl From<AuthenticateKeyError> for Problem {
    fn from(error: AuthenticateKeyError) -> Self {
        match error {
            AuthenticateKeyError::InvalidKey => Code::InvalidToken.into(),
            AuthenticateKeyError::Store(error) => error.into(),
        }
    }
}

impl From<RegisterError> for Problem {
    fn from(error: RegisterError) -> Self {
        match error {
            RegisterError::EmailTaken => Code::EmailTaken.into(),
            RegisterError::PasswordLength(error) => fault("/password", error.code(), error.to_string()),
            RegisterError::PasswordWeak(why) => fault("/password", FieldErrorCode::WeakPassword, why.advice()),
            RegisterError::Hash(error) => error.into(),
            RegisterError::Store(error) => error.into(),
        }
    }
}

impl From<AccountError> for Problem {
    fn from(error: AccountError) -> Self {
        match error {
            AccountError::SessionEnded => Code::InvalidToken.into(),
            AccountError::AnotherAddress => Code::InvitationForAnotherAddress.into(),
            AccountError::EmailNotVerified => Code::EmailNotVerified.into(),
            AccountError::Password { fault: broken, detail } => {
                let code = match broken {
                    PasswordFault::TooShort => FieldErrorCode::TooShort,
                    PasswordFault::TooLong => FieldErrorCode::TooLong,
                    PasswordFault::Weak => FieldErrorCode::WeakPassword,
                };
                fault("/password", code, detail)
            }
            AccountError::Busy { retry_after } => {
                Self::new(Code::Busy).retry_after(retry_after.as_secs() + 1).caused_by(error)
            }
            AccountError::Failed(cause) => Self::new(Code::Internal).caused_by(AccountError::Failed(cause)),
            AccountError::Store(error) => error.into(),
        }
    }
}

/// A field error that is found after the fields were parsed.
fn fault(pointer: &str, code: FieldErrorCode, detail: impl Into<String>) -> Problem {
    Problem::new(Code::InvalidBody).faults(vec![FieldError::new(pointer.to_owned(), code, detail)])
}

impl From<SignInError> for Problem {
    fn from(error: SignInError) -> Self {
        match error {
            SignInError::InvalidCredentials => Code::InvalidCredentials.into(),
            SignInError::Hash(error) => error.into(),
            SignInError::Token(error) => error.into(),
            SignInError::Store(error) => error.into(),
        }
    }
}

impl From<VerifyError> for Problem {
    fn from(error: VerifyError) -> Self {
        match &error {
            VerifyError::RateLimited(limited) => return (*limited).into(),
            VerifyError::Busy { retry_after } => Self::new(Code::Busy).retry_after(retry_after.as_secs() + 1),
            VerifyError::Unavailable(_) => Self::new(Code::Unavailable).retry_after(CHAIN_RETRY_SECONDS),
            VerifyError::Failed(_) => Self::new(Code::Internal),
        }
        .caused_by(error)
    }
}

impl From<AuthenticateWalletError> for Problem {
    fn from(error: AuthenticateWalletError) -> Self {
        match error {
            AuthenticateWalletError::Busy { retry_after } => VerifyError::Busy { retry_after }.into(),
            AuthenticateWalletError::RateLimited(limited) => limited.into(),
            AuthenticateWalletError::Unavailable(error) => VerifyError::Unavailable(error).into(),
            AuthenticateWalletError::Failed(why) => VerifyError::Failed(why).into(),
            AuthenticateWalletError::Store(error) => error.into(),
        }
    }
}

impl From<SignInWithWalletError> for Problem {
    fn from(error: SignInWithWalletError) -> Self {
        match error {
            SignInWithWalletError::InvalidSignature => Code::InvalidSignature.into(),
            SignInWithWalletError::MalformedSignature(error) => signature(error),
            SignInWithWalletError::Verify(error) => error.into(),
            SignInWithWalletError::Token(error) => error.into(),
            SignInWithWalletError::Store(error) => error.into(),
        }
    }
}

impl From<LinkWalletError> for Problem {
    fn from(error: LinkWalletError) -> Self {
        match error {
            LinkWalletError::NotAUser => Code::UserTokenRequired.into(),
            LinkWalletError::SessionEnded => Code::InvalidToken.into(),
            LinkWalletError::ReauthenticationRequired => Code::ReauthenticationRequired.into(),
            LinkWalletError::InvalidSignature => Code::InvalidSignature.into(),
            LinkWalletError::MalformedSignature(error) => signature(error),
            LinkWalletError::WalletTaken => Code::WalletTaken.into(),
            LinkWalletError::Quota(exceeded) => exceeded.into(),
            LinkWalletError::Verify(error) => error.into(),
            LinkWalletError::Store(error) => error.into(),
        }
    }
}

impl From<VerifySsoError> for Problem {
    fn from(error: VerifySsoError) -> Self {
        match error {
            VerifySsoError::Refused => Code::InvalidSignature.into(),
            VerifySsoError::MalformedSignature(error) => signature(error),
            VerifySsoError::Used => Code::SsoSessionUsed.into(),
            VerifySsoError::Verify(error) => error.into(),
            VerifySsoError::Token(error) => error.into(),
            VerifySsoError::Store(error) => error.into(),
        }
    }
}

impl From<RedeemSsoCodeError> for Problem {
    fn from(error: RedeemSsoCodeError) -> Self {
        match error {
            RedeemSsoCodeError::InvalidGrant => Code::InvalidGrant.into(),
            RedeemSsoCodeError::MalformedVerifier(error) => fault("/code_verifier", error.code(), error.to_string()),
            RedeemSsoCodeError::Token(error) => error.into(),
            RedeemSsoCodeError::Store(error) => error.into(),
        }
    }
}

impl From<ExchangeTokenError> for Problem {
    fn from(error: ExchangeTokenError) -> Self {
        match error {
            ExchangeTokenError::NotAUser => Code::UserTokenRequired.into(),
            ExchangeTokenError::SessionEnded => Code::InvalidToken.into(),
            ExchangeTokenError::Refused => Code::ExchangeDenied.into(),
            ExchangeTokenError::UnknownAudience => Code::InvalidTarget.into(),
            ExchangeTokenError::Token(error) => error.into(),
            ExchangeTokenError::Store(error) => error.into(),
        }
    }
}

impl From<ViewProfileError> for Problem {
    fn from(error: ViewProfileError) -> Self {
        match error {
            // The account was deleted while its session was live, so the token identifies no user.
            ViewProfileError::NotFound => Code::InvalidToken.into(),
            ViewProfileError::Store(error) => error.into(),
        }
    }
}

impl From<UpdateProfileError> for Problem {
    fn from(error: UpdateProfileError) -> Self {
        match error {
            UpdateProfileError::NotFound => Code::InvalidToken.into(),
            UpdateProfileError::Store(error) => error.into(),
        }
    }
}

impl From<ChangePasswordError> for Problem {
    fn from(error: ChangePasswordError) -> Self {
        const CURRENT: &str = "/current_password";
        match error {
            ChangePasswordError::NotFound | ChangePasswordError::SessionEnded => Code::InvalidToken.into(),
            ChangePasswordError::CurrentMissing => fault(CURRENT, FieldErrorCode::Required, "is required"),
            ChangePasswordError::CurrentWrong => {
                fault(CURRENT, FieldErrorCode::WrongPassword, "must be the password that the account has")
            }
            ChangePasswordError::ReauthenticationRequired => Code::ReauthenticationRequired.into(),
            ChangePasswordError::NewPassword(error) => error.into(),
            ChangePasswordError::Hash(error) => error.into(),
            ChangePasswordError::Store(error) => error.into(),
        }
    }
}

impl From<NewPasswordError> for Problem {
    fn from(error: NewPasswordError) -> Self {
        const NEW: &str = "/new_password";
        match error {
            NewPasswordError::Length(error) => fault(NEW, error.code(), error.to_string()),
            NewPasswordError::WeakPassword(why) => fault(NEW, FieldErrorCode::WeakPassword, why.advice()),
            NewPasswordError::Hash(error) => error.into(),
        }
    }
}

impl From<WriteSystemDataError> for Problem {
    fn from(error: WriteSystemDataError) -> Self {
        match error {
            WriteSystemDataError::NotFound => Code::OrganizationNotFound.into(),
            WriteSystemDataError::Forbidden { organization } => Self::new(Code::Forbidden).denied_in(organization),
            WriteSystemDataError::MemberNotFound => Code::MemberNotFound.into(),
            WriteSystemDataError::Stale => Code::PreconditionFailed.into(),
            WriteSystemDataError::Document(error) => data(error),
            WriteSystemDataError::Store(error) => error.into(),
        }
    }
}

impl From<WriteCustomDataError> for Problem {
    fn from(error: WriteCustomDataError) -> Self {
        match error {
            WriteCustomDataError::NotFound => Code::UserNotFound.into(),
            WriteCustomDataError::Stale => Code::PreconditionFailed.into(),
            WriteCustomDataError::Document(error) => data(error),
            WriteCustomDataError::Store(error) => error.into(),
        }
    }
}

fn data(error: DocumentError) -> Problem {
    fault("/data", error.code(), error.to_string())
}

fn signature(error: WalletSignatureError) -> Problem {
    fault("/signature", error.code(), error.to_string())
}

/// Maps errors that differ only in their variants, one line each. The variant after `or` is a missing permission. The
/// variants after `by` contain an error that has its own mapping.
macro_rules! problems {
    ($($error:ident $(or $denied:ident)? $(by $cause:ident)* { $($variant:ident => $code:ident),+ $(,)? })+) => {$(
        impl From<$error> for Problem {
            fn from(error: $error) -> Self {
                match error {
                    $($error::$variant => Code::$code.into(),)+
                    $($error::$denied { organization } => Self::new(Code::Forbidden).denied_in(organization),)?
                    $($error::$cause(cause) => cause.into(),)*
                    $error::Store(error) => error.into(),
                }
            }
        }
    )+};
}

problems! {
    SignOutError { NotAUser => UserTokenRequired, NotFound => SessionNotFound }
    ListSessionsError { NotAUser => UserTokenRequired }
    ChallengeSsoError { NotFound => SsoSessionNotFound }
    BeginSsoError { UnknownApplication => UnauthorizedClient, RedirectUriNotRegistered => RedirectUriNotRegistered }
    ChallengeWalletError {
        NotAUser => UserTokenRequired,
        SessionEnded => InvalidToken,
        ReauthenticationRequired => ReauthenticationRequired,
    }
    UnlinkWalletError {
        NotAUser => UserTokenRequired,
        SessionEnded => InvalidToken,
        ReauthenticationRequired => ReauthenticationRequired,
        NotFound => WalletNotFound,
        LastSignInMethod => LastSignInMethod,
    }
    CreateOrganizationError by Quota { NotAUser => UserTokenRequired, SlugTaken => SlugTaken }
    ViewError { NotFound => OrganizationNotFound, MemberNotFound => MemberNotFound }
    AddMemberError or Forbidden by RateLimited by Quota {
        NotFound => OrganizationNotFound,
        ReauthenticationRequired => ReauthenticationRequired,
        UserNotFound => UserNotFound,
        AlreadyMember => AlreadyMember,
        UserLeft => UserLeft,
    }
    ChangeRoleError or Forbidden by Quota {
        NotFound => OrganizationNotFound,
        ReauthenticationRequired => ReauthenticationRequired,
        MemberNotFound => MemberNotFound,
        LastOwner => LastOwner,
    }
    RemoveMemberError or Forbidden {
        NotFound => OrganizationNotFound,
        MemberNotFound => MemberNotFound,
        LastOwner => LastOwner,
    }
    ListInvitationsError or Forbidden { NotFound => OrganizationNotFound }
    WithdrawInvitationError or Forbidden {
        NotFound => OrganizationNotFound,
        InvitationNotFound => InvitationNotFound,
        Closed => InvitationClosed,
    }
    AcceptInvitationError by Quota by Account { Invalid => InvitationInvalid, Claimed => InvitationInProgress }
    CreateApplicationError or Forbidden by Quota { NotFound => OrganizationNotFound }
    ViewApplicationError { NotFound => ApplicationNotFound, OrganizationNotFound => OrganizationNotFound }
    UpdateApplicationError or Forbidden { NotFound => ApplicationNotFound }
    DeleteApplicationError or Forbidden { NotFound => ApplicationNotFound }
    GenerateKeyError or Forbidden by Quota { NotFound => ApplicationNotFound }
    ListKeysError or Forbidden { NotFound => ApplicationNotFound }
    RevokeKeyError or Forbidden { NotFound => ApiKeyNotFound }
    PutItemError or Forbidden by Quota { NotFound => ApplicationNotFound }
    ListItemsError or Forbidden { NotFound => ApplicationNotFound }
    ViewSettingsError or Forbidden { NotFound => OrganizationNotFound }
    UpdateSettingsError or Forbidden { NotFound => OrganizationNotFound, Stale => PreconditionFailed }
    ViewSystemDataError or Forbidden { NotFound => OrganizationNotFound, DataNotFound => SystemDataNotFound }
    ViewCustomDataError { NotFound => UserNotFound }
}
