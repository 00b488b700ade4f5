//! Ports of all features.

pub use crate::{
    accounts::ports::{AccountChange, AccountMails, Users, VerificationMail, VerificationReason},
    addresses::ports::{EmailProofs, EmailVerifications, PendingRegistrations},
    devices::ports::{DeviceStatus, DeviceTokens, KNOWN_NETWORK_DAYS, KnownDevices, MOST_KNOWN_NETWORKS},
    factors::ports::{FactorRows, Factors, InterruptedOperations, TotpProvisioning, TotpVerifier},
    passkeys::ports::{
        Assertion, CeremonyStart, ClaimedCredential, NewCredential, PasskeyStore, Passkeys, TakenCeremony, WebAuthn,
        WebAuthnError,
    },
    passwords::ports::{
        Comparison, HashError, PasswordHasher, PasswordResetRows, PasswordResets, PasswordStrength, Verdict,
        WeakPassword, WrongPasswords,
    },
    profile::ports::CustomDataRows,
    requester::Requester,
    sessions::ports::{AccessClaims, RefreshCodes, SessionJobs, Sessions, TokenError, TokenSigner},
    store::{IdentityStore, IdentityTransaction, PasswordCheckContext, RequestHashes},
    wallets::ports::{
        Call, ChainReader, Challenges, ReadChainError, SignatureCheck, SignerKind, Taken, VerifyError, WalletVerifier,
        Wallets,
    },
};
#[cfg(feature = "mock")]
pub use crate::{sessions::ports::MockSessionJobs, store::MockIdentityStore};
