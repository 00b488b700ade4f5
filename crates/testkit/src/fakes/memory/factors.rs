//! Second factors, and operations that wait for one.

use async_trait::async_trait;
use tessera_identity::{
    model::{EnrolledFactors, FactorStatus, InterruptedOperation, TotpEnrollment, TotpFactor},
    ports::{FactorRows, Factors, InterruptedOperations},
};
use tessera_kernel::{Clock as _, OrganizationId, SecretHash, StoreError, UserId};
use time::OffsetDateTime;

use super::{
    rows::WaitingOperation,
    state::{State, unless},
    store::MemoryStore,
    transaction::MemoryTransaction,
};

impl State {
    fn enrolled(&self, user: UserId) -> EnrolledFactors {
        EnrolledFactors {
            totp: self.totp_factors.contains_key(&user),
            passkeys: self.passkeys.values().filter(|passkey| passkey.user_id == user).count() as u64,
            recovery_codes: self.recovery_codes.get(&user).map_or(0, |codes| codes.len() as u64),
        }
    }

    fn open_operation(&self, token: &SecretHash, now: OffsetDateTime) -> Option<&WaitingOperation> {
        let open = |waiting: &&WaitingOperation| {
            now < waiting.operation.expires_at && waiting.attempts < InterruptedOperation::ATTEMPTS
        };
        self.interrupted_operations.get(token).filter(open)
    }
}

#[async_trait]
impl Factors for MemoryStore {
    async fn find_totp(&self, user: UserId) -> Result<Option<TotpFactor>, StoreError> {
        Ok(self.state().totp_factors.get(&user).cloned())
    }

    async fn find_totp_enrollment(&self, user: UserId) -> Result<Option<TotpEnrollment>, StoreError> {
        let now = self.0.clock.now();
        Ok(self.state().totp_enrollments.get(&user).filter(|enrollment| now < enrollment.expires_at).cloned())
    }

    async fn factor_status(&self, user: UserId) -> Result<FactorStatus, StoreError> {
        let state = self.state();
        let EnrolledFactors { passkeys, recovery_codes, .. } = state.enrolled(user);
        let own = state.memberships.keys().filter(|(_, member)| *member == user);
        let requires =
            |id: &OrganizationId| state.organizations.get(id).is_some_and(|organization| organization.mfa_required);
        Ok(FactorStatus {
            totp: state.totp_factors.get(&user).map(|factor| factor.created_at),
            passkeys,
            recovery_codes_left: recovery_codes,
            required_by: own.map(|(id, _)| *id).filter(requires).collect(),
        })
    }

    async fn find_interrupted(&self, token: &SecretHash) -> Result<Option<InterruptedOperation>, StoreError> {
        let now = self.0.clock.now();
        Ok(self.state().open_operation(token, now).map(|waiting| waiting.operation.clone()))
    }

    async fn count_attempt(&self, token: &SecretHash) -> Result<bool, StoreError> {
        let mut tx = self.transaction().await;
        let open = tx.state.open_operation(token, self.0.clock.now()).is_some();
        if let Some(waiting) = tx.state.interrupted_operations.get_mut(token).filter(|_| open) {
            waiting.attempts += 1;
        }
        tx.publish()?;
        Ok(open)
    }

    async fn set_ceremony(&self, token: &SecretHash, ceremony: &str) -> Result<(), StoreError> {
        let mut tx = self.transaction().await;
        if let Some(waiting) = tx.state.interrupted_operations.get_mut(token) {
            waiting.operation.ceremony = Some(ceremony.to_owned());
        }
        tx.publish()
    }
}

#[async_trait]
impl FactorRows for MemoryTransaction {
    async fn enrolled(&mut self, user: UserId) -> Result<EnrolledFactors, StoreError> {
        Ok(self.state.enrolled(user))
    }

    async fn put_totp_enrollment(&mut self, enrollment: &TotpEnrollment) -> Result<(), StoreError> {
        unless(!self.state.users.contains_key(&enrollment.user), StoreError::REFERENCE)?;
        self.state.totp_enrollments.insert(enrollment.user, enrollment.clone());
        Ok(())
    }

    async fn take_totp_enrollment(&mut self, enrollment: &TotpEnrollment) -> Result<bool, StoreError> {
        let now = self.now();
        let known = self.state.totp_enrollments.get(&enrollment.user);
        let same = known.is_some_and(|known| known.sealed == enrollment.sealed && now < known.expires_at);
        if same {
            self.state.totp_enrollments.remove(&enrollment.user);
        }
        Ok(same)
    }

    async fn insert_totp(&mut self, factor: &TotpFactor) -> Result<(), StoreError> {
        unless(self.state.totp_factors.contains_key(&factor.user), "totp_factors_user_id")?;
        unless(!self.state.users.contains_key(&factor.user), StoreError::REFERENCE)?;
        self.state.totp_factors.insert(factor.user, factor.clone());
        Ok(())
    }

    async fn delete_totp(&mut self, user: UserId) -> Result<bool, StoreError> {
        Ok(self.state.totp_factors.remove(&user).is_some())
    }

    async fn accept_step(&mut self, factor: &TotpFactor, step: i64) -> Result<bool, StoreError> {
        let known = self.state.totp_factors.get_mut(&factor.user);
        let known = known.filter(|known| known.created_at == factor.created_at && known.last_step < step);
        Ok(known.map(|known| known.last_step = step).is_some())
    }

    async fn replace_recovery_codes(&mut self, user: UserId, codes: &[SecretHash]) -> Result<(), StoreError> {
        self.state.recovery_codes.insert(user, codes.iter().copied().collect());
        Ok(())
    }

    async fn take_recovery_code(&mut self, user: UserId, code: &SecretHash) -> Result<Option<u64>, StoreError> {
        let Some(codes) = self.state.recovery_codes.get_mut(&user) else { return Ok(None) };
        Ok(codes.remove(code).then_some(codes.len() as u64))
    }
}

#[async_trait]
impl InterruptedOperations for MemoryTransaction {
    async fn insert(&mut self, operation: &InterruptedOperation) -> Result<(), StoreError> {
        let all = &mut self.state.interrupted_operations;
        unless(all.contains_key(&operation.token), "interrupted_operations_token_hash")?;
        unless(!self.state.users.contains_key(&operation.user), StoreError::REFERENCE)?;
        all.insert(operation.token, WaitingOperation { operation: operation.clone(), attempts: 0 });
        let own = all.values().map(|waiting| &waiting.operation).filter(|known| known.user == operation.user);
        let mut own: Vec<_> = own.map(|known| (std::cmp::Reverse(known.expires_at), known.token)).collect();
        own.sort_unstable();
        for (_, token) in own.into_iter().skip(InterruptedOperation::MOST_OPEN.into()) {
            all.remove(&token);
        }
        Ok(())
    }

    async fn take(&mut self, token: &SecretHash) -> Result<bool, StoreError> {
        Ok(self.state.interrupted_operations.remove(token).is_some())
    }

    async fn withdraw_all(&mut self, user: UserId) -> Result<(), StoreError> {
        self.state.interrupted_operations.retain(|_, waiting| waiting.operation.user != user);
        Ok(())
    }
}
