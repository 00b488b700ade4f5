//! A wallet has signed: its user goes back to the application with a code.

use tessera_kernel::{Event, OnConflict, Origin, Secret, StoreError, UserId};
use time::Duration;

use super::sso_token::{Grant, IssueError};
use crate::{
    SingleSignOn,
    events::{IdentityEvent, SsoRefusal},
    model::{
        Client, Echo, RelyingParty, SsoChallenge, SsoCode, SsoCodeState, SsoSecret, SsoSession, SsoSessionId, SsoStep,
        WalletSignature,
    },
    ports::{Proof, Requester, TokenError, VerifyError, Voucher},
};

/// How long an application may take to redeem a code.
const CODE_TTL: Duration = Duration::seconds(60);

/// What somebody presents.
#[derive(Debug)]
pub struct VerifySso {
    /// The session.
    pub session: SsoSessionId,
    /// What the browser holds; nothing, when it did not begin the session.
    pub browser: Option<SsoSecret>,
    /// The message that was signed.
    pub message: String,
    /// The signature.
    pub signature: WalletSignature,
    /// With what they sign in.
    pub client: Client,
    /// Where the request came from.
    pub origin: Origin,
}

/// A sign-in that has come to its end.
#[derive(Debug)]
pub struct VerifiedSso {
    /// For the application, by itself.
    pub token: Secret<String>,
    /// How long the token is good.
    pub life: Duration,
    /// For the application's back end, which redeems it.
    pub code: SsoSecret,
    /// Where the application wants the browser back.
    pub redirect_uri: String,
    /// What the application said, unchanged.
    pub state: Echo,
}

/// Nobody has signed in.
#[derive(Debug, thiserror::Error)]
pub enum VerifySsoError {
    /// There is no such session for this browser, nothing was to be signed, the signature is not of that, or the application
    /// has gone or given the address up: which, is not said.
    #[error("the signature does not prove this")]
    Refused,
    /// The session has served, or what was signed in it is being looked at for somebody who came first.
    #[error("the sign-in is used up")]
    Used,
    /// The signature could not be checked.
    #[error(transparent)]
    Verify(#[from] VerifyError),
    /// The token could not be made.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<IssueError> for VerifySsoError {
    fn from(error: IssueError) -> Self {
        match error {
            IssueError::Token(error) => Self::Token(error),
            IssueError::Store(error) => Self::Store(error),
        }
    }
}

/// What a browser holds of a session.
pub(super) enum Taken {
    Challenge(Box<TakenChallenge>),
    Used,
    /// There is such a session, and nothing for this browser to answer in it.
    Nothing,
    /// There is no such session.
    Unknown,
}

pub(super) struct TakenChallenge {
    session: SsoSession,
    party: RelyingParty,
    challenge: SsoChallenge,
    /// Whether it was when it was taken.
    open: bool,
}

impl SingleSignOn {
    /// Signs in to an application by what a wallet has signed. The first time, the wallet gets a user.
    ///
    /// # Errors
    /// See [`VerifySsoError`].
    pub async fn verify(&self, command: VerifySso) -> Result<VerifiedSso, VerifySsoError> {
        let taken = match &command.browser {
            Some(browser) => self.take_challenge(command.session, browser, Some(&command.message)).await?,
            // Without the cookie nothing was presented that could be denied.
            None => Taken::Unknown,
        };
        let taken = match taken {
            Taken::Challenge(taken) => *taken,
            Taken::Used => return Err(VerifySsoError::Used),
            // Nothing is written: anyone can invent ids of sessions.
            Taken::Unknown => return Err(VerifySsoError::Refused),
            Taken::Nothing => return self.refuse(SsoRefusal::Session, None, &command.origin).await,
        };
        match self.conclude(&taken, &command).await {
            Err(error) => {
                // Of this nothing comes any more, and nobody is told that the session has served.
                self.give_back(&taken).await?;
                Err(error)
            }
            verified => verified,
        }
    }

    /// Comes to the end with what the wallet was asked.
    async fn conclude(&self, taken: &TakenChallenge, command: &VerifySso) -> Result<VerifiedSso, VerifySsoError> {
        let TakenChallenge { session, party, challenge, open } = taken;
        if !party.takes(&session.request.redirect_uri) {
            return self.refuse(SsoRefusal::Application, Some(challenge), &command.origin).await;
        }
        let voucher = if *open { self.voucher(challenge, command).await? } else { None };
        let Some(voucher) = voucher else {
            return self.refuse(SsoRefusal::Signature, Some(challenge), &command.origin).await;
        };
        let Some(user) =
            self.ports.identity.holder(challenge.account, voucher, command.client, &command.origin).await?
        else {
            return self.refuse(SsoRefusal::Signature, Some(challenge), &command.origin).await;
        };
        let issued = self.issue(Grant::of(session, challenge, user)).await?;
        let Some(code) = self.finish(session, challenge, user, &command.origin).await? else {
            return self.refuse(SsoRefusal::Application, Some(challenge), &command.origin).await;
        };
        let (redirect_uri, state) = (session.request.redirect_uri.clone(), session.request.state.clone());
        Ok(VerifiedSso { token: issued.token, life: issued.life, code, redirect_uri, state })
    }

