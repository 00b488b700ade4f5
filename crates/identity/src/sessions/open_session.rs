//! Opening of a session, whatever authenticated the user.

use tessera_kernel::{
    AuditEntry, Event, MfaRequired, PasskeyId, RequestMetadata, Secret, SecretHash, SessionId, StoreError,
    WalletAccount,
};
use time::OffsetDateTime;

use crate::{
    Identity,
    model::{
        Device, DeviceToken, EnrolledFactors, Interrupted, PasswordHash, RefreshChain, RefreshFamily, RefreshToken,
        Session, SessionRequest, SessionState, SignInMethods, User,
    },
    ports::{AccessClaims, IdentityTransaction, TokenError},
    sessions::events::SessionEvent,
};

/// A session and its access token.
#[derive(Debug)]
pub struct SignedIn {
    /// The access token.
    pub token: Secret<String>,
    /// When the token expires.
    pub expires_at: OffsetDateTime,
    /// The user who signed in.
    pub user: User,
    /// The session.
    pub session: SessionId,
    /// The refresh token, if the session has one that the client does not know yet.
    pub refresh: Option<IssuedRefresh>,
    /// A new device token, if the request had none that the account knows.
    pub device_token: Option<DeviceToken>,
}

/// A refresh token for a client.
#[derive(Debug)]
pub struct IssuedRefresh {
    /// The token.
    pub token: RefreshToken,
    /// When it expires, together with the session.
    pub expires_at: OffsetDateTime,
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
    /// The mail of a registration and its password or client, which created the account in the same transaction.
    Registration,
    /// A second factor, after a first one that `interrupt_sign_in` has checked.
    SecondFactor {
        /// The wallet that was the first factor.
        wallet: Option<WalletAccount>,
        /// The hash of the device token of the request that was interrupted.
        device_token: Option<SecretHash>,
    },
}

/// A user to open a session for.
pub(crate) struct NewSession<'a> {
    pub(crate) user: User,
    pub(crate) authentication: Authentication,
    /// All methods that have authenticated the user, including that of `authentication`.
    pub(crate) methods: SignInMethods,
    /// What the client asks for.
    pub(crate) request: SessionRequest,
    /// When the session begins, by the database clock, because all nodes must agree on the expiry.
    pub(crate) now: OffsetDateTime,
    pub(crate) device: Device,
    pub(crate) origin: &'a RequestMetadata,
}

impl Identity {
    /// Opens a session and commits the transaction. Every sign-in method ends here, so that a rule for sessions holds for
    /// all of them: the second factor, their maximum number, the audit entry, the notice about a new device. Returns `None`
    /// if the compared password hash is no longer the one of the user. Fails with [`MfaRequired`] if the user has a
    /// second factor and the methods are only one. The sign-in is then stored and committed.
    pub(crate) async fn open_session<E: From<MfaRequired> + From<TokenError> + From<StoreError>>(
        &self,
        mut tx: Box<dyn IdentityTransaction>,
        opening: NewSession<'_>,
    ) -> Result<Option<SignedIn>, E> {
        if opening.methods.is_mfa() {
            return self.insert_session(tx, opening).await;
        }
        let factors = tx.factors().enrolled(opening.user.id).await?;
        if !factors.any() {
            return self.insert_session(tx, opening).await;
        }
        match self.interrupt_sign_in(tx, opening, factors).await? {
            Some(required) => Err(required.into()),
            None => Ok(None),
        }
    }

    /// Stores the sign-in of a user with a second factor. Returns `None` if the compared password hash is no longer the one
    /// of the user.
    async fn interrupt_sign_in(
        &self,
        mut tx: Box<dyn IdentityTransaction>,
        opening: NewSession<'_>,
        factors: EnrolledFactors,
    ) -> Result<Option<MfaRequired>, StoreError> {
        let NewSession { user, authentication, methods, mut request, now, origin, .. } = opening;
        let presented = request.device_token.take().map(|token| self.ports.digest.digest(token.expose()));
        let mut signed_by = None;
        match authentication {
            Authentication::Password { compared, renewed } => {
                // A changed password withdraws the operations that the earlier one has begun. This one must not follow.
                let current = tx.users().lock(user.id).await?;
                if current.is_none_or(|current| current.password_hash.as_ref() != Some(&compared)) {
                    return Ok(None);
                }
                if let Some(hash) = renewed {
                    tx.users().set_password_hash(user.id, &hash).await?;
                }
            }
            Authentication::Wallet(wallet) | Authentication::SecondFactor { wallet: Some(wallet), .. } => {
                signed_by = Some(wallet);
            }
            Authentication::Invitation
            | Authentication::Registration
            | Authentication::Passkey(_)
            | Authentication::SecondFactor { wallet: None, .. } => {}
        }
        let operation = Interrupted::SignIn { methods, request, device_token: presented, wallet: signed_by };
        self.interrupt(tx, (user.id, factors), operation, now, origin).await.map(Some)
    }

