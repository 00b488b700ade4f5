//! zxcvbn: how soon a password would be guessed.

use async_trait::async_trait;
use tessera_identity::{
    model::Password,
    ports::{Guessable, HashError, PasswordStrength},
};
use zxcvbn::{Score, feedback::Feedback, zxcvbn};

use super::Gate;

/// Wants a score of 3: more than 10^8 guesses, for somebody who knows the common passwords and the account.
#[derive(Debug, Clone)]
pub struct ZxcvbnStrength {
    gate: Gate,
}

impl ZxcvbnStrength {
    /// Long passwords take milliseconds to judge, so it is done behind the gate that hashes go through.
    #[must_use]
    pub const fn new(gate: Gate) -> Self {
        Self { gate }
    }
}

/// What a password must not lean on, beside what is known of the account.
const SERVICE_NAME: &str = "tessera";

#[async_trait]
impl PasswordStrength for ZxcvbnStrength {
    async fn weakness(&self, password: &Password, about: &[String]) -> Result<Option<Guessable>, HashError> {
        let (password, about) = (password.clone(), about.to_vec());
        self.gate.run(move || judge(password.expose(), &about)).await
    }
}

fn judge(password: &str, about: &[String]) -> Option<Guessable> {
    let mut words: Vec<&str> = about.iter().map(String::as_str).collect();
    words.push(SERVICE_NAME);
    let lower = password.to_lowercase();
    if words.iter().any(|word| word.to_lowercase() == lower) {
        return Some(Guessable {
            warning: "this is your own name or address, or the name of the service".to_owned(),
            suggestions: vec!["choose words that have nothing to do with the account".to_owned()],
        });
    }
    let estimate = zxcvbn(password, &words);
    if estimate.score() >= Score::Three {
        return None;
    }
    let feedback = estimate.feedback();
    let warning = feedback.and_then(Feedback::warning).map(|warning| warning.to_string());
    Some(Guessable {
        warning: warning.unwrap_or_else(|| "this password would soon be guessed".to_owned()),
        suggestions: feedback.map(|f| f.suggestions().iter().map(ToString::to_string).collect()).unwrap_or_default(),
    })
}
