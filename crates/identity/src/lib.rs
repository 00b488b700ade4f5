//! Who somebody is: global users, their passwords, and the sessions they open with them.
//!
//! Owns users, sessions and the data that users keep about themselves. Knows nothing of organizations, roles or
//! applications: what a user may do is for the domains that own the thing to say.

mod events;
pub mod model;
mod new_password;
pub mod ports;
mod service;
mod usecases;

pub use new_password::NewPasswordError;
pub use service::{Identity, IdentityPorts, IdentitySettings};
pub use usecases::{
    authenticate::AuthenticateError,
    change_password::{ChangePassword, ChangePasswordError},
    continue_session::ContinueSessionError,
    register::{Register, RegisterError},
    sign_in::{SignIn, SignInError, SignedIn},
    sign_out::SignOutError,
    update_profile::{UpdateProfile, UpdateProfileError},
    view_custom_data::ViewCustomDataError,
    view_profile::ViewProfileError,
    welcome::{Welcome, WelcomeError, Welcomed},
    write_custom_data::{WriteCustomData, WriteCustomDataError},
};
