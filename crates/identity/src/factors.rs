//! Second factors: TOTP, recovery codes, and operations that wait for a second factor.

pub(crate) mod complete_operation;
pub(crate) mod confirm_totp;
pub(crate) mod events;
pub(crate) mod interrupt_operation;
pub(crate) mod model;
mod passkey_factor;
pub(crate) mod ports;
mod recovery_codes;
pub(crate) mod remove_totp;
pub(crate) mod replace_recovery_codes;
pub(crate) mod start_totp;
pub(crate) mod verify_factor;
mod view_factors;
