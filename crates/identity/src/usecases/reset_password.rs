//! Whoever reads the mails of an account sets a new password for it.

use tessera_kernel::{EmailAddress, Event, Origin, StoreError};
use time::OffsetDateTime;

use crate::{
    Identity, NewPasswordError,
    events::IdentityEvent,
    model::{Credentials, Password, PasswordHash, PasswordReset, ResetToken, User, Wallet},
    new_password::words_about,
    ports::{AccountChange, HashError, IdentityTransaction, Requester},
};

/// What somebody presents, and what they want.
#[derive(Debug)]
pub struct ResetPassword {
    /// The token from the mail.
    pub token: ResetToken,
    /// The password they want.
    pub password: Password,
    /// Where the request came from.
    pub origin: Origin,
}

/// The password stays as it was.
#[derive(Debug, thiserror::Error)]
pub enum ResetPasswordError {
    /// The token is unknown, used, expired, replaced by another, or went to an address that the account has no more: always
    /// the same answer.
    #[error("this link is not valid")]
    Invalid,
    /// The password is not taken. The token still serves.
    #[error(transparent)]
    NewPassword(#[from] NewPasswordError),
    /// No hash could be made. The token still serves.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Identity {
    /// Whose password a token sets. Nothing changes.
    ///
    /// # Errors
    /// See [`ResetPasswordError`].
    pub async fn view_reset(&self, token: &ResetToken) -> Result<EmailAddress, ResetPasswordError> {
        let (reset, _) = self.find_reset(token).await?;
        Ok(reset.email)
    }

    /// Uses a token up and sets the password: together or not at all. All sessions of the user end. The address is proved
    /// from then on, since a mail to it has been read. If it was not before, anybody may have made the account, so the
    /// wallets that they linked are unlinked. The user is told by mail. Nobody is signed in.
    ///
    /// # Errors
    /// See [`ResetPasswordError`].
    pub async fn reset_password(&self, command: ResetPassword) -> Result<(), ResetPasswordError> {
        let (reset, known) = self.find_reset(&command.token).await?;
        // Judged and hashed while the token still serves: a password that is not taken costs nobody their link.
        // Whoever has the link reads the mails of the account.
        let requester = Requester::known(&command.origin);
        self.check_new_password(&command.password, &words_about(&known.user), requester).await?;
        let hash = self.ports.hasher.hash(&command.password, requester).await?;
        let now = self.ports.resets.now().await?;
        let mut tx = self.ports.store.begin().await?;
        let current = tx.users().lock(reset.user).await?.ok_or(ResetPasswordError::Invalid)?;
        // Only under the lock is it certain whose turn it is, and to which address the account belongs.
        let taken = tx.password_resets().take(reset.user, &reset.hash).await?;
        taken.filter(|taken| is_theirs(taken, &current.user)).ok_or(ResetPasswordError::Invalid)?;
        self.replace_password(&mut *tx, &current, (&hash, now), &command.origin).await?;
        tx.commit().await?;
        Ok(())
    }

    /// What a token that serves sets, and for whom.
    async fn find_reset(&self, token: &ResetToken) -> Result<(PasswordReset, Credentials), ResetPasswordError> {
        let hash = self.ports.digest.digest(token.expose());
        let reset = self.ports.resets.find_open(&hash).await?.ok_or(ResetPasswordError::Invalid)?;
        let known = self.ports.store.find_credentials_of(reset.user).await?;
        let known = known.filter(|known| is_theirs(&reset, &known.user)).ok_or(ResetPasswordError::Invalid)?;
        Ok((reset, known))
    }

    /// All that goes with the new password, under the lock on the user, at that time by the clock of the database.
    async fn replace_password(
        &self,
        tx: &mut dyn IdentityTransaction,
        current: &Credentials,
        (hash, now): (&PasswordHash, OffsetDateTime),
        origin: &Origin,
    ) -> Result<(), StoreError> {
        let (clock, entropy) = (&*self.ports.clock, &*self.ports.entropy);
        let user = current.user.id;
        let wallets: &[Wallet] = if current.user.email_verified { &[] } else { &current.user.wallets };
        tx.users().set_password_hash(user, hash).await?;
        let mut deeds = Vec::new();
        if tx.users().verify_email(user, now).await? {
            deeds.push(IdentityEvent::EmailVerified { user });
        }
        for wallet in wallets {
            tx.wallets().delete(user, &wallet.account.address()).await?;
            deeds.push(IdentityEvent::WalletUnlinked { user, wallet: wallet.account });
        }
        let sessions_ended = tx.sessions().end_all(user, None, now).await?;
        deeds.push(IdentityEvent::PasswordReset { user, sessions_ended });
        for deed in deeds {
            tx.events().append(&Event::by_visitor(origin, deed.into(), clock, entropy)).await?;
        }
        let first = current.password_hash.is_none();
        self.tell(tx, &current.user, AccountChange::PasswordReset { first, wallets_unlinked: wallets.len() }).await
    }
}

fn is_theirs(reset: &PasswordReset, user: &User) -> bool {
    user.email.as_ref() == Some(&reset.email)
}
