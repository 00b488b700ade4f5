//! Opening of a session, whatever authenticated the user.

use tessera_kernel::{AuditEntry, Event, PasskeyId, RequestMetadata, Secret, SessionId, StoreError, WalletAccount};
use time::OffsetDateTime;

use crate::{
    Identity,
    model::{Device, PasswordHash, Session, SessionState, User},
    ports::{AccessClaims, IdentityTransaction, TokenError},
    sessions::events::SessionEvent,
};

/// A session and its access token.
#[derive(Debug)]
pub struct SignedIn {
    /// The access token.
    pub token: Secret<String>,
    /// When the token and the session expire.
    pub expires_at: OffsetDateTime,
    /// The user who signed in.
    pub user: User,
}

/// What authenticated the user.
pub(crate) enum Authentication {
    /// The password whose hash was `compared`. `renewed` replaces an outdated hash.
    Password { compared: PasswordHash, renewed: Option<PasswordHash> },
    /// A signature of the wallet.
    Wallet(WalletAccount),
    /// A signature of the passkey.
    Passkey(PasskeyId),
    /// The mail of an invitation, which created the account in the same request.
    Invitation,
}

/// A user to open a session for.
pub(crate) struct NewSession<'a> {
    pub(crate) user: User,
    pub(crate) authentication: Authentication,
    /// When the session begins, by the database clock, because all nodes must agree on the expiry.
    pub(crate) now: OffsetDateTime,
    pub(crate) device: Device,
    pub(crate) origin: &'a RequestMetadata,
}

impl Identity {
    /// Opens a session and commits the transaction. Every sign-in method ends here, so that a rule for sessions holds for
    /// all of them: their maximum number, the audit entry, the notice about a new device. Returns `None` if the compared
    /// password hash is no longer the one of the user.
    pub(crate) async fn open_session<E: From<TokenError> + From<StoreError>>(
        &self,
        mut tx: Box<dyn IdentityTransaction>,
        opening: NewSession<'_>,
    ) -> Result<Option<SignedIn>, E> {
        let NewSession { user, authentication, now, device, origin } = opening;
        let session = self.new_session(&user, now);
        let token = self.ports.signer.sign(&self.claims(&session))?;
        let mut entry = AuditEntry::from(SessionEvent::Started { user: user.id, session: session.id });
        match authentication {
            Authentication::Password { compared, renewed } => {
                if !tx.sessions().insert_for(&session, &compared).await? {
                    return Ok(None);
                }
                if let Some(hash) = renewed {
                    tx.users().set_password_hash(user.id, &hash).await?;
                }
            }
            Authentication::Wallet(wallet) => {
                tx.sessions().insert(&session).await?;
                entry = entry.with("wallet", &wallet);
            }
            Authentication::Passkey(passkey) => {
                tx.sessions().insert(&session).await?;
                entry = entry.with("passkey_id", &passkey);
            }
            Authentication::Invitation => tx.sessions().insert(&session).await?,
        }
        // Created before the entry of a session that this one ends: the order of ids is the order of the trail.
        let event = Event::by_anonymous(origin, entry, &self.ports.system);
        self.limit_sessions(&mut *tx, &session, origin).await?;
        tx.events().append(&event).await?;
        self.record_device(&mut *tx, &user, device).await?;
        if let Some(network) = origin.network() {
            tx.known_devices().record_network(user.id, &self.hash_of_network(user.id, network), now).await?;
        }
        tx.commit().await?;
        Ok(Some(SignedIn { token, expires_at: session.expires_at, user }))
    }

    fn new_session(&self, user: &User, now: OffsetDateTime) -> Session {
        // Whole seconds, so that the session and its token expire at the same time.
        let created_at = now.replace_nanosecond(0).unwrap_or(now);
        Session {
            id: SessionId::generate(&self.ports.system),
            user_id: user.id,
            state: SessionState::Open,
            created_at,
            last_used_at: created_at,
            expires_at: created_at + self.settings.session_ttl,
        }
    }

    /// The claims of an access token of the session, issued at its beginning.
    pub(crate) fn claims(&self, session: &Session) -> AccessClaims {
        let mut token_id = [0; 16];
        self.ports.system.entropy.fill(&mut token_id);
        AccessClaims {
            user: session.user_id,
            session: session.id,
            token_id: uuid::Builder::from_random_bytes(token_id).into_uuid(),
            issued_at: session.created_at,
            expires_at: session.expires_at,
        }
    }
}
