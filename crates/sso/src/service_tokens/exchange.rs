//! Token exchange (RFC 8693): user token for service token.

use tessera_kernel::{
    Actor, Event, MemberAccess, OrganizationId, Principal, Role, Secret, SessionId, StoreError, UserId,
};
use time::{Duration, OffsetDateTime};

use super::{
    events::{ExchangeRefusal, ServiceTokenEvent},
    model::Audience,
    ports::{LiveSession, ServiceClaims, SigningError},
    service::ServiceTokens,
};
use crate::signing_keys::model::TOKEN_LIFETIME;

/// A token exchange request.
#[derive(Debug)]
pub struct ExchangeToken {
    /// The organization in which the user wants to act.
    pub organization: OrganizationId,
    /// The service that receives the token: a configured audience or an application of the organization.
    pub audience: Audience,
}

/// A service token.
#[derive(Debug)]
pub struct ExchangedToken {
    /// The token.
    pub token: Secret<String>,
    /// Lifetime of the token, in whole seconds.
    pub life: Duration,
}

tessera_kernel::error_enum! {
    /// Why no token was issued.
    pub enum ExchangeTokenError {
        /// The actor is an application, so there is no user token to exchange.
        #[error("only a user can exchange their token")]
        NotAUser,
        /// The session has ended.
        #[error("the session has ended")]
        SessionEnded,
        /// The user is not a member of the organization, it does not exist, or it requires MFA that the session does not
        /// have. The response is the same for all of them.
        #[error("the token can't be exchanged")]
        Refused,
        /// The audience is neither configured nor an application of the organization.
        #[error("there is no such audience")]
        UnknownAudience,
    }
    from Token(SigningError), Store(StoreError)
}

impl ServiceTokens {
    /// Issues a token with the current state: the session is live, and the user has this role in the organization.
    ///
    /// # Errors
    /// Fails when the actor is not a user, the session has ended, the user is not a member, the audience is unknown, or
    /// signing or storage fails.
    pub async fn exchange_token(
        &self,
        actor: &Actor,
        command: ExchangeToken,
    ) -> Result<ExchangedToken, ExchangeTokenError> {
        let Principal::User { id, session, .. } = actor.principal else { return Err(ExchangeTokenError::NotAUser) };
        match self.entitled(actor, (id, session), &command).await? {
            Ok((session, role)) => self.issue(actor, command, (id, session), role).await,
            Err(refusal) => self.refuse(actor, &command, refusal).await,
        }
    }

    /// Returns the live session and the role, or the reason for refusal.
    async fn entitled(
        &self,
        actor: &Actor,
        (user, session): (UserId, SessionId),
        command: &ExchangeToken,
    ) -> Result<Result<(LiveSession, Role), ExchangeRefusal>, StoreError> {
        let Some(session) = self.ports.sessions.find_live_session(user, session).await? else {
            return Ok(Err(ExchangeRefusal::Session));
        };
        // Check membership before the audience, so that a user of another organization cannot find out which
        // applications exist.
        let access = self.ports.memberships.member_access(command.organization, user).await?;
        let Some(MemberAccess { role, mfa_required }) = access else { return Ok(Err(ExchangeRefusal::Membership)) };
        if mfa_required && actor.lacks_mfa() {
            return Ok(Err(ExchangeRefusal::Mfa));
        }
        let audience_known =
            self.settings.audiences.contains(&command.audience) || self.is_application(user, command).await?;
        Ok(if audience_known { Ok((session, role)) } else { Err(ExchangeRefusal::Audience) })
    }

    /// Returns whether the audience is an application of the organization.
    async fn is_application(&self, user: UserId, command: &ExchangeToken) -> Result<bool, StoreError> {
        let Some(application) = command.audience.application() else { return Ok(false) };
        let role = self.ports.memberships.application_role(application, user).await?;
        Ok(role.is_some_and(|role| role.organization == command.organization))
    }

    async fn issue(
        &self,
        actor: &Actor,
        command: ExchangeToken,
        (user, session): (UserId, LiveSession),
        role: Role,
    ) -> Result<ExchangedToken, ExchangeTokenError> {
        let issued_at = whole_seconds(session.at);
        let expires_at = (issued_at + TOKEN_LIFETIME).min(whole_seconds(session.expires_at));
        if expires_at <= issued_at {
            return self.refuse(actor, &command, ExchangeRefusal::Session).await;
        }
        let claims = self.claims(&command, user, role, [issued_at, expires_at]);
        let token = self.ports.signer.sign(&self.signing_key().await?, &claims)?;
        let ExchangeToken { organization, audience } = command;
        self.record(actor, ServiceTokenEvent::Exchanged { token: claims.token_id, organization, audience }).await?;
        Ok(ExchangedToken { token, life: expires_at - issued_at })
    }

    fn claims(
        &self,
        command: &ExchangeToken,
        user: UserId,
        role: Role,
        [issued_at, expires_at]: [OffsetDateTime; 2],
    ) -> ServiceClaims {
        let mut token_id = [0; 16];
        self.ports.system.entropy.fill(&mut token_id);
        ServiceClaims {
            user,
            audience: command.audience.clone(),
            token_id: uuid::Builder::from_random_bytes(token_id).into_uuid(),
            issued_at,
            expires_at,
            organization: Some(command.organization),
            roles: vec![role],
            nonce: None,
            wallet: None,
        }
    }

    async fn refuse<T>(
        &self,
        actor: &Actor,
        command: &ExchangeToken,
        refusal: ExchangeRefusal,
    ) -> Result<T, ExchangeTokenError> {
        let ExchangeToken { organization, audience } = command;
        let action =
            ServiceTokenEvent::ExchangeDenied { refusal, organization: *organization, audience: audience.clone() };
        self.record(actor, action).await?;
        Err(match refusal {
            ExchangeRefusal::Session => ExchangeTokenError::SessionEnded,
            ExchangeRefusal::Membership | ExchangeRefusal::Mfa => ExchangeTokenError::Refused,
            ExchangeRefusal::Audience => ExchangeTokenError::UnknownAudience,
        })
    }

    async fn record(&self, actor: &Actor, action: ServiceTokenEvent) -> Result<(), StoreError> {
        let event = Event::by(actor, action, &self.ports.system);
        let mut tx = self.ports.keys.begin().await?;
        tx.events().append(&event).await?;
        tx.commit().await
    }
}

/// Truncates to whole seconds, as tokens contain them. Otherwise a token could outlive its session by a fraction of a
/// second.
fn whole_seconds(time: OffsetDateTime) -> OffsetDateTime {
    time.replace_nanosecond(0).unwrap_or(time)
}
