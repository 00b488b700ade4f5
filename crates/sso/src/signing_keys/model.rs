//! Signing keys, and the set of all of them.

mod key_ring;
mod signing_key;

pub use key_ring::{
    JWKS_MAX_AGE, KeyRing, MAX_SNAPSHOT_AGE, PUBLISH_BEFORE_USE, Plan, RotationTrigger, TOKEN_LIFETIME,
};
pub use signing_key::{KeyId, KeyIdError, NewKey, PublicKey, Retirement, SigningKey};
