//! Verification of the signed challenge of a single sign-on. Issues a token and an authorization code.

use tessera_kernel::{
    Event, Namespace, OnConflict, RequestMetadata, Secret, StoreError, UserId, WalletAccount, WalletSignature,
    WalletSignatureError,
};
use time::Duration;

use super::{
    events::{SignInEvent, SignInRefusal},
    model::{AuthorizationState, SsoChallenge, SsoSession, SsoSessionId},
    ports::{AuthenticateWalletError, SignedMessage},
};
use crate::{
    codes::{
        issue_token::{Grant, IssueError},
        model::{AuthorizationCode, OneTimeSecret, SsoCodeState},
    },
    relying_parties::model::{OpaqueState, RelyingParty},
    service::SingleSignOn,
    service_tokens::ports::SigningError,
};

/// Lifetime of a code.
const CODE_TTL: Duration = Duration::seconds(60);

/// A signed challenge.
#[derive(Debug)]
pub struct VerifySso {
    /// The session.
    pub session: SsoSessionId,
    /// The secret of the browser. `None` if the browser did not start the session.
    pub browser: Option<OneTimeSecret>,
    /// The signed message.
    pub message: String,
    /// The signature, as received.
    pub signature: String,
    /// The `User-Agent` of the request.
    pub user_agent: Option<String>,
    /// Request metadata.
    pub origin: RequestMetadata,
}

/// A completed sign-in.
#[derive(Debug)]
pub struct VerifiedSso {
    /// Token for the application.
    pub token: Secret<String>,
    /// Lifetime of the token.
    pub life: Duration,
    /// Authorization code, which the back end of the application redeems.
    pub code: OneTimeSecret,
    /// Where the browser returns to.
    pub redirect_uri: String,
    /// The `state` of the application, unchanged.
    pub state: OpaqueState,
}

tessera_kernel::error_enum! {
    /// Why a sign-in failed.
    pub enum VerifySsoError {
        /// This browser has no such session, there is no challenge, the signature is not valid for it, or the application
        /// was deleted or has removed the redirect URI. The response is the same for all of them.
        #[error("the signature does not prove this")]
        Refused,
        /// The session is completed, or another request is verifying its challenge.
        #[error("the sign-in is used up")]
        Used,
    }
    from
        /// The challenge is consumed.
        MalformedSignature(WalletSignatureError),
        Verify(AuthenticateWalletError),
        Token(SigningError),
        Store(StoreError),
}

impl From<IssueError> for VerifySsoError {
    fn from(error: IssueError) -> Self {
        match error {
            IssueError::Token(error) => Self::Token(error),
            IssueError::Store(error) => Self::Store(error),
        }
    }
}

/// Result of taking the challenge of a session.
enum Taken {
    Challenge(Box<TakenChallenge>),
    Used,
    /// The session has expired, belongs to another browser, or has no challenge.
    Nothing,
    /// The session does not exist.
    Unknown,
}

struct TakenChallenge {
    session: SsoSession,
    party: RelyingParty,
    challenge: SsoChallenge,
    /// Whether the challenge was not expired when it was taken.
    open: bool,
}

impl SingleSignOn {
    /// Completes a sign-in with a signed challenge. The first sign-in of a wallet creates its user.
    ///
    /// # Errors
    /// Fails when the sign-in is refused, the session is used, the signature is malformed or cannot be verified, or
    /// signing the token or storage fails.
    pub async fn verify(&self, command: VerifySso) -> Result<VerifiedSso, VerifySsoError> {
        let signature = WalletSignature::parse(&command.signature, Namespace::Eip155);
        // A malformed signature leaves nothing to verify, so no other request has to find the session used.
        let signed = signature.is_ok().then_some(&*command.message);
        let taken = match &command.browser {
            Some(browser) => self.take_challenge(command.session, browser, signed).await?,
            // Without the cookie there is no session that could be refused.
            None => Taken::Unknown,
        };
        // Report a malformed signature only now that the challenge is consumed.
        let signature = signature?;
        let taken = match taken {
            Taken::Challenge(taken) => *taken,
            Taken::Used => return Err(VerifySsoError::Used),
            // Write no audit entry: any client can invent session ids.
            Taken::Unknown => return Err(VerifySsoError::Refused),
            Taken::Nothing => return self.refuse(SignInRefusal::Session, None, &command.origin).await,
        };
        match self.conclude(&taken, signature, &command).await {
            Err(error) => {
                // The sign-in failed. Reset the step, so that the session does not appear as used.
                self.give_back(&taken).await?;
                Err(error)
            }
            verified => verified,
        }
    }

    /// Verifies the signature and completes the sign-in.
    async fn conclude(
        &self,
        taken: &TakenChallenge,
        signature: WalletSignature,
        command: &VerifySso,
    ) -> Result<VerifiedSso, VerifySsoError> {
        let TakenChallenge { session, party, challenge, open } = taken;
        if !party.allows_redirect_uri(&session.request.redirect_uri) {
            return self.refuse(SignInRefusal::Application, Some(challenge.account), &command.origin).await;
        }
        let user = if *open { self.user_of(session, challenge, signature, command).await? } else { None };
        let Some(user) = user else {
            return self.refuse(SignInRefusal::Signature, Some(challenge.account), &command.origin).await;
        };
        self.admit(session, challenge.account, user, &command.origin).await
    }

    /// Issues a token and a code to the user who was authenticated with the wallet.
    pub(super) async fn admit(
        &self,
        session: &SsoSession,
        account: WalletAccount,
        user: UserId,
        origin: &RequestMetadata,
    ) -> Result<VerifiedSso, VerifySsoError> {
        let issued = self.issue(grant(session, account, user)).await?;
        let Some(code) = self.finish(session, account, user, origin).await? else {
            return self.refuse(SignInRefusal::Application, Some(account), origin).await;
        };
        let (redirect_uri, state) = (session.request.redirect_uri.clone(), session.request.state.clone());
        Ok(VerifiedSso { token: issued.token, life: issued.life, code, redirect_uri, state })
    }

