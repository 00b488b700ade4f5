//! Builders of password resets.

use tessera_identity::model::{PasswordReset, ResetRequest, User};
use tessera_kernel::{ResetRequestId, SecretHash};
use time::{Duration, OffsetDateTime};

use super::{id, origin, user};
use crate::expectations::some;

/// A reset request for the address of [`user`] with the same number. It expires `left` seconds after `now`.
#[must_use]
pub fn reset_request(number: u32, now: OffsetDateTime, left: i64) -> ResetRequest {
    ResetRequest {
        id: id(10, number, ResetRequestId::generate),
        email: some(user(number).email),
        origin: origin(),
        expires_at: now + Duration::seconds(left),
        links_left: Some(4),
    }
}

/// A reset token for a user with an address. It expires `left` seconds after `now`. Only its hash exists.
///
/// # Panics
/// Panics if the user has no address.
#[must_use]
pub fn password_reset(number: u32, of: &User, now: OffsetDateTime, left: i64) -> PasswordReset {
    let mut hash = [0xD2; 32];
    hash[..4].copy_from_slice(&number.to_be_bytes());
    PasswordReset {
        user: of.id,
        email: some(of.email.clone()),
        hash: SecretHash::from_bytes(hash),
        expires_at: now + Duration::seconds(left),
    }
}
