//! Challenge of a single sign-on.

use tessera_kernel::{AcceptedWallet, StoreError, WalletAccount};
use time::{Duration, OffsetDateTime, UtcOffset};

use super::{
    model::{AuthorizationState, SsoChallenge, SsoSession, SsoSessionId},
    ports::{WalletMessage, WalletMessageRequest},
};
use crate::{
    codes::model::OneTimeSecret,
    relying_parties::{model::RelyingParty, redirect_uri::destination},
    service::SingleSignOn,
};

/// Lifetime of a challenge. It ends earlier if the session expires.
const CHALLENGE_TTL: Duration = Duration::minutes(5);

/// A request for a challenge.
#[derive(Debug)]
pub struct ChallengeSso {
    /// The session.
    pub session: SsoSessionId,
    /// The secret of the browser. `None` if the browser did not start the session.
    pub browser: Option<OneTimeSecret>,
    /// The wallet, on an Ethereum chain.
    pub wallet: AcceptedWallet,
}

/// The challenge that the wallet must sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SsoQuestion {
    /// The exact message.
    pub message: String,
    /// Nonce of the message.
    pub nonce: String,
    /// When the challenge expires.
    pub expires_at: OffsetDateTime,
}

tessera_kernel::error_enum! {
    /// Why no challenge was issued.
    pub enum ChallengeSsoError {
        /// The session does not exist, has expired, is completed, or belongs to another browser, or the application has
        /// removed the redirect URI. The response is the same for all of them.
        #[error("there is no such sign-in")]
        NotFound,
    }
    from Store(StoreError)
}

impl SingleSignOn {
    /// Issues a challenge. It replaces the previous one, because the user may have chosen another wallet.
    ///
    /// # Errors
    /// Fails when the session cannot be used, or storage fails.
    pub async fn challenge(&self, command: ChallengeSso) -> Result<SsoQuestion, ChallengeSsoError> {
        let browser = command.browser.ok_or(ChallengeSsoError::NotFound)?;
        // Read first, so that an unknown session costs no transaction.
        self.ports.store.find_sso_session(command.session).await?.ok_or(ChallengeSsoError::NotFound)?;
        let now = self.ports.store.now().await?;
        let mut tx = self.ports.store.begin().await?;
        let held = tx.sso_sessions().lock(command.session).await?;
        let (session, party) = held.ok_or(ChallengeSsoError::NotFound)?;
        let open =
            self.is_theirs(&session, &browser, now) && !matches!(session.step, AuthorizationState::Completed { .. });
        // The application may have removed the redirect URI meanwhile. Do not ask for a signature that leads nowhere.
        if !open || !party.allows_redirect_uri(&session.request.redirect_uri) {
            return Err(ChallengeSsoError::NotFound);
        }
        let (challenge, nonce) = self.question(&session, &party, command.wallet.account(), now);
        let question = SsoQuestion { message: challenge.message.clone(), nonce, expires_at: challenge.expires_at };
        tx.sso_sessions().set_step(session.id, &AuthorizationState::Challenged(challenge)).await?;
        tx.commit().await?;
        Ok(question)
    }

    fn question(
        &self,
        session: &SsoSession,
        party: &RelyingParty,
        account: WalletAccount,
        now: OffsetDateTime,
    ) -> (SsoChallenge, String) {
        // Use whole seconds, as the message contains them.
        let whole = |time: OffsetDateTime| time.to_offset(UtcOffset::UTC).replace_nanosecond(0).unwrap_or(time);
        let issued_at = whole(now);
        let expires_at = (issued_at + CHALLENGE_TTL).min(whole(session.expires_at));
        let WalletMessage { text, nonce } = self.ports.wallets.message(WalletMessageRequest {
            account,
            statement: statement(party, &session.request.redirect_uri),
            request_id: session.id.to_string(),
            issued_at,
            expires_at,
        });
        (SsoChallenge { message: text, account, expires_at }, nonce)
    }
}

/// Returns the statement that the wallet shows to its owner. The message grammar allows only a subset of ASCII, so
/// other characters of the name become `?`. The host of the redirect URI comes first. The name is in brackets, and
/// brackets in the name are replaced: so a name that reads like a sentence cannot pose as part of the statement.
fn statement(party: &RelyingParty, redirect_uri: &str) -> String {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-._~!$&'()*+,;=:/?#[]@ ".contains(c);
    let shown = |c: char| match c {
        '[' => '(',
        ']' => ')',
        c if allowed(c) => c,
        _ => '?',
    };
    let name: String = party.name.chars().map(shown).collect();
    let host: String = destination(redirect_uri).chars().filter(|c| allowed(*c)).collect();
    if name.contains(|c: char| c.is_ascii_alphanumeric()) {
        format!("Sign in at {host} to the application [{name}].")
    } else {
        format!("Sign in at {host}.")
    }
}
