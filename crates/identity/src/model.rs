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
    sessions::{
        model::{
            DeviceLabel, DeviceName, KnownSession, RefreshChain, RefreshFamily, RefreshSecretId, RefreshToken,
            RefreshTokenError, RefreshUse, RefreshUses, Session, SessionRequest, SessionState, SignInMethod,
            SignInMethods,
        },
        settings::RefreshSettings,
    },
    wallets::model::{Challenge, ChallengeLimits, Nonce, NonceError, Purpose, Site, SiweError, SiweMessage, Wallet},
};
