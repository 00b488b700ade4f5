//! The mapping of use-case errors to problems. Each `match` is exhaustive, so a new variant does not compile without a
//! mapping.

mod keys;
mod wallets;

use tessera_apikeys::{KeyError, ServiceAccountError};
use tessera_identity::{
    ChangeEmailError, ChangePasswordError, CompleteOperationError, ConfirmEmailError, ConfirmTotpError,
    LinkWalletError, NewPasswordError, ProfileError, RegisterError, RemoveTotpError, ReplaceRecoveryCodesError,
    ResendError, ResetPasswordError, SessionError, SignInError, SignInWithWalletError, SignOutError, StartTotpError,
    UnlinkWalletError, ViewCustomDataError, WriteCustomDataError,
    model::RegistrationClosed,
    ports::{HashError, TokenError, WeakPassword},
};
use tessera_kernel::{
    AccessError, AccountError, CreateError, CurrentOrganizationError, DocumentWriteError, MfaRequired, PasswordFault,
    RateLimitError, Scope,
};
use tessera_orgs::{
    AcceptInvitationError, AddMemberError, ChangeRoleError, CreateOrganizationError, DeleteOrganizationError,
    InviteError, OwnInvitationError, RemoveMemberError, ResendInvitationError, UpdateOrganizationError,
    UpdateSettingsError, ViewMemberError, ViewSystemDataError, WithdrawInvitationError, WriteSystemDataError,
};
use tessera_sso::{
    BeginSsoError, ChallengeSsoError, ExchangeTokenError, RedeemSsoCodeError, VerifySsoError, model::CodeVerifierError,
    ports::SigningError,
};

use crate::problem::{
    Problem,
    code::Code,
    field_error::{FieldError, FieldErrorCode, ToFieldError},
};

impl From<Code> for Problem {
    fn from(code: Code) -> Self {
        Self::new(code)
    }
}

impl From<AccessError> for Problem {
    fn from(error: AccessError) -> Self {
        match error {
            AccessError::NotFound(Scope::Organization(_)) => Code::OrganizationNotFound.into(),
            AccessError::NotFound(Scope::Application(_)) => Code::ApplicationNotFound.into(),
            AccessError::Forbidden { organization } => Self::new(Code::Forbidden).denied_in(organization),
            AccessError::ReadOnlyKey { organization } => Self::new(Code::ReadOnlyKey).denied_in(organization),
            AccessError::MfaRequired { organization } => {
                Self::new(Code::OrganizationRequiresMfa).denied_in(organization)
            }
            AccessError::Store(error) => error.into(),
        }
    }
}

impl From<RateLimitError> for Problem {
    fn from(error: RateLimitError) -> Self {
        error.split()
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
            TokenError::Invalid | TokenError::UnknownSecret | TokenError::Signing(_) => Self::new(Code::Internal),
        }
        .caused_by(error)
    }
}

impl From<SigningError> for Problem {
    fn from(error: SigningError) -> Self {
        Self::new(Code::Internal).caused_by(error)
    }
}

impl From<RegisterError> for Problem {
    fn from(error: RegisterError) -> Self {
        match error {
            RegisterError::EmailTaken => Code::EmailTaken.into(),
            RegisterError::PasswordLength(error) => fault("/password", error.code(), error.to_string()),
            RegisterError::PasswordWeak(why) => weak("/password", &why),
            RegisterError::Closed(closed) => closed.into(),
            RegisterError::RateLimited(limited) => limited.into(),
            RegisterError::Hash(error) => error.into(),
            RegisterError::Store(error) => error.into(),
        }
    }
}

impl From<RegistrationClosed> for Problem {
    fn from(_: RegistrationClosed) -> Self {
        Code::RegistrationClosed.into()
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
                    PasswordFault::Breached => FieldErrorCode::BreachedPassword,
                };
                fault("/password", code, detail)
            }
            AccountError::Busy { retry_after } => {
                Self::new(Code::Busy).retry_after(retry_after.as_secs() + 1).caused_by(error)
            }
            AccountError::RateLimited(limited) => limited.into(),
            AccountError::Failed(cause) => Self::new(Code::Internal).caused_by(AccountError::Failed(cause)),
            AccountError::Store(error) => error.into(),
        }
    }
}

