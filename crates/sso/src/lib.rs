//! Single sign-on domain: sign-ins of users to applications, and tokens for other services.
//!
//! This domain does not know accounts. It reaches the users of wallets and their sessions through [`ports`].
#![warn(missing_docs)]

mod codes;
mod relying_parties;
mod service;
mod service_tokens;
mod sign_in;
mod signing_keys;

pub use codes::{
    issue_token::SsoToken,
    redeem::{RedeemSsoCode, RedeemSsoCodeError},
};
pub use service::{SingleSignOn, SsoPorts};
pub use service_tokens::{
    exchange::{ExchangeToken, ExchangeTokenError, ExchangedToken},
    service::{ServiceTokenPorts, ServiceTokenSettings, ServiceTokens},
};
pub use sign_in::{
    begin::{BeginSsoError, BegunSso},
    challenge::{ChallengeSso, ChallengeSsoError, SsoQuestion},
    complete::CompleteSso,
    model::ENDED_SIGN_IN_KEPT,
    verify::{VerifiedSso, VerifySso, VerifySsoError},
    view::{SsoView, ViewSsoError},
};
pub use signing_keys::{maintain::KeysError, view::PublishedKey};

/// Entities and value objects of all features.
pub mod model {
    pub use crate::{
        codes::model::{
            AuthorizationCode, CodeChallenge, CodeChallengeError, CodeVerifier, CodeVerifierError, OneTimeSecret,
            SsoCodeState, SsoSecretError,
        },
        relying_parties::{
            model::{OpaqueState, OpaqueStateError, RelyingParty},
            redirect_uri::destination,
        },
        service_tokens::model::{Audience, AudienceError},
        sign_in::model::{AuthorizationState, SsoChallenge, SsoRequest, SsoSession, SsoSessionId, SsoSessionIdError},
        signing_keys::model::{
            JWKS_MAX_AGE, KeyId, KeyIdError, KeyRing, MAX_SNAPSHOT_AGE, NewKey, PUBLISH_BEFORE_USE, Plan, PublicKey,
            Retirement, RotationTrigger, SigningKey, TOKEN_LIFETIME,
        },
    };
}

/// Ports of all features.
pub mod ports {
    #[cfg(feature = "mock")]
    pub use crate::signing_keys::ports::MockSigningKeyStore;
    pub use crate::{
        codes::ports::SsoCodes,
        relying_parties::ports::RelyingParties,
        service_tokens::ports::{LiveSession, ProvenWallet, ServiceClaims, ServiceTokenSigner, Sessions, SigningError},
        sign_in::ports::{
            AuthenticateWalletError, SignedMessage, SsoBounds, SsoSessions, SsoStore, SsoTransaction,
            WalletAuthenticator, WalletMessage, WalletMessageRequest,
        },
        signing_keys::ports::{SigningKeyStore, SigningKeyTransaction, SigningKeys},
    };
}
