//! The results of verifications.

/// The result of a verification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VerificationCode {
    /// The key is valid and has the required permissions.
    Valid,
    /// The key does not exist.
    NotFound,
    /// The key is revoked.
    Revoked,
    /// The key has expired, or the overlap after its rotation has ended.
    Expired,
    /// The key is disabled, its user is no longer a member, or its service account is disabled.
    Disabled,
    /// The key is valid but lacks a required permission.
    InsufficientPermissions,
    /// The key must not be used from this address.
    AddressNotAllowed,
    /// A limit of the key is reached.
    RateLimited,
    /// The key has no uses left.
    UsageExceeded,
}
