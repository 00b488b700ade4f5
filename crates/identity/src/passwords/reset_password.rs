//! Password reset with a mailed token.

use tessera_kernel::{AuditEntry, EmailAddress, Event, RequestMetadata, StoreError};
use time::OffsetDateTime;

use crate::{
    Identity, NewPasswordError,
    accounts::events::AccountEvent,
    addresses::confirm_email::verify_address,
    model::{Credentials, Password, PasswordHash, PasswordReset, ResetToken, User, Wallet},
    passkeys::events::PasskeyEvent,
    passwords::check_new_password::words_about,
    passwords::events::PasswordEvent,
    ports::{AccountChange, HashError, IdentityTransaction, Requester},
    wallets::events::WalletAction,
};

/// A token and the new password.
#[derive(Debug)]
pub struct ResetPassword {
    /// The token from the mail.
    pub token: ResetToken,
    /// The new password.
    pub password: Password,
    /// Request metadata.
    pub origin: RequestMetadata,
}

tessera_kernel::error_enum! {
    /// Why the password was not reset.
    pub enum ResetPasswordError {
        /// The token is unknown, used, expired, replaced by another one, or was sent to an address that the account no
        /// longer has. The response is the same for all of them.
        #[error("this link is not valid")]
        Invalid,
    }
    from
        /// The token stays valid.
        NewPassword(NewPasswordError),
        /// The token stays valid.
        Hash(HashError),
        Store(StoreError),
}

impl Identity {
    /// Returns the email address of the account whose password the token sets. Changes nothing.
    ///
    /// # Errors
    /// Fails when the token is invalid, or storage fails.
    pub async fn view_reset(&self, token: &ResetToken) -> Result<EmailAddress, ResetPasswordError> {
        let (reset, _) = self.find_reset(token).await?;
        Ok(reset.email)
    }

    /// Consumes the token and sets the password, both or neither. Ends all sessions of the user, and deletes the device
    /// tokens. The user gets a mail.
    /// No session is opened.
    ///
    /// Marks the address as verified, because the user has read a mail to it. If it was not verified before, any
    /// visitor may have created the account. So all linked wallets are then unlinked, all passkeys and second factors removed,
    /// all known devices and networks forgotten, and a pending change of address is cancelled.
    ///
    /// # Errors
    /// Fails when the token is invalid, the password is rejected, or hashing or storage fails.
    pub async fn reset_password(&self, command: ResetPassword) -> Result<(), ResetPasswordError> {
        let (reset, known) = self.find_reset(&command.token).await?;
        // Check and hash before consuming the token: a rejected password must not cost the user their link. The
        // requester counts as known, because only a reader of the account's mails has the link.
        let requester = Requester::known(&command.origin);
        self.check_new_password(&command.password, &words_about(&known.user), requester).await?;
        let hash = self.ports.hasher.hash(&command.password, requester).await?;
        let now = self.ports.resets.now().await?;
        let mut tx = self.ports.store.begin().await?;
        let current = tx.users().lock(reset.user).await?.ok_or(ResetPasswordError::Invalid)?;
        // Only under the lock is it certain that the token is still valid and which address the account has.
        let taken = tx.password_resets().take(reset.user, &reset.hash).await?;
        taken.filter(|taken| is_theirs(taken, &current.user)).ok_or(ResetPasswordError::Invalid)?;
        self.replace_password(&mut *tx, &current, (&hash, now), &command.origin).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Finds a valid token and its account.
    async fn find_reset(&self, token: &ResetToken) -> Result<(PasswordReset, Credentials), ResetPasswordError> {
        let hash = self.ports.digest.digest(token.expose());
        let reset = self.ports.resets.find_open(&hash).await?.ok_or(ResetPasswordError::Invalid)?;
        let known = self.ports.store.find_credentials_of(reset.user).await?;
        let known = known.filter(|known| is_theirs(&reset, &known.user)).ok_or(ResetPasswordError::Invalid)?;
        Ok((reset, known))
    }

    /// Sets the password and applies its consequences. The caller must hold the lock on the user. `now` is by the
    /// database clock.
    async fn replace_password(
        &self,
        tx: &mut dyn IdentityTransaction,
        current: &Credentials,
        (hash, now): (&PasswordHash, OffsetDateTime),
        origin: &RequestMetadata,
    ) -> Result<(), StoreError> {
        let user = current.user.id;
        let wallets: &[Wallet] = if current.user.email_verified { &[] } else { &current.user.wallets };
        tx.users().set_password_hash(user, hash).await?;
        let mut actions: Vec<AuditEntry> = Vec::new();
        if verify_address(tx, user, now).await? {
            actions.push(AccountEvent::EmailVerified { user }.into());
        }
        if !current.user.email_verified {
            // The mails to the address are void, too, and a change that another person has requested.
            tx.email_proofs().delete_all(user).await?;
            // From a known network or device, that person could guess on and sign in without a notice.
            tx.known_devices().delete_all(user).await?;
        }
        for wallet in wallets {
            tx.wallets().delete(user, &wallet.account.address()).await?;
            actions.push(WalletAction::Unlinked { user }.with(wallet.account).into());
        }
        // Any visitor may have signed in with the password that is replaced.
        tx.device_tokens().delete_all(user).await?;
        tx.wrong_passwords().reset(user).await?;
        let mut passkeys_removed = 0;
        if !current.user.email_verified {
            for passkey in tx.passkeys().delete_all(user).await? {
                passkeys_removed += 1;
                actions.push(PasskeyEvent::Removed { user, passkey }.into());
            }
        }
        let factors_removed = !current.user.email_verified && self.remove_all_factors(tx, user, &mut actions).await?;
        // An operation that the old password has begun must not open a session.
        tx.interrupted_operations().withdraw_all(user).await?;
        let sessions_ended = tx.sessions().end_all(user, None, now).await?;
        actions.push(PasswordEvent::Reset { user, sessions_ended }.into());
        for action in actions {
            tx.events().append(&Event::by_anonymous(origin, action, &self.ports.system)).await?;
        }
        let first = current.password_hash.is_none();
        let change =
            AccountChange::PasswordReset { first, wallets_unlinked: wallets.len(), passkeys_removed, factors_removed };
        self.notify(tx, &current.user, change).await
    }
}

fn is_theirs(reset: &PasswordReset, user: &User) -> bool {
    user.email.as_ref() == Some(&reset.email)
}
