//! Entities and value objects of all features.

pub use crate::{
    accounts::model::{
        Credentials, DisplayName, PersonName, RegistrationClosed, RegistrationMode, RegistrationModeError, User,
    },
    addresses::model::{
        EmailChange, EmailProof, EmailStatus, PendingRegistration, ProofSide, RegistrationSecret, VERIFICATION_TTL,
        VerificationCode, VerificationCodeError, VerificationToken, WRONG_CODES,
    },
    devices::model::{Device, DeviceToken},
    factors::model::{
        EnrolledFactors, FactorKind, FactorStatus, Interrupted, InterruptedOperation, MfaToken, RecoveryCode,
        RecoveryCodeError, SealedTotpSecret, TotpCode, TotpCodeError, TotpEnrollment, TotpFactor, TotpSecret,
    },
    passkeys::model::{
        Ceremony, CeremonyOptions, CeremonyPurpose, CredentialId, CredentialResponse, Passkey, PasskeyName,
        PasskeyProof, StartedCeremony,
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
