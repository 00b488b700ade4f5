//! Identity domain: global users, passwords, wallets, sessions, user data, and tokens for other services.
//!
//! This domain does not know organizations, roles or applications. The domain that owns a resource decides what a user
//! may do with it. A service token only repeats the role that `Memberships` returns.

mod check_password;
mod events;
mod invited_accounts;
mod issued_challenges;
pub mod model;
mod new_password;
mod notices;
pub mod ports;
mod quotas;
mod recent_authentication;
mod service;
mod service_tokens;
mod session_uses;
mod sso;
mod usecases;

pub use new_password::NewPasswordError;
pub use quotas::IdentityQuotas;
pub use service::{Identity, IdentityPorts, IdentitySettings};
pub use service_tokens::{ServiceTokenPorts, ServiceTokenSettings, ServiceTokens};
pub use sso::{SingleSignOn, SsoPorts};
pub use usecases::{
    authenticate::AuthenticateError,
    challenge_wallet::ChallengeWalletError,
    change_password::{ChangePassword, ChangePasswordError},
    continue_session::ContinueSessionError,
    exchange_token::{ExchangeToken, ExchangeTokenError, ExchangedToken},
    link_wallet::{LinkWallet, LinkWalletError},
    list_sessions::{ListSessionsError, OwnSessions},
    maintain_signing_keys::KeysError,
    open_session::SignedIn,
    provision_account::{NewAccount, ProvisionAccount, ProvisionAccountError, ProvisionedAccount},
    redeem_challenge::WalletProof,
    register::{Register, RegisterError},
    request_password_reset::RequestPasswordReset,
    reset_password::{ResetPassword, ResetPasswordError},
    sign_in::{SignIn, SignInError},
    sign_in_with_wallet::{SignInWithWallet, SignInWithWalletError},
    sign_out::SignOutError,
    sso_begin::{BeginSsoError, BegunSso},
    sso_challenge::{ChallengeSso, ChallengeSsoError, SsoQuestion},
    sso_redeem::{RedeemSsoCode, RedeemSsoCodeError},
    sso_token::SsoToken,
    sso_verify::{VerifiedSso, VerifySso, VerifySsoError},
    sso_view::{SsoView, ViewSsoError},
    unlink_wallet::UnlinkWalletError,
    update_profile::{UpdateProfile, UpdateProfileError},
    verify_email::VerifyEmailError,
    view_custom_data::ViewCustomDataError,
    view_keys::PublishedKey,
    view_profile::ViewProfileError,
    write_custom_data::{WriteCustomData, WriteCustomDataError},
};
