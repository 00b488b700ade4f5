//! Completion of an interrupted operation with a second factor.

use tessera_kernel::{
    Actor, Event, Principal, RateLimitError, RateLimited, RequestMetadata, StoreError, UserId, WalletAccount,
};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{
    events::FactorEvent,
    model::{Interrupted, InterruptedOperation, MfaToken},
    verify_factor::PresentedFactor,
};
use crate::{
    Identity,
    model::{Device, SignInMethod, User},
    ports::{IdentityTransaction, TokenError},
    sessions::{
        open_session::{Authentication, NewSession, SignedIn},
        reauthenticate::Reauthenticated,
    },
};

/// Command of [`Identity::complete_operation`].
#[derive(Debug)]
pub struct CompleteOperation {
    /// The token of the operation, as received. A malformed one is of no operation.
    pub token: String,
    /// The second factor.
    pub factor: PresentedFactor,
    /// The device of the request.
    pub device: Device,
    /// Request metadata.
    pub origin: RequestMetadata,
}

/// The result of the operation that was interrupted.
#[derive(Debug)]
pub enum CompletedOperation {
    /// A session was opened.
    SignIn(Box<SignedIn>),
    /// The session counts as recently authenticated.
    Reauthentication(Reauthenticated),
    /// The user is authenticated for a sign-in to an application, which the caller completes.
    Application {
        /// The id of the sign-in.
        sign_in: Uuid,
        /// The wallet that signed.
        wallet: WalletAccount,
        /// The user of the wallet.
        user: UserId,
    },
}

tessera_kernel::error_enum! {
    /// Why the operation was not completed.
    pub enum CompleteOperationError {
        /// The token is unknown, used, expired or withdrawn, or has no attempts left. The response is the same for all of
        /// them.
        #[error("there is no such operation")]
        InvalidToken,
        /// The factor is wrong or was used before. The token stays valid until its attempts are used up.
        #[error("the second factor is wrong")]
        InvalidFactor,
    }
    from
        /// The token stays valid.
        RateLimited(RateLimited),
        Token(TokenError),
        Store(StoreError),
}

impl Identity {
    /// Verifies a second factor, and does what the interrupted operation would have done.
    ///
    /// # Errors
    /// Fails when the token or the factor is not valid, the limit of the account is reached, or signing a token or storage
    /// fails.
    pub async fn complete_operation(
        &self,
        command: CompleteOperation,
    ) -> Result<CompletedOperation, CompleteOperationError> {
        let token: MfaToken = command.token.parse().map_err(|_| CompleteOperationError::InvalidToken)?;
        let hash = self.ports.digest.digest(token.expose());
        let found = self.ports.factors.find_interrupted(&hash).await?;
        let operation = found.ok_or(CompleteOperationError::InvalidToken)?;
        // A passkey cannot be guessed, so the limit of guesses must not reject one.
        let counted = match &command.factor {
            PresentedFactor::Passkey(_) => None,
            PresentedFactor::Totp(_) | PresentedFactor::RecoveryCode(_) => {
                Some(self.count_factor(operation.user).await.map_err(RateLimitError::split::<CompleteOperationError>)?)
            }
        };
        let completed = self.attempt(&operation, &command).await;
        if matches!(completed, Err(CompleteOperationError::InvalidFactor)) {
            let what = FactorEvent::Rejected { user: operation.user, method: command.factor.method() };
            self.note(&Event::by_anonymous(&command.origin, what, &self.ports.system)).await?;
        } else if let Some(counted) = counted {
            self.ports.limits.give_back_all(&[counted]).await?;
        }
        completed
    }

    async fn attempt(
        &self,
        operation: &InterruptedOperation,
        command: &CompleteOperation,
    ) -> Result<CompletedOperation, CompleteOperationError> {
        // Counted before the factor is checked, so that concurrent requests do not get more attempts.
        if !self.ports.factors.count_attempt(&operation.token).await? {
            return Err(CompleteOperationError::InvalidToken);
        }
        let checked = self.check_factor(operation, &command.factor).await?;
        let factor = checked.ok_or(CompleteOperationError::InvalidFactor)?;
        let now = self.ports.factors.now().await?;
        let mut tx = self.ports.store.begin().await?;
        // Under the lock, the password and the codes cannot change, and no one else withdraws the operation. The use of a passkey
        // is already recorded: a removal a moment later does not undo it.
        let account = tx.users().lock(operation.user).await?.ok_or(CompleteOperationError::InvalidToken)?;
        if !tx.interrupted_operations().take(&operation.token).await? {
            return Err(CompleteOperationError::InvalidToken);
        }
        if !self.consume_factor(&mut *tx, &account.user, &factor, &command.origin).await? {
            return Err(CompleteOperationError::InvalidFactor);
        }
        self.resume(tx, account.user, (&operation.operation, factor.method()), now, command).await
    }

    /// Does what was interrupted, and commits the transaction.
    async fn resume(
        &self,
        mut tx: Box<dyn IdentityTransaction>,
        user: User,
        (operation, second): (&Interrupted, SignInMethod),
        now: OffsetDateTime,
        command: &CompleteOperation,
    ) -> Result<CompletedOperation, CompleteOperationError> {
        let CompleteOperation { device, origin, .. } = command;
        match operation.clone() {
            Interrupted::SignIn { methods, request, device_token, wallet } => {
                let opening = NewSession {
                    user,
                    authentication: Authentication::SecondFactor { wallet, device_token },
                    methods: methods.with(second),
                    request,
                    now,
                    device: *device,
                    origin,
                };
                let opened = self.insert_session::<CompleteOperationError>(tx, opening).await?;
                opened.map(Box::new).map(CompletedOperation::SignIn).ok_or(CompleteOperationError::InvalidToken)
            }
            Interrupted::Reauthentication { session, methods } => {
                let principal =
                    Principal::User { id: user.id, session, authenticated_at: now, checked_at: now, mfa: true };
                let (actor, methods) = (Actor { principal, origin: origin.clone() }, methods.with(second));
                let done = self.record_reauthentication(&mut *tx, &actor, (user.id, session), methods, now).await?;
                let done = done.ok_or(CompleteOperationError::InvalidToken)?;
                tx.commit().await?;
                Ok(CompletedOperation::Reauthentication(done))
            }
            Interrupted::Application { sign_in, wallet } => {
                self.record_device(&mut *tx, &user, *device).await?;
                tx.commit().await?;
                Ok(CompletedOperation::Application { sign_in, wallet, user: user.id })
            }
        }
    }
}
