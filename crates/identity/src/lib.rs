//! Who somebody is: global users, their passwords and wallets, and the sessions they open with them.
//!
//! Owns users, wallets and sessions. Knows nothing of organizations, roles or applications: what a user may do is for the
//! domains that own the thing to say.

mod events;
pub mod model;
pub mod ports;
mod service;
mod sso;
mod usecases;

pub use service::{Identity, IdentityPorts, IdentitySettings};
pub use sso::{SingleSignOn, SsoPorts};
pub use usecases::{
    authenticate::AuthenticateError,
    challenge_wallet::ChallengeWalletError,
    link_wallet::{LinkWallet, LinkWalletError},
    redeem_challenge::WalletProof,
    register::{Register, RegisterError},
    sign_in::{SignIn, SignInError, SignedIn},
    sign_in_with_wallet::{SignInWithWallet, SignInWithWalletError},
    sign_out::SignOutError,
    sso_begin::{BeginSsoError, BegunSso},
    sso_view::{SsoView, ViewSsoError},
    unlink_wallet::UnlinkWalletError,
    view_profile::ViewProfileError,
};
