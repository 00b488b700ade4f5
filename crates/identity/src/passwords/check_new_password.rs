//! Rules for new passwords.

use crate::{
    Identity,
    model::{Password, PasswordError, User},
    ports::{HashError, Requester, WeakPassword},
};

tessera_kernel::error_enum! {
    /// Why a new password is rejected.
    pub enum NewPasswordError {
        /// The password is shorter than the configured minimum.
        #[error("the password is too short")]
        Length(#[source] PasswordError),
        /// The password is easy to guess.
        #[error("the password is easy to guess")]
        WeakPassword(#[source] WeakPassword),
    }
    from
        /// The strength of the password could not be rated.
        Hash(HashError),
}

impl Identity {
    /// Checks that a new password has the configured minimum length and is hard to guess, also for an attacker who
    /// knows the words in `about`.
    pub(crate) async fn check_new_password(
        &self,
        password: &Password,
        about: &[String],
        requester: Requester,
    ) -> Result<(), NewPasswordError> {
        let min = self.settings.min_password_length;
        if password.length() < min {
            return Err(NewPasswordError::Length(PasswordError::TooShort { min }));
        }
        match self.ports.strength.weakness(password, about, requester).await? {
            Some(weak) => Err(NewPasswordError::WeakPassword(weak)),
            None => Ok(()),
        }
    }
}

/// Returns the words that an attacker who knows the user tries first: the email address and the names.
pub(crate) fn words_about(user: &User) -> Vec<String> {
    let email = user.email.iter().flat_map(|email| [email.as_str().to_owned(), email.local_part().to_owned()]);
    let names = [&user.first_name, &user.last_name].into_iter().flatten().map(ToString::to_string);
    email.chain(user.display_name.as_ref().map(ToString::to_string)).chain(names).collect()
}
