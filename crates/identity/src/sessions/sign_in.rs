//! Sign-in with email address and password.

use tessera_kernel::{EmailAddress, Event, RequestMetadata, Secret, SessionId, StoreError, UserId};
use time::OffsetDateTime;

use crate::{
    Identity,
    model::{Credentials, Device, PasswordAttempt, PasswordHash, Session, SessionState, User},
    passwords::check_password::PasswordCheck,
    ports::{AccessClaims, HashError, Requester, TokenError, Verdict},
    sessions::events::SessionEvent,
};

/// Command of [`Identity::sign_in`].
#[derive(Debug)]
pub struct SignIn {
    /// The address as typed. A malformed address fails with the same error as an unknown one.
    pub email: String,
    /// The password as typed.
    pub password: PasswordAttempt,
    /// The device of the request.
    pub device: Device,
    /// Request metadata.
    pub origin: RequestMetadata,
}

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

/// Why the sign-in failed.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// The address is unknown, the password is wrong, or the account has no password. The response is the same for all
    /// of them.
    #[error("the email address or the password is wrong")]
    InvalidCredentials,
    /// The password could not be verified.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// The token could not be signed.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Maximum number of comparisons. A comparison is repeated if the hash was replaced meanwhile.
const TRIES: usize = 3;

impl Identity {
    /// Signs in with an email address and a password.
    ///
    /// # Errors
    /// Fails when the credentials are wrong, or verifying the password, signing the token or storage fails.
    pub async fn sign_in(&self, command: SignIn) -> Result<SignedIn, SignInError> {
        for _ in 0..TRIES {
            let (known, check) = self.check(&command).await?;
            let renewed = match check.verdict {
                Verdict::Match => None,
                Verdict::MatchOutdated => Some(self.ports.hasher.rehash(&command.password, check.requester).await?),
                Verdict::Mismatch => return self.refuse(known.map(|known| known.user.id), &command.origin).await,
            };
            let Some(Credentials { user, password_hash: Some(compared) }) = known else { break };
            let session = self.new_session(user.id, check.at);
            if let Some(signed_in) = self.open_session(user, session, (&compared, renewed), &command).await? {
                return Ok(signed_in);
            }
        }
        self.refuse(None, &command.origin).await
    }

    async fn check(&self, command: &SignIn) -> Result<(Option<Credentials>, PasswordCheck), SignInError> {
        let credentials = match command.email.parse::<EmailAddress>() {
            Ok(email) => self.ports.store.find_credentials(&email).await?,
            Err(_) => None,
        };
        let user = credentials.as_ref().map(|known| known.user.id);
        // Without a client address, devices differ too little. An attacker could imitate a device that an account
        // knows. A better place in the queue would then reveal that the account exists.
        let device = command.device.address().map(|_| self.device_of(user, command.device));
        let known = credentials.as_ref();
        let check = self
            .check_password::<SignInError>(&command.password, known, device, Requester::unknown(&command.origin))
            .await?;
        Ok((credentials, check))
    }

    /// Opens a session after a correct password. Returns `None` if the hash is no longer the one that was compared:
    /// another sign-in has renewed it, or the user has changed the password.
    async fn open_session(
        &self,
        user: User,
        session: Session,
        (compared, renewed): (&PasswordHash, Option<PasswordHash>),
        command: &SignIn,
    ) -> Result<Option<SignedIn>, SignInError> {
        let token = self.ports.signer.sign(&self.claims(&session))?;
        let what = SessionEvent::Started { user: user.id, session: session.id }.into();
        let event = Event::by_anonymous(&command.origin, what, &*self.ports.clock, &*self.ports.entropy);
        let mut tx = self.ports.store.begin().await?;
        if !tx.sessions().insert_for(&session, compared).await? {
            return Ok(None);
        }
        self.limit_sessions(&mut *tx, &session, &command.origin).await?;
        if let Some(hash) = renewed {
            tx.users().set_password_hash(user.id, &hash).await?;
        }
        tx.events().append(&event).await?;
        self.record_device(&mut *tx, &user, command.device).await?;
        tx.commit().await?;
        Ok(Some(SignedIn { token, expires_at: session.expires_at, user }))
    }

    /// Builds a session that begins at `now`. `now` is the database time, because all nodes must agree on the expiry.
    pub(crate) fn new_session(&self, user_id: UserId, now: OffsetDateTime) -> Session {
        let (clock, entropy) = (&*self.ports.clock, &*self.ports.entropy);
        // Whole seconds, so that the session and its token expire at the same time.
        let created_at = now.replace_nanosecond(0).unwrap_or(now);
        Session {
            id: SessionId::generate(clock, entropy),
            user_id,
            state: SessionState::Open,
            created_at,
            last_used_at: created_at,
            expires_at: created_at + self.settings.session_ttl,
        }
    }

    pub(crate) fn claims(&self, session: &Session) -> AccessClaims {
        let mut token_id = [0; 16];
        self.ports.entropy.fill(&mut token_id);
        AccessClaims {
            user: session.user_id,
            session: session.id,
            token_id: uuid::Builder::from_random_bytes(token_id).into_uuid(),
            issued_at: session.created_at,
            expires_at: session.expires_at,
        }
    }

    async fn refuse(&self, user: Option<UserId>, origin: &RequestMetadata) -> Result<SignedIn, SignInError> {
        let what = SessionEvent::SignInRefused { user }.into();
        let event = Event::by_anonymous(origin, what, &*self.ports.clock, &*self.ports.entropy);
        self.note(&event).await?;
        Err(SignInError::InvalidCredentials)
    }
}
