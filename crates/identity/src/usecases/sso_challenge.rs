//! A wallet is asked to sign in to an application.

use tessera_kernel::StoreError;
use time::{Duration, OffsetDateTime, UtcOffset};

use crate::{
    SingleSignOn,
    model::{
        Nonce, RelyingParty, SiweMessage, SsoChallenge, SsoSecret, SsoSession, SsoSessionId, SsoStep, WalletAccount,
    },
};

/// How long a signature is taken, unless the session ends before.
const CHALLENGE_TTL: Duration = Duration::minutes(5);

/// Who wants to sign in by which session.
#[derive(Debug)]
pub struct ChallengeSso {
    /// The session.
    pub session: SsoSessionId,
    /// What the browser holds; nothing, when it did not begin the session.
    pub browser: Option<SsoSecret>,
    /// The wallet, on an Ethereum chain.
    pub account: WalletAccount,
}

/// What the wallet is to sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SsoQuestion {
    /// The message, byte for byte.
    pub message: String,
    /// What makes it unlike every other.
    pub nonce: Nonce,
    /// Until when the signature is taken.
    pub expires_at: OffsetDateTime,
}

/// Nothing is to be signed.
#[derive(Debug, thiserror::Error)]
pub enum ChallengeSsoError {
    /// The session never was, is over or used up, belongs to another browser, or would return to an address that the
    /// application has given up: which, is not said.
    #[error("there is no such sign-in")]
    NotFound,
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl SingleSignOn {
    /// Puts a message to a wallet. It takes the place of the one before: the person may have chosen another wallet.
    ///
    /// # Errors
    /// See [`ChallengeSsoError`].
    pub async fn challenge(&self, command: ChallengeSso) -> Result<SsoQuestion, ChallengeSsoError> {
        let browser = command.browser.ok_or(ChallengeSsoError::NotFound)?;
        // Read first: a session that never was costs no transaction.
        self.ports.store.find_sso_session(command.session).await?.ok_or(ChallengeSsoError::NotFound)?;
        let now = self.ports.store.now().await?;
        let mut tx = self.ports.store.begin().await?;
        let held = tx.sso_sessions().lock(command.session).await?;
        let (session, party) = held.ok_or(ChallengeSsoError::NotFound)?;
        let open = self.is_theirs(&session, &browser, now) && !matches!(session.step, SsoStep::Done { .. });
        // The application may have given the address up since: nobody is asked to sign what leads nowhere.
        if !open || !party.takes(&session.request.redirect_uri) {
            return Err(ChallengeSsoError::NotFound);
        }
        let (challenge, nonce) = self.question(&session, &party, command.account, now);
        let question = SsoQuestion { message: challenge.message.clone(), nonce, expires_at: challenge.expires_at };
        tx.sso_sessions().set_step(session.id, &SsoStep::Challenged(challenge)).await?;
        tx.commit().await?;
        Ok(question)
    }

    fn question(
        &self,
        session: &SsoSession,
        party: &RelyingParty,
        account: WalletAccount,
        now: OffsetDateTime,
    ) -> (SsoChallenge, Nonce) {
        let nonce = Nonce::generate(&*self.ports.entropy);
        let site = &self.ports.identity.settings.site;
        // Whole seconds, as the message says them.
        let whole = |time: OffsetDateTime| time.to_offset(UtcOffset::UTC).replace_nanosecond(0).unwrap_or(time);
        let issued_at = whole(now);
        let expires_at = (issued_at + CHALLENGE_TTL).min(whole(session.expires_at));
        let message = SiweMessage {
            scheme: None,
            domain: site.domain().to_owned(),
            address: account.address(),
            statement: Some(statement(party, &session.request.redirect_uri)),
            uri: site.uri().to_owned(),
            chain_id: account.chain().id().unwrap_or_default(),
            nonce: nonce.to_string(),
            issued_at,
            expiration_time: Some(expires_at),
            not_before: None,
            request_id: Some(session.id.to_string()),
            resources: Vec::new(),
        };
        (SsoChallenge { message: message.to_string(), account, expires_at }, nonce)
    }
}

/// What the holder of the wallet is told they agree to. The grammar of these messages has ASCII only, and not all of it; the
/// address that the sign-in returns to comes first, and the name in brackets that it can't hold itself: a name that reads like
/// a sentence pretends nothing.
fn statement(party: &RelyingParty, redirect_uri: &str) -> String {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-._~!$&'()*+,;=:/?#[]@ ".contains(c);
    let shown = |c: char| match c {
        '[' => '(',
        ']' => ')',
        c if allowed(c) => c,
        _ => '?',
    };
    let name: String = party.name.chars().map(shown).collect();
    let (_, rest) = redirect_uri.split_once("://").unwrap_or(("", redirect_uri));
    let host: String = rest.split(['/', '?', '#']).next().unwrap_or_default().chars().filter(|c| allowed(*c)).collect();
    if name.contains(|c: char| c.is_ascii_alphanumeric()) {
        format!("Sign in at {host} to the application [{name}].")
    } else {
        format!("Sign in at {host}.")
    }
}