    /// Takes the challenge, so that no request can present another signature of it, whether this one is valid or not.
    /// While the signature of that message is being verified, other requests find the session used. So a request during
    /// the verification and a request shortly after it get the same result.
    async fn take_challenge(
        &self,
        id: SsoSessionId,
        browser: &OneTimeSecret,
        signed: Option<&str>,
    ) -> Result<Taken, StoreError> {
        // Read first, so that an unknown session costs no transaction.
        if self.ports.store.find_sso_session(id).await?.is_none() {
            return Ok(Taken::Unknown);
        }
        let now = self.ports.store.now().await?;
        let mut tx = self.ports.store.begin().await?;
        let held = tx.sso_sessions().lock(id).await?.filter(|(session, _)| self.is_theirs(session, browser, now));
        let Some((mut session, party)) = held else { return Ok(Taken::Nothing) };
        match std::mem::replace(&mut session.step, AuthorizationState::Started) {
            AuthorizationState::Completed { .. } | AuthorizationState::Verifying { .. } => Ok(Taken::Used),
            AuthorizationState::Started => Ok(Taken::Nothing),
            AuthorizationState::Challenged(challenge) => {
                let open = now < challenge.expires_at;
                if open && signed == Some(&*challenge.message) {
                    session.step = AuthorizationState::Verifying { message: challenge.message.clone() };
                }
                tx.sso_sessions().set_step(id, &session.step).await?;
                tx.commit().await?;
                Ok(Taken::Challenge(Box::new(TakenChallenge { session, party, challenge, open })))
            }
        }
    }

    /// Resets the step, unless a new challenge was issued or another request has completed the sign-in meanwhile.
    async fn give_back(&self, taken: &TakenChallenge) -> Result<(), StoreError> {
        let id = taken.session.id;
        let mut tx = self.ports.store.begin().await?;
        if let Some((current, _)) = tx.sso_sessions().lock(id).await?
            && current.step == taken.session.step
            && matches!(current.step, AuthorizationState::Verifying { .. })
        {
            tx.sso_sessions().set_step(id, &AuthorizationState::Started).await?;
            tx.commit().await?;
        }
        Ok(())
    }

    /// Verifies the signature of the challenge, and returns the user of its wallet.
    async fn user_of(
        &self,
        session: &SsoSession,
        challenge: &SsoChallenge,
        signature: WalletSignature,
        command: &VerifySso,
    ) -> Result<Option<UserId>, AuthenticateWalletError> {
        if challenge.message != command.message {
            return Ok(None);
        }
        let signed = SignedMessage {
            account: challenge.account,
            text: challenge.message.clone(),
            signature,
            user_agent: command.user_agent.clone(),
            origin: command.origin.clone(),
            sign_in: session.id,
        };
        self.ports.wallets.authenticate(signed).await
    }

    /// Completes the session and issues a code. Of two concurrent requests only one succeeds. Returns `None` if the
    /// application was deleted or has removed the redirect URI meanwhile.
    async fn finish(
        &self,
        session: &SsoSession,
        account: WalletAccount,
        user: UserId,
        origin: &RequestMetadata,
    ) -> Result<Option<OneTimeSecret>, VerifySsoError> {
        let (secret, now) = (OneTimeSecret::generate(&*self.ports.system.entropy), self.ports.store.now().await?);
        let mut tx = self.ports.store.begin().await?;
        let held = tx.sso_sessions().lock(session.id).await?;
        let held = held.filter(|(_, party)| party.allows_redirect_uri(&session.request.redirect_uri));
        let Some((current, party)) = held else { return Ok(None) };
        if matches!(current.step, AuthorizationState::Completed { .. }) {
            return Err(VerifySsoError::Used);
        }
        let code = AuthorizationCode {
            hash: self.ports.digest.digest(secret.expose()),
            application: party.application,
            organization: party.organization,
            redirect_uri: session.request.redirect_uri.clone(),
            code_challenge: session.request.code_challenge,
            nonce: session.request.nonce.clone(),
            user,
            account,
            state: SsoCodeState::Open,
            created_at: now,
            expires_at: now + CODE_TTL,
        };
        let (organization, application) = (party.organization, party.application);
        let what = SignInEvent::SignedIn { user, organization, application, wallet: account };
        tx.sso_sessions().set_step(session.id, &AuthorizationState::Completed { at: now }).await?;
        tx.sso_codes().insert(&code).await.on_conflict(VerifySsoError::Refused)?;
        tx.events().append(&Event::by_anonymous(origin, what, &self.ports.system)).await?;
        tx.commit().await?;
        Ok(Some(secret))
    }

    pub(super) async fn refuse<T>(
        &self,
        reason: SignInRefusal,
        wallet: Option<WalletAccount>,
        origin: &RequestMetadata,
    ) -> Result<T, VerifySsoError> {
        let what = SignInEvent::Refused { reason, wallet };
        let event = Event::by_anonymous(origin, what, &self.ports.system);
        let mut tx = self.ports.store.begin().await?;
        tx.events().append(&event).await?;
        tx.commit().await?;
        Err(VerifySsoError::Refused)
    }
}

/// Returns the grant of a session whose challenge was signed by the wallet.
fn grant(session: &SsoSession, account: WalletAccount, user: UserId) -> Grant {
    let request = &session.request;
    Grant { application: request.application, user, account, nonce: request.nonce.clone() }
}