fn weak(pointer: &str, why: &WeakPassword) -> Problem {
    let code = if why.breached { FieldErrorCode::BreachedPassword } else { FieldErrorCode::WeakPassword };
    fault(pointer, code, why.advice())
}

/// A field error that is found after the fields were parsed.
fn fault(pointer: &str, code: FieldErrorCode, detail: impl Into<String>) -> Problem {
    Problem::new(Code::InvalidBody).faults(vec![FieldError::new(pointer.to_owned(), code, detail)])
}

impl From<MfaRequired> for Problem {
    fn from(required: MfaRequired) -> Self {
        Self::mfa_required(required)
    }
}

impl From<ConfirmTotpError> for Problem {
    fn from(error: ConfirmTotpError) -> Self {
        match error {
            ConfirmTotpError::WrongCode => {
                let detail = "must be the present code of the authenticator app; start again if 10 minutes have passed";
                fault("/totp", FieldErrorCode::WrongCode, detail)
            }
            ConfirmTotpError::Session(error) => error.into(),
            ConfirmTotpError::RateLimited(limited) => limited.into(),
            ConfirmTotpError::Store(error) => error.into(),
        }
    }
}

impl From<ChangePasswordError> for Problem {
    fn from(error: ChangePasswordError) -> Self {
        const CURRENT: &str = "/current_password";
        match error {
            ChangePasswordError::NotFound => Code::InvalidToken.into(),
            ChangePasswordError::Session(error) => error.into(),
            ChangePasswordError::CurrentMissing => fault(CURRENT, FieldErrorCode::Required, "is required"),
            ChangePasswordError::CurrentWrong => {
                fault(CURRENT, FieldErrorCode::WrongPassword, "must be the current password of the account")
            }
            ChangePasswordError::NewPassword(error) => error.into(),
            ChangePasswordError::RateLimited(limited) => limited.into(),
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
            NewPasswordError::WeakPassword(why) => weak(NEW, &why),
            NewPasswordError::Hash(error) => error.into(),
        }
    }
}

/// Each document that can be merged is the member `data` of its request.
impl From<DocumentWriteError> for Problem {
    fn from(error: DocumentWriteError) -> Self {
        match error {
            DocumentWriteError::Stale => Code::PreconditionFailed.into(),
            DocumentWriteError::TooLarge(error) => fault("/data", error.code(), error.to_string()),
        }
    }
}

impl From<CodeVerifierError> for Problem {
    fn from(error: CodeVerifierError) -> Self {
        fault("/code_verifier", error.code(), error.to_string())
    }
}

/// Maps errors that differ only in their variants, one line each. The variants after `by` contain an error that has its
/// own mapping.
macro_rules! problems {
    ($($error:ident $(by $cause:ident)* { $($variant:ident => $code:ident),* $(,)? })+) => {$(
        impl From<$error> for Problem {
            fn from(error: $error) -> Self {
                match error {
                    $($error::$variant => Code::$code.into(),)*
                    $($error::$cause(cause) => cause.into(),)*
                    $error::Store(error) => error.into(),
                }
            }
        }
    )+};
}

