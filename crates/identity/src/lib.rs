//! Identity domain: global users, passwords, wallets, sessions and user data.
//!
//! This domain does not know organizations, roles or applications. The domain that owns a resource decides what a user
//! may do with it.
#![warn(missing_docs)]

mod accounts;
mod addresses;
mod devices;
mod factors;
pub mod model;
mod passkeys;
mod passwords;
pub mod ports;
mod profile;
mod quotas;
mod requester;
mod service;
mod sessions;
mod store;
mod wallets;

pub use accounts::register::{Register, RegisterError};
pub use addresses::{
    change_email::ChangeEmailError,
    confirm_email::{ConfirmEmail, ConfirmEmailError, ConfirmedEmail, PresentedProof},
    request_registration::RequestedRegistration,
    resend::{ResendError, ResendVerification},
    view_email::MailedProof,
};
pub use factors::{
    complete_operation::{CompleteOperation, CompleteOperationError, CompletedOperation},
    confirm_totp::ConfirmTotpError,
    remove_totp::RemoveTotpError,
    replace_recovery_codes::ReplaceRecoveryCodesError,
    start_totp::{StartTotpError, StartedTotp},
    verify_factor::PresentedFactor,
};
pub use passkeys::{
    add_passkey::{AddPasskey, AddPasskeyError, AddedPasskey},
    check_passkey::CheckPasskeyError,
    reauthenticate_with_passkey::ReauthenticateWithPasskeyError,
    remove_passkey::RemovePasskeyError,
    sign_in_with_passkey::{SignInWithPasskey, SignInWithPasskeyError},
    start_ceremony::StartCeremonyError,
};
pub use passwords::{
    change_password::{ChangePassword, ChangePasswordError},
    check_new_password::NewPasswordError,
    request_password_reset::RequestPasswordReset,
    reset_password::{ResetPassword, ResetPasswordError},
};
pub use profile::{
    update_profile::UpdateProfile, view_custom_data::ViewCustomDataError, view_profile::ProfileError,
    write_custom_data::WriteCustomDataError,
};
pub use quotas::IdentityQuotas;
pub use service::{Identity, IdentityPorts, IdentitySettings};
pub use sessions::{
    authenticate::AuthenticateError,
    continue_session::ContinueSessionError,
    list_sessions::OwnSessions,
    open_session::{IssuedRefresh, SignedIn},
    reauthenticate::{Reauthenticate, ReauthenticateError, Reauthenticated},
    refresh::{Refresh, RefreshError, Refreshed},
    require_recent_authentication::SessionError,
    sign_in::{SignIn, SignInError},
    sign_out::SignOutError,
};
pub use wallets::{
    authenticate_wallet::{AuthenticateWallet, AuthenticateWalletError},
    format_message::WalletMessage,
    link_wallet::{LinkWallet, LinkWalletError},
    redeem_challenge::WalletProof,
    sign_in_with_wallet::{SignInWithWallet, SignInWithWalletError},
    unlink_wallet::UnlinkWalletError,
};
