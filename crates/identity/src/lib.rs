//! Who somebody is: global users, their passwords, and the sessions they open with them.
//!
//! Owns users and sessions, and the tokens by which other services know a user. Knows nothing of organizations, roles or
//! applications: what a user may do is for the domains that own the thing to say. A service token repeats the role that
//! `Memberships` tells, and no more.

mod events;
pub mod model;
pub mod ports;
mod service;
mod service_tokens;
mod usecases;

pub use service::{Identity, IdentityPorts, IdentitySettings};
pub use service_tokens::{ServiceTokenPorts, ServiceTokenSettings, ServiceTokens};
pub use usecases::{
    authenticate::AuthenticateError,
    exchange_token::{ExchangeToken, ExchangeTokenError, ExchangedToken},
    look_after_keys::KeysError,
    register::{Register, RegisterError},
    sign_in::{SignIn, SignInError, SignedIn},
    sign_out::SignOutError,
    view_keys::PublishedKey,
    view_profile::ViewProfileError,
};
