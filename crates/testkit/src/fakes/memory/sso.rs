//! Sign-ins to applications.

use async_trait::async_trait;
use tessera_kernel::{ApplicationId, Clock as _, SecretHash, SessionId, StoreError, UserId};
use tessera_sso::{
    model::{AuthorizationCode, AuthorizationState, RelyingParty, SsoCodeState, SsoSession, SsoSessionId},
    ports::{LiveSession, RelyingParties, Sessions, SsoBounds, SsoCodes, SsoSessions, SsoStore, SsoTransaction},
};
use time::OffsetDateTime;

use super::{
    state::{State, unless},
    store::MemoryStore,
    transaction::MemoryTransaction,
};

#[async_trait]
impl SsoStore for MemoryStore {
    async fn begin(&self) -> Result<Box<dyn SsoTransaction>, StoreError> {
        Ok(Box::new(self.transaction().await))
    }

    async fn find_sso_session(&self, id: SsoSessionId) -> Result<Option<SsoSession>, StoreError> {
        let state = self.state();
        let session = state.sso_sessions.get(&id);
        Ok(session.filter(|session| state.applications.contains_key(&session.request.application)).cloned())
    }

    async fn knows_sso_code(&self, hash: &SecretHash) -> Result<bool, StoreError> {
        Ok(self.state().sso_codes.contains_key(hash))
    }
}

#[async_trait]
impl Sessions for MemoryStore {
    async fn find_live_session(&self, user: UserId, id: SessionId) -> Result<Option<LiveSession>, StoreError> {
        let (state, at) = (self.state(), self.0.clock.now());
        let live = state.sessions.get(&id).filter(|session| session.user_id == user && session.is_live(at));
        Ok(live.map(|session| LiveSession { expires_at: session.expires_at, at }))
    }
}

#[async_trait]
impl RelyingParties for MemoryStore {
    async fn find_relying_party(&self, id: ApplicationId) -> Result<Option<RelyingParty>, StoreError> {
        Ok(party(&self.state(), id))
    }
}

fn party(state: &State, id: ApplicationId) -> Option<RelyingParty> {
    state.applications.get(&id).map(|application| RelyingParty {
        application: id,
        organization: application.organization_id,
        name: application.name.to_string(),
        redirect_uris: application.redirect_uris.that_may_receive_responses().map(ToString::to_string).collect(),
    })
}

impl SsoTransaction for MemoryTransaction {
    tessera_kernel::accessors!(sso_sessions: SsoSessions, sso_codes: SsoCodes);
}

#[async_trait]
impl SsoSessions for MemoryTransaction {
    async fn insert(&mut self, session: &SsoSession) -> Result<(), StoreError> {
        unless(self.state.sso_sessions.contains_key(&session.id), "sso_sessions_id")?;
        unless(!self.state.applications.contains_key(&session.request.application), StoreError::REFERENCE)?;
        self.state.sso_sessions.insert(session.id, session.clone());
        Ok(())
    }

    async fn make_room(&mut self, session: &SsoSession, bounds: SsoBounds) -> Result<(), StoreError> {
        let application = session.request.application;
        evict(&mut self.state, session, bounds.per_application, |known| known.request.application == application);
        if session.network.is_some() {
            evict(&mut self.state, session, bounds.per_network, |known| known.network == session.network);
        }
        Ok(())
    }

    async fn lock(&mut self, id: SsoSessionId) -> Result<Option<(SsoSession, RelyingParty)>, StoreError> {
        let session = self.state.sso_sessions.get(&id);
        Ok(session.and_then(|session| Some((session.clone(), party(&self.state, session.request.application)?))))
    }

    async fn set_step(&mut self, id: SsoSessionId, step: &AuthorizationState) -> Result<bool, StoreError> {
        Ok(self.state.sso_sessions.get_mut(&id).map(|session| session.step = step.clone()).is_some())
    }
}

/// Removes unfinished sessions until at most `most` are left. Expired sessions go first, then those without progress,
/// then the oldest.
fn evict(state: &mut State, new: &SsoSession, most: usize, of: impl Fn(&SsoSession) -> bool) {
    let unfinished = state
        .sso_sessions
        .values()
        .filter(|known| !matches!(known.step, AuthorizationState::Completed { .. }) && of(known));
    let mut unfinished: Vec<_> = unfinished
        .filter(|known| known.id != new.id)
        .map(|known| {
            let live = known.expires_at > new.created_at;
            let started = !matches!(known.step, AuthorizationState::Started);
            (live, live && started, known.created_at, known.id)
        })
        .collect();
    unfinished.sort();
    let surplus = (unfinished.len() + 1).saturating_sub(most);
    for (_, _, _, id) in unfinished.into_iter().take(surplus) {
        state.sso_sessions.remove(&id);
    }
}

#[async_trait]
impl SsoCodes for MemoryTransaction {
    async fn insert(&mut self, code: &AuthorizationCode) -> Result<(), StoreError> {
        unless(self.state.sso_codes.contains_key(&code.hash), "sso_codes_code_hash")?;
        let known =
            self.state.applications.contains_key(&code.application) && self.state.users.contains_key(&code.user);
        unless(!known, StoreError::REFERENCE)?;
        self.state.sso_codes.insert(code.hash, code.clone());
        Ok(())
    }

    async fn lock(&mut self, hash: &SecretHash) -> Result<Option<(AuthorizationCode, RelyingParty)>, StoreError> {
        let code = self.state.sso_codes.get(hash);
        Ok(code.and_then(|code| Some((code.clone(), party(&self.state, code.application)?))))
    }

    async fn redeem(&mut self, hash: &SecretHash, at: OffsetDateTime) -> Result<bool, StoreError> {
        let open = self.state.sso_codes.get_mut(hash).filter(|code| code.state == SsoCodeState::Open);
        Ok(open.map(|code| code.state = SsoCodeState::Redeemed { at }).is_some())
    }
}
