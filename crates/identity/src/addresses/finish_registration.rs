//! Creation of the account of a registration whose address is verified.

use tessera_kernel::{Event, OnConflict};
use time::OffsetDateTime;

use super::{
    confirm_email::{ConfirmEmailError, ConfirmedEmail, Mailed},
    model::{PendingRegistration, RegistrationSecret, VerificationCode},
};
use crate::{
    Identity,
    accounts::events::AccountEvent,
    model::{Credentials, PasswordAttempt, RegistrationMode, SignInMethod, SignInMethods, User},
    passwords::check_password::CheckedAccount,
    ports::{IdentityTransaction, Requester, Verdict},
    sessions::open_session::{Authentication, NewSession},
};

impl Identity {
    /// Creates the account of a registration by the mailed token and the password of the registration.
    pub(super) async fn finish_by_token(
        &self,
        known: PendingRegistration,
        password: Option<&PasswordAttempt>,
        mailed: &Mailed,
    ) -> Result<ConfirmedEmail, ConfirmEmailError> {
        let Some(attempt) = password else { return Err(ConfirmEmailError::NotVerified) };
        if !self.is_password_of(&known, attempt, mailed).await? {
            self.note(&self.refused(known.user.id, &mailed.origin)).await?;
            return Err(ConfirmEmailError::NotVerified);
        }
        let now = self.ports.addresses.now().await?;
        let mut tx = self.ports.store.begin().await?;
        let taken = tx.pending_registrations().take_by_token(&known.token).await?;
        self.create_account(tx, taken.ok_or(ConfirmEmailError::Invalid)?, now, mailed).await
    }

    /// Creates the account of a registration by the mailed code and the secret of the client.
    pub(super) async fn finish_by_code(
        &self,
        secret: &RegistrationSecret,
        code: &VerificationCode,
        mailed: &Mailed,
    ) -> Result<ConfirmedEmail, ConfirmEmailError> {
        let secret = self.ports.digest.digest(secret.expose());
        let known = self.ports.addresses.find_own_registration(&secret).await?.ok_or(ConfirmEmailError::Invalid)?;
        let (code, now) = (self.hash_of_mailed_code(known.user.id, code), self.ports.addresses.now().await?);
        let mut tx = self.ports.store.begin().await?;
        if let Some(taken) = tx.pending_registrations().take_by_code(&secret, &code).await? {
            return self.create_account(tx, taken, now, mailed).await;
        }
        if tx.pending_registrations().count_wrong_code(&secret).await? {
            tx.events().append(&self.refused(known.user.id, &mailed.origin)).await?;
        }
        tx.commit().await?;
        Err(ConfirmEmailError::Invalid)
    }

    async fn is_password_of(
        &self,
        known: &PendingRegistration,
        attempt: &PasswordAttempt,
        mailed: &Mailed,
    ) -> Result<bool, ConfirmEmailError> {
        let account = Credentials { user: known.user.clone(), password_hash: Some(known.password_hash.clone()) };
        let account = CheckedAccount::from(&account);
        let requester = Requester::unknown(&mailed.origin);
        let check = self.check_password::<ConfirmEmailError>(attempt, account, requester).await?;
        Ok(check.verdict != Verdict::Mismatch)
    }

    /// Creates the account and opens its first session. The registration is taken. If the address has an account by now,
    /// the registration is invalid like an expired one, because another one may have taken the address.
    async fn create_account(
        &self,
        mut tx: Box<dyn IdentityTransaction>,
        registration: PendingRegistration,
        now: OffsetDateTime,
        mailed: &Mailed,
    ) -> Result<ConfirmedEmail, ConfirmEmailError> {
        if self.settings.registration == RegistrationMode::Invited {
            return Err(ConfirmEmailError::Invalid);
        }
        let at = self.ports.system.now();
        let user = User { email_verified: true, created_at: at, updated_at: at, ..registration.user };
        let entry = AccountEvent::Registered { user: user.id };
        let event = Event::by_anonymous(&mailed.origin, entry, &self.ports.system);
        let inserted = tx.users().insert(&user, Some(&registration.password_hash)).await;
        inserted.on_conflict(ConfirmEmailError::Invalid)?;
        if let Some(email) = &user.email {
            tx.pending_registrations().delete_of(email).await?;
        }
        tx.events().append(&event).await?;
        let (authentication, device) = (Authentication::Registration, mailed.device);
        let opening = NewSession {
            user,
            authentication,
            methods: SignInMethods::of(SignInMethod::Email),
            request: mailed.session.clone(),
            now,
            device,
            origin: &mailed.origin,
        };
        let signed_in = self.insert_session::<ConfirmEmailError>(tx, opening).await?;
        signed_in.map(Box::new).map(ConfirmedEmail::Registered).ok_or(ConfirmEmailError::Invalid)
    }
}
