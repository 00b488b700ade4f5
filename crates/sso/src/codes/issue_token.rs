//! Tokens that tell an application which user has signed in.

use tessera_kernel::{ApplicationId, Secret, StoreError, UserId, WalletAccount};
use time::Duration;

use super::model::AuthorizationCode;
use crate::{
    relying_parties::model::OpaqueState,
    service::SingleSignOn,
    service_tokens::ports::{ProvenWallet, ServiceClaims, SigningError},
    signing_keys::model::TOKEN_LIFETIME,
};

/// Content of a token: the result of a sign-in.
#[derive(Debug)]
pub(crate) struct Grant {
    pub(crate) application: ApplicationId,
    pub(crate) user: UserId,
    pub(crate) account: WalletAccount,
    pub(crate) nonce: Option<OpaqueState>,
}

impl From<AuthorizationCode> for Grant {
    fn from(code: AuthorizationCode) -> Self {
        Self { application: code.application, user: code.user, account: code.account, nonce: code.nonce }
    }
}

/// A token for an application.
#[derive(Debug)]
pub struct SsoToken {
    /// The token.
    pub token: Secret<String>,
    /// Lifetime of the token, in whole seconds.
    pub life: Duration,
}

/// Why no token was issued.
#[derive(Debug, thiserror::Error)]
pub(crate) enum IssueError {
    #[error(transparent)]
    Token(#[from] SigningError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl SingleSignOn {
    /// Issues a token whose only audience is the application.
    pub(crate) async fn issue(&self, grant: Grant) -> Result<SsoToken, IssueError> {
        let audience = grant.application.to_string().parse();
        let audience = audience.map_err(|error| StoreError::Corrupt(format!("applications.id: {error}")))?;
        let mut token_id = [0; 16];
        self.ports.system.entropy.fill(&mut token_id);
        let now = self.ports.store.now().await?;
        let issued_at = now.replace_nanosecond(0).unwrap_or(now);
        let wallet = grant
            .account
            .chain()
            .id()
            .map(|chain_id| ProvenWallet { address: grant.account.address().to_string(), chain_id });
        let claims = ServiceClaims {
            user: grant.user,
            audience,
            token_id: uuid::Builder::from_random_bytes(token_id).into_uuid(),
            issued_at,
            expires_at: issued_at + TOKEN_LIFETIME,
            organization: None,
            roles: Vec::new(),
            nonce: grant.nonce.map(|nonce| nonce.as_str().to_owned()),
            wallet,
        };
        let tokens = &self.ports.tokens;
        let token = tokens.ports.signer.sign(&tokens.signing_key().await?, &claims)?;
        Ok(SsoToken { token, life: TOKEN_LIFETIME })
    }
}
