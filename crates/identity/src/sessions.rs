//! Sessions of users and their tokens: signing in, authentication, signing out.

pub(crate) mod authenticate;
pub(crate) mod continue_session;
pub(crate) mod events;
mod limit_sessions;
pub(crate) mod list_sessions;
pub(crate) mod model;
pub(crate) mod open_session;
pub(crate) mod ports;
pub(crate) mod reauthenticate;
mod record_session_uses;
pub(crate) mod refresh;
pub(crate) mod require_recent_authentication;
pub(crate) mod session_uses;
pub(crate) mod settings;
pub(crate) mod sign_in;
pub(crate) mod sign_out;
