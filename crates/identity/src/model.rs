//! Entities and value objects of all features.

pub use crate::{
    accounts::model::{Credentials, DisplayName, PersonName, User},
    devices::model::Device,
    factors::model::{
        EnrolledFactors, FactorKind, FactorStatus, Interrupted, InterruptedOperation, MfaToken, RecoveryCode,
        RecoveryCodeError, SealedTotpSecret, TotpCode, TotpCodeError, TotpEnrollment, TotpFactor, TotpSecret,
    },
    passwords::model::{
        HashCost, Password, PasswordAttempt, PasswordError, PasswordHash, PasswordReset, ResetRequest, ResetToken,
    },
    profile::model::{AvatarUrl, AvatarUrlError},
    sessions::model::{KnownSession, Session, SessionState},
    wallets::model::{Challenge, ChallengeLimits, Nonce, NonceError, Purpose, Site, SiweError, SiweMessage, Wallet},
};
