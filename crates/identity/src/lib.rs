//! Identity domain: global users, passwords, wallets, sessions and user data.
//!
//! This domain does not know organizations, roles or applications. The domain that owns a resource decides what a user
//! may do with it.

mod check_password;
mod events;
mod issued_challenges;
pub mod model;
mod new_password;
mod notices;
pub mod ports;
mod quotas;
mod recent_authentication;
mod service;
mod session_uses;
mod usecases;

pub use new_password::NewPasswordError;
pub use quotas::IdentityQuotas;
pub use service::{Identity, IdentityPorts, IdentitySettings};
pub use usecases::{
    authenticate::AuthenticateError,
    authenticate_wallet::{AuthenticateWallet, AuthenticateWalletError},
    challenge_wallet::ChallengeWalletError,
    change_password::{ChangePassword, ChangePasswordError},
    continue_session::ContinueSessionError,
    format_message::WalletMessage,
    link_wallet::{LinkWallet, LinkWalletError},
    list_sessions::{ListSessionsError, OwnSessions},
    provision_account::{NewAccount, ProvisionAccount, ProvisionAccountError, ProvisionedAccount},
    redeem_challenge::WalletProof,
    register::{Register, RegisterError},
    request_password_reset::RequestPasswordReset,
    reset_password::{ResetPassword, ResetPasswordError},
    sign_in::{SignIn, SignInError, SignedIn},
    sign_in_with_wallet::{SignInWithWallet, SignInWithWalletError},
    sign_out::SignOutError,
    unlink_wallet::UnlinkWalletError,
    update_profile::{UpdateProfile, UpdateProfileError},
    verify_email::VerifyEmailError,
    view_custom_data::ViewCustomDataError,
    view_profile::ViewProfileError,
    write_custom_data::{WriteCustomData, WriteCustomDataError},
};
