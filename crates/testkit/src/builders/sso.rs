//! Builders for sign-ins to applications.

use tessera_kernel::{ApplicationId, SecretHash, UserId};
use tessera_sso::model::{
    AuthorizationCode, AuthorizationState, CodeChallenge, SsoChallenge, SsoCodeState, SsoRequest, SsoSession,
    SsoSessionId,
};
use time::Duration;

use super::{NOW, organization_id};
use crate::{expectations::parsed, fakes::SequentialEntropy};

/// An authorization request of [`application`](super::application).
#[must_use]
pub fn sso_request(of: ApplicationId) -> SsoRequest {
    SsoRequest {
        application: of,
        redirect_uri: "https://z.example.com/callback?x=%20".to_owned(),
        state: parsed("af0ifjsldkj ~!"),
        nonce: Some(parsed("n-0S6_WzA2Mj")),
        code_challenge: CodeChallenge::from_hash(SecretHash::from_bytes([0x5A; 32])),
    }
}

/// A new session with a lifetime of ten minutes.
#[must_use]
pub fn sso_session(number: u32, of: ApplicationId) -> SsoSession {
    SsoSession {
        id: SsoSessionId::generate(&SequentialEntropy::starting_at(u64::from(number))),
        request: sso_request(of),
        browser: SecretHash::from_bytes([0xB0; 32]),
        step: AuthorizationState::Started,
        created_at: NOW,
        expires_at: NOW + Duration::minutes(10),
        network: None,
    }
}

/// A challenge to sign on Polygon.
#[must_use]
pub fn sso_challenge(number: u32) -> SsoChallenge {
    SsoChallenge {
        message: format!("tessera.example wants you to sign in\n\nmessage {number}\n"),
        account: parsed("eip155:137:0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"),
        expires_at: NOW + Duration::minutes(5),
    }
}

/// An unredeemed code with a lifetime of one minute.
#[must_use]
pub fn sso_code(number: u32, of: ApplicationId, user: UserId) -> AuthorizationCode {
    let mut hash = [0xC0; 32];
    hash[..4].copy_from_slice(&number.to_be_bytes());
    let request = sso_request(of);
    AuthorizationCode {
        hash: SecretHash::from_bytes(hash),
        application: of,
        organization: organization_id(1),
        redirect_uri: request.redirect_uri,
        code_challenge: request.code_challenge,
        nonce: request.nonce,
        user,
        account: sso_challenge(number).account,
        state: SsoCodeState::Open,
        created_at: NOW,
        expires_at: NOW + Duration::seconds(60),
    }
}
