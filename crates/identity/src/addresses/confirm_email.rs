//! Verification of an address, with the mail and the account.

use tessera_kernel::{
    Actor, AuditEntry, Event, Principal, RateLimitError, RateLimited, RequestMetadata, StoreError, UserId,
};
use time::OffsetDateTime;

use super::model::{EmailProof, EmailStatus, ProofSide, RegistrationSecret, VerificationCode, VerificationToken};
use crate::{
    Identity, SignedIn,
    accounts::events::AccountEvent,
    model::{Device, PasswordAttempt, SessionRequest, User},
    ports::{HashError, IdentityTransaction, Requester, TokenError, Verdict},
};

/// What proves that the caller has read a mail, and whose account it is.
#[derive(Debug)]
pub enum PresentedProof {
    /// The token from the mail. Control of an address also requires the account: the actor, or the password.
    Token {
        /// The token.
        token: VerificationToken,
        /// The password as typed.
        password: Option<PasswordAttempt>,
    },
    /// The token from the mail to the present address, to cancel a change.
    Decline(VerificationToken),
    /// The code from the mail. The account is the actor's.
    Code(VerificationCode),
    /// The code from the mail of a registration.
    Registration {
        /// The secret of the client that has registered.
        secret: RegistrationSecret,
        /// The code.
        code: VerificationCode,
    },
}

/// A verification.
#[derive(Debug)]
pub struct ConfirmEmail {
    /// What the caller presents.
    pub proof: PresentedProof,
    /// The user, if the request has a session.
    pub actor: Option<Actor>,
    /// The device of the request, for the first session of a new account.
    pub device: Device,
    /// Request metadata.
    pub origin: RequestMetadata,
    /// What the client asks for, for the same session.
    pub session: SessionRequest,
}

/// The result of a verification.
#[derive(Debug)]
pub enum ConfirmedEmail {
    /// The address of an account is verified, or one side of its change has confirmed.
    Account(EmailStatus),
    /// The reader of the present address has confirmed or declined a change.
    OldAddress,
    /// An account was created.
    Registered(Box<SignedIn>),
}

tessera_kernel::error_enum! {
    /// Why nothing was verified.
    pub enum ConfirmEmailError {
        /// The token, the code or the registration is unknown, used, expired or replaced. The response is the same for
        /// all of them.
        #[error("this verification is not valid")]
        Invalid,
        /// The token is valid and stays so, but the account was not presented, or the password is wrong.
        #[error("the account of the address was not presented")]
        NotVerified,
        /// A code alone proves nothing.
        #[error("a code requires its account")]
        AccountRequired,
        /// Another account has taken the new address meanwhile.
        #[error("this email address is already registered")]
        EmailTaken,
    }
    from RateLimited(RateLimited), Hash(HashError), Token(TokenError), Store(StoreError)
}

/// The caller of a verification.
pub(super) struct Mailed {
    actor: Option<Actor>,
    pub(super) device: Device,
    pub(super) origin: RequestMetadata,
    pub(super) session: SessionRequest,
}

impl Mailed {
    /// The user of the session.
    fn user(&self) -> Option<UserId> {
        self.actor.as_ref().and_then(|actor| match actor.principal {
            Principal::User { id, .. } => Some(id),
            Principal::Application { .. } | Principal::OrganizationKey { .. } => None,
        })
    }
}

/// Marks the present address as verified, and returns whether it was not. The caller must hold the lock on the user.
pub(crate) async fn verify_address(
    tx: &mut dyn IdentityTransaction,
    user: UserId,
    now: OffsetDateTime,
) -> Result<bool, StoreError> {
    let verified = tx.users().verify_email(user, now).await?;
    if verified {
        // A verified address must agree to a change. This one was requested before, without asking its reader.
        tx.email_proofs().delete_change(user).await?;
    }
    Ok(verified)
}

impl Identity {
    /// Verifies an address, confirms or declines a change of address, or creates the account of a registration.
    ///
    /// # Errors
    /// Fails when the proof is invalid, the account is missing or wrong, a limit is reached, the new address is taken, or
    /// hashing, signing the token or storage fails. A token is only consumed by success, a code also by wrong codes.
    pub async fn confirm_email(&self, command: ConfirmEmail) -> Result<ConfirmedEmail, ConfirmEmailError> {
        let ConfirmEmail { proof, actor, device, origin, session } = command;
        let mailed = Mailed { actor, device, origin, session };
        match proof {
            PresentedProof::Token { token, password } => {
                self.confirm_by_token(&token, password.as_ref(), &mailed).await
            }
            PresentedProof::Decline(token) => self.decline_change(&token, &mailed).await,
            PresentedProof::Code(code) => self.confirm_by_code(&code, &mailed).await,
            PresentedProof::Registration { secret, code } => self.finish_by_code(&secret, &code, &mailed).await,
        }
    }

