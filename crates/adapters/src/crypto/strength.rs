//! zxcvbn: how soon a password would be guessed.

mod account_words;

use std::collections::HashSet;

use async_trait::async_trait;
use tessera_identity::{
    model::Password,
    ports::{Guessable, HashError, PasswordStrength, Requester},
};
use zxcvbn::{Score, feedback::Feedback, zxcvbn};

use super::Gate;
use account_words::without_words;

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

/// More than 10^8 guesses.
const WANTED: Score = Score::Three;
/// The same as a number.
const WANTED_GUESSES: f64 = 1e8;

/// What a password must not lean on, beside what is known of the account.
const SERVICE_NAME: &str = "tessera";

/// Words that people add to the name of a service. Beside a word of the account they are worth nothing.
const COMPANIONS: [&str; 10] =
    ["account", "admin", "login", "pass", "password", "secret", "service", "signin", "user", "welcome"];

#[async_trait]
impl PasswordStrength for ZxcvbnStrength {
    async fn weakness(
        &self,
        password: &Password,
        about: &[String],
        requester: Requester,
    ) -> Result<Option<Guessable>, HashError> {
        let (password, about) = (password.clone(), about.to_vec());
        self.gate.run(requester, move || judge(password.expose(), &about)).await
    }
}

fn judge(password: &str, about: &[String]) -> Option<Guessable> {
    let mut words: Vec<&str> = about.iter().map(String::as_str).collect();
    words.push(SERVICE_NAME);
    if let Some(guessable) = estimate(password, &words) {
        return Some(guessable);
    }
    // zxcvbn takes each further word for a factor of ten thousand, however cheap that word is: the name of the service
    // written twice would count as strong. So the rest has to be strong without words of the account.
    without_words(password, &words)?;
    words.extend(COMPANIONS);
    let rest = without_words(password, &words)?;
    (!is_strong_alone(&rest, &words)).then(|| Guessable {
        warning: "this is little more than your own name or address, or the name of the service".to_owned(),
        suggestions: vec!["choose words that have nothing to do with the account".to_owned()],
    })
}

/// Whether the rest of a password is enough: by what its words and numbers are worth each, in whatever order. zxcvbn takes
/// separators for random characters, so they are counted apart: one is worth nothing, and each different one beyond it is a
/// choice of ten.
fn is_strong_alone(rest: &str, words: &[&str]) -> bool {
    let (letters, signs): (String, String) = rest.chars().partition(|character| character.is_alphanumeric());
    let estimate = zxcvbn(&letters, words);
    let guesses = estimate.sequence().iter().zip(1_u32..).fold(1.0, |product, (part, order)| {
        product
            * f64::from(order)
            * f64::from(part.guesses.map_or(1, |guesses| u32::try_from(guesses).unwrap_or(u32::MAX)))
    });
    let signs = signs.chars().collect::<HashSet<_>>().iter().skip(1).fold(1.0, |product, _| product * 10.0);
    zxcvbn(rest, words).score() >= WANTED && guesses * signs >= WANTED_GUESSES
}

fn estimate(password: &str, words: &[&str]) -> Option<Guessable> {
    let estimate = zxcvbn(password, words);
    if estimate.score() >= WANTED {
        return None;
    }
    let feedback = estimate.feedback();
    let warning = feedback.and_then(Feedback::warning).map(|warning| warning.to_string());
    Some(Guessable {
        warning: warning.unwrap_or_else(|| "this password would soon be guessed".to_owned()),
        suggestions: feedback.map(|f| f.suggestions().iter().map(ToString::to_string).collect()).unwrap_or_default(),
    })
}
