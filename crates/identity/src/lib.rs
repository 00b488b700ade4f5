//! Who somebody is: global users, their passwords, and the sessions they open with them.
//!
//! Owns users, sessions and the data that users keep about themselves. Knows nothing of organizations, roles or
//! applications: what a user may do is for the domains that own the thing to say. A service token, by which others know a
//! user, repeats the role that `Memberships` tells, and no more.

mod events;
pub mod model;
mod new_password;
pub mod ports;
mod service;
mod service_tokens;
mod usecases;

pub use new_password::NewPasswordError;
pub use service::{Identity, IdentityPorts, IdentitySettings};
pub use service_tokens::{ServiceTokenPorts, ServiceTokenSettings, ServiceTokens};
pub use usecases::{
    authenticate::AuthenticateError,
    change_password::{ChangePassword, ChangePasswordError},
    continue_session::ContinueSessionError,
    exchange_token::{ExchangeToken, ExchangeTokenError, ExchangedToken},
    look_after_keys::KeysError,
    register::{Register, RegisterError},
    sign_in::{SignIn, SignInError, SignedIn},
    sign_out::SignOutError,
    update_profile::{UpdateProfile, UpdateProfileError},
    view_custom_data::ViewCustomDataError,
    view_keys::PublishedKey,
    view_profile::ViewProfileError,
    welcome::{Welcome, WelcomeError, Welcomed},
    write_custom_data::{WriteCustomData, WriteCustomDataError},
};
