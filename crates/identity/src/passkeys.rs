//! Passkeys (WebAuthn): adding, removing, and signing in.

pub(crate) mod add_passkey;
pub(crate) mod check_passkey;
pub(crate) mod events;
pub(crate) mod list_passkeys;
pub(crate) mod model;
pub(crate) mod ports;
pub(crate) mod reauthenticate_with_passkey;
pub(crate) mod remove_passkey;
pub(crate) mod sign_in_with_passkey;
pub(crate) mod start_ceremony;
pub(crate) mod verify_passkey;