    /// Takes what the wallet was asked, so that nobody can come with another signature of it, whatever this one is worth. Until
    /// it is known what the signature of that message is worth, whoever else comes finds the session used: whether they came
    /// in the middle or a moment later makes no difference to them.
    pub(super) async fn take_challenge(
        &self,
        id: SsoSessionId,
        browser: &SsoSecret,
        signed: Option<&str>,
    ) -> Result<Taken, StoreError> {
        // Read first: a session that never was costs no transaction.
        if self.ports.store.find_sso_session(id).await?.is_none() {
            return Ok(Taken::Unknown);
        }
        let now = self.ports.store.now().await?;
        let mut tx = self.ports.store.begin().await?;
        let held = tx.sso_sessions().lock(id).await?.filter(|(session, _)| self.is_theirs(session, browser, now));
        let Some((mut session, party)) = held else { return Ok(Taken::Nothing) };
        match std::mem::replace(&mut session.step, SsoStep::Begun) {
            SsoStep::Done { .. } | SsoStep::Taken { .. } => Ok(Taken::Used),
            SsoStep::Begun => Ok(Taken::Nothing),
            SsoStep::Challenged(challenge) => {
                let open = now < challenge.expires_at;
                if open && signed == Some(&*challenge.message) {
                    session.step = SsoStep::Taken { message: challenge.message.clone() };
                }
                tx.sso_sessions().set_step(id, &session.step).await?;
                tx.commit().await?;
                Ok(Taken::Challenge(Box::new(TakenChallenge { session, party, challenge, open })))
            }
        }
    }

    /// Nothing is being looked at any more, unless a wallet was asked anew meanwhile, or somebody else has signed in.
    async fn give_back(&self, taken: &TakenChallenge) -> Result<(), StoreError> {
        let id = taken.session.id;
        let mut tx = self.ports.store.begin().await?;
        if let Some((current, _)) = tx.sso_sessions().lock(id).await?
            && current.step == taken.session.step
            && matches!(current.step, SsoStep::Taken { .. })
        {
            tx.sso_sessions().set_step(id, &SsoStep::Begun).await?;
            tx.commit().await?;
        }
        Ok(())
    }

    /// What vouches for the signature of what was asked.
    async fn voucher(&self, challenge: &SsoChallenge, command: &VerifySso) -> Result<Option<Voucher>, VerifyError> {
        if challenge.message != command.message {
            return Ok(None);
        }
        let texts = vec![challenge.message.clone().into_bytes()];
        let requester = Requester::unknown(&command.origin);
        let proof = Proof { account: challenge.account, texts, signature: command.signature.clone(), requester };
        self.ports.identity.ports.wallets.verify(proof).await
    }

    /// Ends the session with a code. Of two who came this far at once, one does. `None` when the application has gone, or given
    /// the address up, while the wallet was asked.
    async fn finish(
        &self,
        session: &SsoSession,
        challenge: &SsoChallenge,
        user: UserId,
        origin: &Origin,
    ) -> Result<Option<SsoSecret>, VerifySsoError> {
        let (clock, entropy) = (&*self.ports.clock, &*self.ports.entropy);
        let (secret, now) = (SsoSecret::generate(entropy), self.ports.store.now().await?);
        let mut tx = self.ports.store.begin().await?;
        let held = tx.sso_sessions().lock(session.id).await?;
        let held = held.filter(|(_, party)| party.takes(&session.request.redirect_uri));
        let Some((current, party)) = held else { return Ok(None) };
        if matches!(current.step, SsoStep::Done { .. }) {
            return Err(VerifySsoError::Used);
        }
        let code = SsoCode {
            hash: self.ports.digest.digest(secret.expose()),
            application: party.application,
            organization: party.organization,
            redirect_uri: session.request.redirect_uri.clone(),
            code_challenge: session.request.code_challenge,
            nonce: session.request.nonce.clone(),
            user,
            account: challenge.account,
            state: SsoCodeState::Open,
            created_at: now,
            expires_at: now + CODE_TTL,
        };
        let (organization, application) = (party.organization, party.application);
        let what = IdentityEvent::SsoSignedIn { user, organization, application, wallet: code.account };
        tx.sso_sessions().set_step(session.id, &SsoStep::Done { at: now }).await?;
        tx.sso_codes().insert(&code).await.on_conflict(VerifySsoError::Refused)?;
        tx.events().append(&Event::by_visitor(origin, what.into(), clock, entropy)).await?;
        tx.commit().await?;
        Ok(Some(secret))
    }

    async fn refuse<T>(
        &self,
        reason: SsoRefusal,
        challenge: Option<&SsoChallenge>,
        origin: &Origin,
    ) -> Result<T, VerifySsoError> {
        let what = IdentityEvent::SsoRefused { reason, wallet: challenge.map(|challenge| challenge.account) };
        let event = Event::by_visitor(origin, what.into(), &*self.ports.clock, &*self.ports.entropy);
        let mut tx = self.ports.store.begin().await?;
        tx.events().append(&event).await?;
        tx.commit().await?;
        Err(VerifySsoError::Refused)
    }
}
