//! Sessions.

use async_trait::async_trait;
use tessera_identity::{
    model::{Session, SessionState, SignInMethods},
    ports::SessionJobs,
};
use tessera_kernel::{SessionId, StoreError, UserId};
use time::OffsetDateTime;

use super::{
    state::{State, unless},
    store::MemoryStore,
};

impl State {
    pub(super) fn insert_session(&mut self, session: &Session) -> Result<(), StoreError> {
        unless(self.sessions.contains_key(&session.id), "sessions_id")?;
        unless(!self.users.contains_key(&session.user_id), StoreError::REFERENCE)?;
        let family = session.refresh.as_ref().map(|chain| chain.family);
        let has_family = |other: &Session| other.refresh.as_ref().map(|chain| chain.family) == family;
        unless(family.is_some() && self.sessions.values().any(has_family), "sessions_refresh_family")?;
        self.sessions.insert(session.id, session.clone());
        Ok(())
    }

    /// Ends the live sessions of a user that are meant, and tells how many.
    pub(super) fn end_sessions(&mut self, user: UserId, at: OffsetDateTime, meant: impl Fn(SessionId) -> bool) -> u64 {
        let live = |session: &&mut Session| session.user_id == user && session.is_live(at) && meant(session.id);
        let ended = self.sessions.values_mut().filter(live);
        ended.map(|session| session.state = SessionState::Ended { at }).map(|()| 1).sum()
    }

    /// Writes what a refresh changes, if the newest token is still of that generation.
    pub(super) fn rotate_refresh(&mut self, refreshed: &Session, from: u32) -> bool {
        let Some(known) = self.sessions.get_mut(&refreshed.id) else { return false };
        let is_newest = known.refresh.as_ref().is_some_and(|chain| chain.generation == from);
        if !is_newest || known.user_id != refreshed.user_id || !known.is_live(refreshed.last_used_at) {
            return false;
        }
        known.refresh.clone_from(&refreshed.refresh);
        (known.expires_at, known.last_used_at) = (refreshed.expires_at, refreshed.last_used_at);
        known.address = refreshed.address;
        true
    }

    pub(super) fn reauthenticate(
        &mut self,
        user: UserId,
        id: SessionId,
        methods: SignInMethods,
        at: OffsetDateTime,
    ) -> bool {
        let known = self.sessions.get_mut(&id).filter(|session| session.user_id == user && session.is_live(at));
        let Some(session) = known else { return false };
        session.methods = session.methods.and(methods);
        session.authenticated_at = session.authenticated_at.max(at);
        true
    }

    pub(super) fn end_least_recently_used_sessions(&mut self, opened: &Session, most: u64) -> u64 {
        let (user, at, keep) = (opened.user_id, opened.created_at, opened.id);
        let live = |session: &&Session| session.user_id == user && session.is_live(at) && session.id != keep;
        let others = usize::try_from(most.saturating_sub(1)).unwrap_or(usize::MAX);
        let mut older: Vec<&Session> = self.sessions.values().filter(live).collect();
        older.sort_by_key(|session| std::cmp::Reverse((session.last_used_at, session.created_at, session.id)));
        let older: Vec<SessionId> = older.into_iter().skip(others).map(|session| session.id).collect();
        self.end_sessions(user, at, |session| older.contains(&session))
    }
}

#[async_trait]
impl SessionJobs for MemoryStore {
    async fn record_uses(&self, uses: &[(SessionId, OffsetDateTime)]) -> Result<(), StoreError> {
        let mut tx = self.transaction().await;
        for (id, at) in uses {
            if let Some(session) = tx.state.sessions.get_mut(id) {
                session.last_used_at = session.last_used_at.max(*at);
            }
        }
        tx.publish()
    }
}