    async fn confirm_by_token(
        &self,
        token: &VerificationToken,
        password: Option<&PasswordAttempt>,
        mailed: &Mailed,
    ) -> Result<ConfirmedEmail, ConfirmEmailError> {
        let hash = self.ports.digest.digest(token.expose());
        let Some(proof) = self.ports.addresses.find_proof(&hash).await? else {
            let registration = self.ports.addresses.find_registration(&hash).await?;
            let registration = registration.ok_or(ConfirmEmailError::Invalid)?;
            return self.finish_by_token(registration, password, mailed).await;
        };
        if proof.side != ProofSide::Old && mailed.user() != Some(proof.user) {
            self.require_password(&proof, password, mailed).await?;
        }
        let now = self.ports.addresses.now().await?;
        let mut tx = self.ports.store.begin().await?;
        let known = tx.users().lock(proof.user).await?.ok_or(ConfirmEmailError::Invalid)?;
        // Only under the lock is it certain that the token is still valid.
        let proof = tx.email_proofs().take(proof.user, &hash).await?.ok_or(ConfirmEmailError::Invalid)?;
        self.apply(tx, known.user, &proof, now, mailed).await
    }

    /// Any visitor may have created the account of an address, so its reader must also present the account.
    async fn require_password(
        &self,
        proof: &EmailProof,
        password: Option<&PasswordAttempt>,
        mailed: &Mailed,
    ) -> Result<(), ConfirmEmailError> {
        let Some(attempt) = password else { return Err(ConfirmEmailError::NotVerified) };
        let known = self.ports.store.find_credentials_of(proof.user).await?.ok_or(ConfirmEmailError::Invalid)?;
        let requester = Requester::unknown(&mailed.origin);
        let check = self.check_password::<ConfirmEmailError>(attempt, (&known).into(), requester).await?;
        if check.verdict == Verdict::Mismatch {
            self.record_wrong_password(Some(&known.user), &self.refused(proof.user, &mailed.origin)).await?;
            return Err(ConfirmEmailError::NotVerified);
        }
        Ok(())
    }

    async fn confirm_by_code(
        &self,
        code: &VerificationCode,
        mailed: &Mailed,
    ) -> Result<ConfirmedEmail, ConfirmEmailError> {
        let user = mailed.user().ok_or(ConfirmEmailError::AccountRequired)?;
        let counted = self.count_factor(user).await.map_err(RateLimitError::split::<ConfirmEmailError>)?;
        let (hash, now) = (self.hash_of_mailed_code(user, code), self.ports.addresses.now().await?);
        let mut tx = self.ports.store.begin().await?;
        let known = tx.users().lock(user).await?.ok_or(ConfirmEmailError::AccountRequired)?;
        if let Some(proof) = tx.email_proofs().take_by_code(user, &hash).await? {
            let confirmed = self.apply(tx, known.user, &proof, now, mailed).await;
            self.ports.limits.give_back_all(&[counted]).await?;
            return confirmed;
        }
        if tx.email_proofs().count_wrong_code(user).await? {
            let refused = AccountEvent::EmailVerificationRefused { user };
            tx.events().append(&self.event_by(user, refused, mailed)).await?;
        }
        tx.commit().await?;
        Err(ConfirmEmailError::Invalid)
    }

    /// Applies a proof that was taken, and commits the transaction, which holds the lock on the user.
    async fn apply(
        &self,
        mut tx: Box<dyn IdentityTransaction>,
        mut user: User,
        proof: &EmailProof,
        now: OffsetDateTime,
        mailed: &Mailed,
    ) -> Result<ConfirmedEmail, ConfirmEmailError> {
        if proof.side != ProofSide::Current {
            return self.confirm_side(tx, user, proof.side, now, mailed).await;
        }
        // An invitation may have verified the address meanwhile.
        if verify_address(&mut *tx, user.id, now).await? {
            let entry = AccountEvent::EmailVerified { user: user.id };
            tx.events().append(&self.event_by(user.id, entry, mailed)).await?;
            (user.email_verified, user.updated_at) = (true, now);
        }
        let pending = tx.email_proofs().find_change_of(user.id).await?;
        tx.commit().await?;
        Ok(ConfirmedEmail::Account(EmailStatus::of(&user, pending)))
    }

    /// The entry of a change of an account: by the user, if the request has their session.
    pub(super) fn event_by(&self, user: UserId, entry: impl Into<AuditEntry>, mailed: &Mailed) -> Event {
        match &mailed.actor {
            Some(actor) if mailed.user() == Some(user) => Event::by(actor, entry, &self.ports.system),
            _ => self.event_of(entry, &mailed.origin),
        }
    }

    pub(super) fn event_of(&self, entry: impl Into<AuditEntry>, origin: &RequestMetadata) -> Event {
        Event::by_anonymous(origin, entry, &self.ports.system)
    }

    pub(super) fn refused(&self, user: UserId, origin: &RequestMetadata) -> Event {
        self.event_of(AccountEvent::EmailVerificationRefused { user }, origin)
    }
}
