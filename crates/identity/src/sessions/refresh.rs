//! A client exchanges its refresh token for the next one and a new access token.

use tessera_kernel::{Event, RequestMetadata, Secret, StoreError};
use time::OffsetDateTime;

use super::{
    events::SessionEvent,
    model::{KnownSession, RefreshChain, RefreshToken, RefreshUse, Session},
    open_session::IssuedRefresh,
};
use crate::{
    Identity,
    ports::{AccountChange, TokenError},
};

/// Command of [`Identity::refresh`].
#[derive(Debug)]
pub struct Refresh {
    /// The refresh token as sent. A malformed one fails with the same error as an unknown one.
    pub token: Secret<String>,
    /// Request metadata.
    pub origin: RequestMetadata,
}

/// New tokens of a session.
#[derive(Debug)]
pub struct Refreshed {
    /// An access token.
    pub token: Secret<String>,
    /// When the access token expires.
    pub expires_at: OffsetDateTime,
    /// The newest refresh token of the session.
    pub refresh: IssuedRefresh,
}

tessera_kernel::error_enum! {
    /// Why a refresh token was not accepted.
    pub enum RefreshError {
        /// The token is malformed, unknown, reused or expired, or its session has ended. The response is the same for all
        /// of them.
        #[error("the refresh token is not valid")]
        InvalidToken,
    }
    from Token(TokenError), Store(StoreError)
}

/// Maximum number of attempts. An attempt is repeated if another request has used the newest token meanwhile. The second
/// one then finds the presented token in its grace period, unless the session has changed otherwise.
const TRIES: usize = 5;

impl Identity {
    /// Returns an access token and the newest refresh token of a session. The first use of a refresh token creates its
    /// successor. A use after the grace period ends the session: then two clients have the token.
    ///
    /// # Errors
    /// Fails when the token is not valid, or signing the token or storage fails.
    pub async fn refresh(&self, command: Refresh) -> Result<Refreshed, RefreshError> {
        let presented: RefreshToken = command.token.expose().parse().map_err(|_| RefreshError::InvalidToken)?;
        let hash = self.ports.digest.digest(presented.family.hashed_text().expose());
        for _ in 0..TRIES {
            let known = self.ports.store.find_refreshed(hash).await?.ok_or(RefreshError::InvalidToken)?;
            let KnownSession { session, at } = known;
            let Some(chain) = &session.refresh else { return Err(RefreshError::InvalidToken) };
            if self.ports.refresh_codes.code(chain.secret, &[]).is_none() {
                self.ports.refresh_codes.learn_secrets().await?;
            }
            if !session.is_live(at) || !self.is_authentic(&presented, chain)? {
                return Err(RefreshError::InvalidToken);
            }
            match chain.judge(presented.generation, at, self.settings.refresh.grace) {
                RefreshUse::Repeated => return self.renewed(presented, &session, at),
                RefreshUse::Unknown => return Err(RefreshError::InvalidToken),
                RefreshUse::Reused => {
                    self.end_reused(&session, at, &command.origin).await?;
                    return Err(RefreshError::InvalidToken);
                }
                RefreshUse::First => {
                    let refreshed = self.rotated(&session, chain, at, &command.origin);
                    if self.ports.store.rotate_refresh(&refreshed, chain.generation).await? {
                        return self.renewed(presented, &refreshed, at);
                    }
                }
            }
        }
        Err(StoreError::Busy.into())
    }

    /// Returns whether this service has issued the token for the session.
    fn is_authentic(&self, presented: &RefreshToken, chain: &RefreshChain) -> Result<bool, TokenError> {
        let of_generation = RefreshChain { generation: presented.generation, ..chain.clone() };
        let issued = self.newest_token(presented.family.clone(), &of_generation)?;
        let hash = |token: &RefreshToken| self.ports.digest.digest(token.to_text().expose());
        Ok(self.ports.digest.matches(&hash(&issued), &hash(presented)))
    }

    /// The session after the first use of its newest refresh token.
    fn rotated(
        &self,
        session: &Session,
        chain: &RefreshChain,
        at: OffsetDateTime,
        origin: &RequestMetadata,
    ) -> Session {
        let settings = &self.settings.refresh;
        let idle = whole_seconds(at) + settings.idle;
        Session {
            refresh: Some(chain.rotated(at, settings.grace)),
            last_used_at: at,
            expires_at: idle.min(session.created_at + settings.max),
            address: origin.address.or(session.address),
            ..session.clone()
        }
    }

    fn renewed(
        &self,
        presented: RefreshToken,
        session: &Session,
        at: OffsetDateTime,
    ) -> Result<Refreshed, RefreshError> {
        let Some(chain) = &session.refresh else { return Err(RefreshError::InvalidToken) };
        let claims = self.claims(session, whole_seconds(at));
        let token = self.ports.signer.sign(&claims)?;
        let newest = self.newest_token(presented.family, chain)?;
        let refresh = IssuedRefresh { token: newest, expires_at: session.expires_at };
        Ok(Refreshed { token, expires_at: claims.expires_at, refresh })
    }

    /// Ends a session whose refresh token was used twice, and tells its user. Of concurrent requests, one ends the
    /// session. So there is one audit entry and one mail.
    async fn end_reused(
        &self,
        session: &Session,
        at: OffsetDateTime,
        origin: &RequestMetadata,
    ) -> Result<(), StoreError> {
        let mut tx = self.ports.store.begin().await?;
        let Some(owner) = tx.users().lock(session.user_id).await? else { return Ok(()) };
        if !tx.sessions().end(session.user_id, session.id, at).await? {
            return Ok(());
        }
        let what = SessionEvent::RefreshReused { user: session.user_id, session: session.id };
        tx.events().append(&Event::by_anonymous(origin, what, &self.ports.system)).await?;
        self.notify(&mut *tx, &owner.user, AccountChange::RefreshReused).await?;
        tx.commit().await
    }
}

fn whole_seconds(time: OffsetDateTime) -> OffsetDateTime {
    time.replace_nanosecond(0).unwrap_or(time)
}