    /// Opens the session of a user who has passed all factors, and commits the transaction.
    pub(crate) async fn insert_session<E: From<TokenError> + From<StoreError>>(
        &self,
        mut tx: Box<dyn IdentityTransaction>,
        opening: NewSession<'_>,
    ) -> Result<Option<SignedIn>, E> {
        let (session, refresh) = self.new_session(&opening)?;
        let NewSession { user, authentication, request, now, device, origin, .. } = opening;
        // The response to an accepted invitation has no device token.
        let returns_token = !matches!(authentication, Authentication::Invitation);
        let presented = match &authentication {
            Authentication::SecondFactor { device_token, .. } => *device_token,
            _ => request.device_token.as_ref().map(|token| self.ports.digest.digest(token.expose())),
        };
        let claims = self.claims(&session, session.created_at);
        let token = self.ports.signer.sign(&claims)?;
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
            Authentication::Wallet(wallet) | Authentication::SecondFactor { wallet: Some(wallet), .. } => {
                tx.sessions().insert(&session).await?;
                entry = entry.with("wallet", &wallet);
            }
            Authentication::Passkey(passkey) => {
                tx.sessions().insert(&session).await?;
                entry = entry.with("passkey_id", &passkey);
            }
            Authentication::Invitation
            | Authentication::Registration
            | Authentication::SecondFactor { wallet: None, .. } => tx.sessions().insert(&session).await?,
        }
        // Created before the entry of a session that this one ends: the order of ids is the order of the trail.
        let event = Event::by_anonymous(origin, entry, &self.ports.system);
        self.limit_sessions(&mut *tx, &session, origin).await?;
        tx.events().append(&event).await?;
        self.record_device(&mut *tx, &user, device).await?;
        let device_token =
            if returns_token { self.use_device_token(&mut *tx, user.id, presented, now).await? } else { None };
        if let Some(network) = origin.network() {
            tx.known_devices().record_network(user.id, &self.hash_of_network(user.id, network), now).await?;
        }
        tx.commit().await?;
        Ok(Some(SignedIn { token, expires_at: claims.expires_at, user, session: session.id, refresh, device_token }))
    }

    fn new_session(&self, opening: &NewSession<'_>) -> Result<(Session, Option<IssuedRefresh>), TokenError> {
        // Whole seconds, so that the session and its token expire at the same time.
        let created_at = opening.now.replace_nanosecond(0).unwrap_or(opening.now);
        let first = if opening.request.refresh { Some(self.new_chain()?) } else { None };
        let lifetime = if first.is_some() { self.settings.refresh.first_lifetime() } else { self.settings.session_ttl };
        let (refresh, token) = first.unzip();
        let session = Session {
            id: SessionId::generate(&self.ports.system),
            user_id: opening.user.id,
            state: SessionState::Open,
            created_at,
            last_used_at: created_at,
            expires_at: created_at + lifetime,
            authenticated_at: created_at,
            methods: opening.methods,
            name: opening.request.device_name.clone(),
            device: opening.device.into(),
            address: opening.origin.address,
            refresh,
        };
        let issued = token.map(|token| IssuedRefresh { token, expires_at: session.expires_at });
        Ok((session, issued))
    }

    /// The refresh tokens of a new session, and the first of them.
    fn new_chain(&self) -> Result<(RefreshChain, RefreshToken), TokenError> {
        let family = RefreshFamily::generate(&*self.ports.system.entropy);
        let hash = self.ports.digest.digest(family.hashed_text().expose());
        let chain = RefreshChain::new(hash, self.ports.refresh_codes.newest_secret());
        let token = self.newest_token(family, &chain)?;
        Ok((chain, token))
    }

    /// The newest refresh token of a session.
    pub(crate) fn newest_token(&self, family: RefreshFamily, chain: &RefreshChain) -> Result<RefreshToken, TokenError> {
        let code = self.ports.refresh_codes.code(chain.secret, &family.message(chain.generation));
        let code = code.ok_or_else(|| TokenError::Signing("the secret of a refresh token is missing".into()))?;
        Ok(RefreshToken::new(family, chain.generation, &code))
    }

    /// The claims of an access token of the session, issued at that time, which has whole seconds. The token expires with
    /// the session, or earlier if the session has a refresh token.
    pub(crate) fn claims(&self, session: &Session, issued_at: OffsetDateTime) -> AccessClaims {
        let mut token_id = [0; 16];
        self.ports.system.entropy.fill(&mut token_id);
        let expires_at = match session.refresh {
            Some(_) => session.expires_at.min(issued_at + self.settings.refresh.access_ttl),
            None => session.expires_at,
        };
        AccessClaims {
            user: session.user_id,
            session: session.id,
            token_id: uuid::Builder::from_random_bytes(token_id).into_uuid(),
            issued_at,
            expires_at,
        }
    }
}
