//! Service tokens: JWTs signed with RS256, which other services verify with published keys.

use std::sync::{Arc, PoisonError, RwLock};

use async_trait::async_trait;
use aws_lc_rs::{
    digest::{SHA256, digest},
    encoding::{AsDer as _, Pkcs8V1Der},
    rand::SystemRandom,
    rsa::{KeyPair, KeySize, PublicKeyComponents},
    signature::{KeyPair as _, RSA_PKCS1_SHA256},
};
use data_encoding::BASE64URL_NOPAD;
use jsonwebtoken::{Algorithm, Header};
use serde::Serialize;
use tessera_kernel::{Entropy, Role, Secret, TRACE_TARGET};
use tessera_sso::{
    model::{KeyId, NewKey, PublicKey, SigningKey},
    ports::{ServiceClaims, ServiceTokenSigner, SigningError},
};
use uuid::Uuid;

use super::{MasterKey, SealError, sealed_names};

/// The `typ` header. It is not `at+jwt`, so that a verifier that confuses the two kinds of tokens has to ignore more
/// than the algorithm.
const KIND: &str = "service+jwt";

/// Length of an RSA key in bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum KeyBits {
    /// 2048 bits, which are fast to verify.
    #[default]
    B2048,
    /// 3072 bits, for a strength of 128 bits.
    B3072,
    /// 4096 bits.
    B4096,
}

/// The number is not a supported key length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be 2048, 3072 or 4096")]
pub struct KeyBitsError;

impl std::str::FromStr for KeyBits {
    type Err = KeyBitsError;

    fn from_str(text: &str) -> Result<Self, KeyBitsError> {
        match text {
            "2048" => Ok(Self::B2048),
            "3072" => Ok(Self::B3072),
            "4096" => Ok(Self::B4096),
            _ => Err(KeyBitsError),
        }
    }
}

impl std::fmt::Display for KeyBits {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.size().len() * 8)
    }
}

impl KeyBits {
    const fn size(self) -> KeySize {
        match self {
            Self::B2048 => KeySize::Rsa2048,
            Self::B3072 => KeySize::Rsa3072,
            Self::B4096 => KeySize::Rsa4096,
        }
    }
}

/// All claims, in serialization order.
#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    sub: Uuid,
    aud: &'a str,
    exp: i64,
    iat: i64,
    jti: Uuid,
    #[serde(skip_serializing_if = "Option::is_none")]
    organization_id: Option<Uuid>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    roles: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    wallet_address: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    chain_id: Option<u64>,
}

impl<'a> Claims<'a> {
    fn new(issuer: &'a str, claims: &'a ServiceClaims) -> Self {
        Self {
            iss: issuer,
            sub: claims.user.as_uuid(),
            aud: claims.audience.as_str(),
            exp: claims.expires_at.unix_timestamp(),
            iat: claims.issued_at.unix_timestamp(),
            jti: claims.token_id,
            organization_id: claims.organization.map(|organization| organization.as_uuid()),
            roles: claims.roles.iter().copied().map(Role::as_str).collect(),
            nonce: claims.nonce.as_deref(),
            wallet_address: claims.wallet.as_ref().map(|wallet| wallet.address.as_str()),
            chain_id: claims.wallet.as_ref().map(|wallet| wallet.chain_id),
        }
    }
}

/// Generates RSA keys, sealed with the master key, and signs service tokens with them.
pub struct Rs256Signer {
    issuer: String,
    bits: KeyBits,
    master: Arc<MasterKey>,
    entropy: Arc<dyn Entropy>,
    /// The last used key. Opening a key costs more than a signature, and only one key signs at a time.
    open: RwLock<Option<(KeyId, Arc<KeyPair>)>>,
}

impl Rs256Signer {
    /// Creates a signer for the service at `issuer`.
    #[must_use]
    pub fn new(issuer: String, bits: KeyBits, master: Arc<MasterKey>, entropy: Arc<dyn Entropy>) -> Self {
        Self { issuer, bits, master, entropy, open: RwLock::new(None) }
    }

    fn opened(&self, key: &SigningKey) -> Result<Arc<KeyPair>, SigningError> {
        let last = self.open.read().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((id, pair)) = last
            && id == key.id
        {
            return Ok(pair);
        }
        let der =
            self.master.open(&sealed_names::service_token_key(&key.id), key.sealed.expose()).map_err(unreadable)?;
        let pair = Arc::new(KeyPair::from_pkcs8(&der).map_err(failed)?);
        *self.open.write().unwrap_or_else(PoisonError::into_inner) = Some((key.id.clone(), Arc::clone(&pair)));
        Ok(pair)
    }
}

#[async_trait]
impl ServiceTokenSigner for Rs256Signer {
    async fn make_key(&self) -> Result<NewKey, SigningError> {
        let size = self.bits.size();
        let made = tokio::task::spawn_blocking(move || KeyPair::generate(size));
        let pair = made.await.map_err(failed)?.map_err(failed)?;
        let public = public_part(&pair);
        let id = thumbprint(&public).parse::<KeyId>().map_err(failed)?;
        let der: Pkcs8V1Der<'_> = pair.as_der().map_err(failed)?;
        let sealed =
            self.master.seal(&sealed_names::service_token_key(&id), der.as_ref(), &*self.entropy).map_err(failed)?;
        Ok(NewKey { id, public, sealed: Secret::new(sealed) })
    }

    fn open_key(&self, key: &SigningKey) -> Result<(), SigningError> {
        self.opened(key).map(|_| ())
    }

    #[tracing::instrument(name = "signature", target = TRACE_TARGET, skip_all)]
    fn sign(&self, key: &SigningKey, claims: &ServiceClaims) -> Result<Secret<String>, SigningError> {
        let pair = self.opened(key)?;
        let mut header = Header::new(Algorithm::RS256);
        header.typ = Some(KIND.to_owned());
        header.kid = Some(key.id.to_string());
        let message = format!("{}.{}", part(&header)?, part(&Claims::new(&self.issuer, claims))?);
        // jsonwebtoken would parse and check the key again for each signature.
        let mut signature = vec![0; pair.public_modulus_len()];
        pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message.as_bytes(), &mut signature).map_err(failed)?;
        Ok(Secret::new(format!("{message}.{}", BASE64URL_NOPAD.encode(&signature))))
    }
}

fn public_part(pair: &KeyPair) -> PublicKey {
    let parts = PublicKeyComponents::<Vec<u8>>::from(pair.public_key());
    PublicKey { modulus: BASE64URL_NOPAD.encode(&parts.n), exponent: BASE64URL_NOPAD.encode(&parts.e) }
}

/// Computes the thumbprint of a key (RFC 7638): SHA-256 of the required members, in lexicographic order and without
/// whitespace.
#[must_use]
pub fn thumbprint(key: &PublicKey) -> String {
    let members = format!(r#"{{"e":"{}","kty":"RSA","n":"{}"}}"#, key.exponent, key.modulus);
    BASE64URL_NOPAD.encode(digest(&SHA256, members.as_bytes()).as_ref())
}

fn part(value: &impl Serialize) -> Result<String, SigningError> {
    serde_json::to_vec(value).map(|json| BASE64URL_NOPAD.encode(&json)).map_err(failed)
}

fn unreadable(error: SealError) -> SigningError {
    SigningError(format!("a signing key can't be opened: {error}").into())
}

fn failed(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> SigningError {
    SigningError(error.into())
}
