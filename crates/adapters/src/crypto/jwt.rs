//! User access tokens: JWTs signed with HS256.

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, crypto::aws_lc, decode, encode};
use serde::{Deserialize, Serialize};
use tessera_identity::ports::{AccessClaims, TokenError, TokenSigner};
use tessera_kernel::{Entropy, Secret, SessionId, TRACE_TARGET, UserId};
use time::OffsetDateTime;
use uuid::Uuid;

/// The `typ` header (RFC 9068, section 2.1). It separates access tokens from other tokens with the same claims.
const KIND: &str = "at+jwt";

/// 256-bit secret that signs access tokens.
#[derive(Debug, Clone)]
pub struct JwtSecret(Secret<[u8; 32]>);

impl JwtSecret {
    /// Generates a new secret.
    #[must_use]
    pub fn generate(entropy: &dyn Entropy) -> Self {
        let mut bytes = [0; 32];
        entropy.fill(&mut bytes);
        Self(Secret::new(bytes))
    }

    /// Reads a stored secret. Returns `None` if it is not 32 bytes long.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(|bytes| Self(Secret::new(bytes)))
    }

    /// Returns the secret, which must be sealed before it is stored.
    #[must_use]
    pub const fn expose(&self) -> &[u8; 32] {
        self.0.expose()
    }
}

/// All claims. A token with an unknown, missing, duplicate or wrongly typed claim is rejected.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Claims {
    iss: String,
    aud: String,
    sub: Uuid,
    sid: Uuid,
    jti: Uuid,
    iat: i64,
    exp: i64,
}

/// Signs and verifies access tokens.
pub struct JwtSigner {
    issuer: String,
    encoding: EncodingKey,
    decoding: DecodingKey,
    validation: Validation,
    header: Header,
    /// The encoded header, which is identical in every token of the secret.
    written_header: String,
}

impl JwtSigner {
    /// Creates a signer for the service at `issuer`. The issuer is also the audience, because these tokens are for the
    /// service itself.
    ///
    /// # Errors
    /// [`TokenError::Signing`] if the secret cannot sign.
    pub fn new(secret: &JwtSecret, issuer: String) -> Result<Self, TokenError> {
        Self::with_key_id(secret, issuer, None)
    }

    /// Creates a signer whose tokens have a `kid`, as those of all secrets but the first one have.
    ///
    /// # Errors
    /// [`TokenError::Signing`] if the secret cannot sign.
    pub fn with_key_id(secret: &JwtSecret, issuer: String, key_id: Option<String>) -> Result<Self, TokenError> {
        // An already installed provider is equivalent: this binary contains only one.
        let _installed = aws_lc::DEFAULT_PROVIDER.install_default();
        let mut validation = Validation::new(Algorithm::HS256);
        // `read` checks issuer and audience more strictly than the library. The caller checks the times, because the
        // caller knows the time of the database.
        validation.required_spec_claims.clear();
        validation.validate_exp = false;
        validation.validate_aud = false;
        let encoding = EncodingKey::from_secret(secret.expose());
        let header = Header { typ: Some(KIND.to_owned()), kid: key_id, ..Header::new(Algorithm::HS256) };
        let sample = encode(&header, &(), &encoding).map_err(signing)?;
        let written_header = sample.split('.').next().unwrap_or_default().to_owned();
        Ok(Self {
            issuer,
            encoding,
            decoding: DecodingKey::from_secret(secret.expose()),
            validation,
            header,
            written_header,
        })
    }

    /// Whether the token has the header of this signer. It is fixed, so it is compared byte for byte and not parsed.
    pub(crate) fn has_header_of(&self, token: &str) -> bool {
        token.split_once('.').is_some_and(|(header, _)| header == self.written_header)
    }

    fn read(&self, token: &str) -> Option<Claims> {
        if !self.has_header_of(token) {
            return None;
        }
        let claims = decode::<Claims>(token, &self.decoding, &self.validation).ok()?.claims;
        (claims.iss == self.issuer && claims.aud == self.issuer).then_some(claims)
    }
}

impl TokenSigner for JwtSigner {
    #[tracing::instrument(name = "signature", target = TRACE_TARGET, skip_all)]
    fn sign(&self, claims: &AccessClaims) -> Result<Secret<String>, TokenError> {
        let claims = Claims {
            iss: self.issuer.clone(),
            aud: self.issuer.clone(),
            sub: claims.user.as_uuid(),
            sid: claims.session.as_uuid(),
            jti: claims.token_id,
            iat: claims.issued_at.unix_timestamp(),
            exp: claims.expires_at.unix_timestamp(),
        };
        encode(&self.header, &claims, &self.encoding).map(Secret::new).map_err(signing)
    }

    fn verify(&self, token: &str) -> Result<AccessClaims, TokenError> {
        let claims = self.read(token).ok_or(TokenError::Invalid)?;
        let at = |seconds| OffsetDateTime::from_unix_timestamp(seconds).map_err(|_| TokenError::Invalid);
        Ok(AccessClaims {
            user: UserId::from_uuid(claims.sub),
            session: SessionId::from_uuid(claims.sid),
            token_id: claims.jti,
            issued_at: at(claims.iat)?,
            expires_at: at(claims.exp)?,
        })
    }
}

fn signing(error: jsonwebtoken::errors::Error) -> TokenError {
    TokenError::Signing(Box::new(error))
}
