//! Builders of proofs and changes of addresses, and of pending registrations.

use tessera_identity::model::{EmailChange, EmailProof, PasswordHash, PendingRegistration, ProofSide, User};
use tessera_kernel::SecretHash;
use time::{Duration, OffsetDateTime};

use super::user;
use crate::expectations::{parsed, some};

/// A hash that differs for each kind and number.
fn hash(kind: u8, number: u32) -> SecretHash {
    let mut hash = [kind; 32];
    hash[..4].copy_from_slice(&number.to_be_bytes());
    SecretHash::from_bytes(hash)
}

/// A proof for a user with an address. It expires `left` seconds after `now`. Only its hashes exist.
///
/// # Panics
/// Panics if the user has no address.
#[must_use]
pub fn email_proof(number: u32, of: &User, side: ProofSide, now: OffsetDateTime, left: i64) -> EmailProof {
    EmailProof {
        user: of.id,
        side,
        email: some(of.email.clone()),
        token: hash(0xE1, number),
        code: hash(0xE2, number),
        expires_at: now + Duration::seconds(left),
    }
}

/// A change that waits for both sides. It expires `left` seconds after `now`.
#[must_use]
pub fn email_change(of: &User, now: OffsetDateTime, left: i64) -> EmailChange {
    EmailChange {
        user: of.id,
        email: parsed("New.Address@example.com"),
        awaits_new: true,
        awaits_old: true,
        expires_at: now + Duration::seconds(left),
    }
}

/// A registration of the address of [`user`] with the same number. It expires `left` seconds after `now`.
#[must_use]
pub fn pending_registration(number: u32, now: OffsetDateTime, left: i64) -> PendingRegistration {
    let known = user(number);
    let user = User { email_verified: false, avatar_url: None, updated_at: known.created_at, ..known };
    PendingRegistration {
        user,
        password_hash: PasswordHash::from_phc(format!("hash of registration {number}")),
        secret: hash(0xE3, number),
        token: hash(0xE4, number),
        code: hash(0xE5, number),
        expires_at: now + Duration::seconds(left),
    }
}
