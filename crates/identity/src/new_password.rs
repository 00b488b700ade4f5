//! What a new password must be, whichever way it comes.

use crate::{
    Identity,
    model::{Password, PasswordError, User},
    ports::{Guessable, HashError, Requester},
};

/// A new password is not taken.
#[derive(Debug, thiserror::Error)]
pub enum NewPasswordError {
    /// It is under the configured minimum.
    #[error("the password is too short")]
    Length(#[source] PasswordError),
    /// It would soon be guessed.
    #[error("the password is easy to guess")]
    Guessable(#[source] Guessable),
    /// Nobody could judge it.
    #[error(transparent)]
    Hash(#[from] HashError),
}

impl Identity {
    /// Holds a new password to the configured minimum, and to being hard to guess for whoever knows these words.
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
            Some(guessable) => Err(NewPasswordError::Guessable(guessable)),
            None => Ok(()),
        }
    }
}

/// What everybody who knows the user tries first.
pub(crate) fn words_about(user: &User) -> Vec<String> {
    let email = user.email.iter().flat_map(|email| [email.as_str().to_owned(), email.local_part().to_owned()]);
    let names = [&user.first_name, &user.last_name].into_iter().flatten().map(ToString::to_string);
    email.chain(user.display_name.as_ref().map(ToString::to_string)).chain(names).collect()
}
