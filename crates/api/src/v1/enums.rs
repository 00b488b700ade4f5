//! Enumerations for the OpenAPI document.

use serde::Serialize;
use tessera_identity::model::SignInMethod;
use tessera_kernel::{KeyScope, Role};
use utoipa::ToSchema;

/// The role of a member. A role includes all permissions of the lower roles.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Role, example = "member")]
pub(super) enum RoleName {
    Owner,
    Admin,
    Member,
}

impl From<Role> for RoleName {
    fn from(role: Role) -> Self {
        match role {
            Role::Owner => Self::Owner,
            Role::Admin => Self::Admin,
            Role::Member => Self::Member,
        }
    }
}

/// The scope of a key.
#[derive(serde::Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = KeyScope, example = "read")]
pub(crate) enum ScopeName {
    /// The key only reads.
    Read,
    /// The key reads and writes.
    ReadWrite,
}

impl From<KeyScope> for ScopeName {
    fn from(scope: KeyScope) -> Self {
        match scope {
            KeyScope::Read => Self::Read,
            KeyScope::ReadWrite => Self::ReadWrite,
        }
    }
}

/// A way to authenticate.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = SignInMethod, example = "password")]
pub(crate) enum MethodName {
    /// The password of the account.
    Password,
    /// A signature of a linked wallet.
    Wallet,
    /// A passkey.
    Passkey,
    /// A time-based one-time password.
    Totp,
    /// A recovery code.
    RecoveryCode,
    /// A mail to the address of the account.
    Email,
}

impl From<SignInMethod> for MethodName {
    fn from(method: SignInMethod) -> Self {
        match method {
            SignInMethod::Password => Self::Password,
            SignInMethod::Wallet => Self::Wallet,
            SignInMethod::Passkey => Self::Passkey,
            SignInMethod::Totp => Self::Totp,
            SignInMethod::RecoveryCode => Self::RecoveryCode,
            SignInMethod::Email => Self::Email,
        }
    }
}