problems! {
    SignInError by RateLimited by Hash by Token by MfaRequired { InvalidCredentials => InvalidCredentials }
    SignOutError { NotAUser => UserTokenRequired, NotFound => SessionNotFound }
    ResetPasswordError by NewPassword by Hash { Invalid => InvalidResetToken }
    ConfirmEmailError by RateLimited by Hash by Token {
        Invalid => InvalidVerificationToken,
        NotVerified => EmailNotVerified,
        AccountRequired => AuthenticationRequired,
        EmailTaken => EmailTaken,
    }
    ResendError by RateLimited { UserRequired => UserTokenRequired }
    ChangeEmailError by Session by RateLimited { Unchanged => EmailUnchanged }
    // The account was deleted while its session was live, so the token identifies no user.
    ProfileError { NotFound => InvalidToken }
    ViewCustomDataError { NotFound => UserNotFound }
    WriteCustomDataError by Write { NotFound => UserNotFound }
    SessionError {
        NotAUser => UserTokenRequired,
        SessionEnded => InvalidToken,
        ReauthenticationRequired => ReauthenticationRequired,
    }
    LinkWalletError by MalformedSignature by Session by Quota by Verify { InvalidSignature => InvalidSignature, WalletTaken => WalletTaken }
    UnlinkWalletError by Session { NotFound => WalletNotFound, LastSignInMethod => LastSignInMethod }
    SignInWithWalletError by MalformedSignature by Closed by Verify by Token by MfaRequired { InvalidSignature => InvalidSignature }
    StartTotpError by Session { Exists => TotpExists }
    RemoveTotpError by Session { NotFound => TotpNotFound }
    ReplaceRecoveryCodesError by Session { NoFactor => NoFactor }
    CompleteOperationError by RateLimited by Token { InvalidToken => InvalidMfaToken, InvalidFactor => InvalidFactor }
    BeginSsoError { UnknownApplication => UnauthorizedClient, RedirectUriNotRegistered => RedirectUriNotRegistered }
    ChallengeSsoError { NotFound => SsoSessionNotFound }
    VerifySsoError by MalformedSignature by Verify by Token { Refused => InvalidSignature, Used => SsoSessionUsed }
    RedeemSsoCodeError by MalformedVerifier by Token { InvalidGrant => InvalidGrant }
    ExchangeTokenError by Token {
        NotAUser => UserTokenRequired,
        SessionEnded => InvalidToken,
        Refused => ExchangeDenied,
        UnknownAudience => InvalidTarget,
    }
    CreateError by Access by Quota {}
    CreateOrganizationError by Quota { NotAUser => UserTokenRequired, SlugTaken => SlugTaken }
    ViewMemberError by Access { MemberNotFound => MemberNotFound }
    AddMemberError by Access by RateLimited by Quota {
        ReauthenticationRequired => ReauthenticationRequired,
        UserNotFound => UserNotFound,
        AlreadyMember => AlreadyMember,
        UserLeft => UserLeft,
    }
    ChangeRoleError by Access by Quota {
        ReauthenticationRequired => ReauthenticationRequired,
        MemberNotFound => MemberNotFound,
        LastOwner => LastOwner,
    }
    RemoveMemberError by Access { MemberNotFound => MemberNotFound, LastOwner => LastOwner }
    InviteError by Access by Quota by RateLimited {
        ReauthenticationRequired => ReauthenticationRequired,
        AlreadyMember => AlreadyMember,
    }
    ResendInvitationError by Access by Quota by RateLimited {
        InvitationNotFound => InvitationNotFound,
        AlreadyMember => AlreadyMember,
        ReauthenticationRequired => ReauthenticationRequired,
        Closed => InvitationClosed,
    }
    WithdrawInvitationError by Access { InvitationNotFound => InvitationNotFound, Closed => InvitationClosed }
    AcceptInvitationError by Quota by Account { Invalid => InvitationInvalid, Claimed => InvitationInProgress }
    OwnInvitationError by Accept { NotFound => InvitationNotFound }
    DeleteOrganizationError by Access {
        ReauthenticationRequired => ReauthenticationRequired,
        SlugMismatch => SlugMismatch,
    }
    UpdateOrganizationError by Access {
        SlugTaken => SlugTaken,
        ReauthenticationRequired => ReauthenticationRequired,
    }
    UpdateSettingsError by Access by Write {}
    ViewSystemDataError by Access { DataNotFound => SystemDataNotFound }
    WriteSystemDataError by Access by Write { MemberNotFound => MemberNotFound }
    KeyError by Access { NotFound => ApiKeyNotFound, Revoked => ApiKeyRevoked }
    ServiceAccountError by Access { NotFound => ServiceAccountNotFound }
    CurrentOrganizationError { NotFound => OrganizationNotFound, Ambiguous => InvalidOrganization }
}
