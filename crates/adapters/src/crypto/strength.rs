//! Password strength estimation with zxcvbn.

mod account_words;

use std::{collections::HashSet, sync::Arc};

use async_trait::async_trait;
use tessera_identity::{
    model::Password,
    ports::{HashError, PasswordStrength, Requester, WeakPassword},
};
use tessera_kernel::ProductName;
use zxcvbn::{Score, feedback::Feedback, zxcvbn};

use super::{
    Gate,
    breached::{BreachedPasswords, BreachedPasswordsError},
};
use account_words::without_words;

/// Requires a score of 3: more than 10^8 guesses for an attacker who knows the common passwords and the account.
#[derive(Debug, Clone)]
pub struct ZxcvbnStrength {
    gate: Gate,
    /// Words that a password must not be based on, in addition to the words of the account.
    service_words: Arc<[String]>,
    breached: Option<BreachedPasswords>,
}

impl ZxcvbnStrength {
    /// Creates an estimator. The estimation of a long password takes milliseconds, so it runs behind the gate that
    /// limits password hashes. The name of the product and its words do not count.
    #[must_use]
    pub fn new(gate: Gate, product: &ProductName) -> Self {
        let name = product.as_str();
        let together: String = name.split_whitespace().collect();
        let words = name.split_whitespace().map(str::to_owned);
        let all = [SERVICE_NAME.to_owned(), name.to_owned(), together].into_iter().chain(words);
        Self { gate, service_words: all.collect(), breached: None }
    }

    /// Rejects the passwords of that file too.
    #[must_use]
    pub fn with_breached(self, breached: Option<BreachedPasswords>) -> Self {
        Self { breached, ..self }
    }
}

/// Minimum score: more than 10^8 guesses.
const WANTED: Score = Score::Three;
/// The number of guesses that the minimum score stands for.
const WANTED_GUESSES: f64 = 1e8;

/// The name of the software, which users may know too.
const SERVICE_NAME: &str = "tessera";

/// Words that users often add to the name of a service. Next to a word of the account, they add no strength.
const COMPANIONS: [&str; 10] =
    ["account", "admin", "login", "pass", "password", "secret", "service", "signin", "user", "welcome"];

#[async_trait]
impl PasswordStrength for ZxcvbnStrength {
    async fn weakness(
        &self,
        password: &Password,
        about: &[String],
        requester: Requester,
    ) -> Result<Option<WeakPassword>, HashError> {
        let (password, about) = (password.clone(), [about, &*self.service_words].concat());
        let breached = self.breached.clone();
        // A search reads the disk, which the threads of the gate may wait for.
        let judged = self.gate.run(requester, move || match judge(password.expose(), &about) {
            None => is_breached(breached.as_ref(), password.expose()),
            weak => Ok(weak),
        });
        judged.await?.map_err(|error| HashError::Failed(format!("the file of breached passwords {error}")))
    }
}

fn is_breached(
    breached: Option<&BreachedPasswords>,
    password: &str,
) -> Result<Option<WeakPassword>, BreachedPasswordsError> {
    let found = breached.map_or(Ok(false), |breached| breached.contains(password))?;
    Ok(found.then(|| WeakPassword {
        warning: "this password is known from a data breach of another service".to_owned(),
        suggestions: vec!["choose one that you use nowhere else".to_owned()],
        breached: true,
    }))
}

fn judge(password: &str, about: &[String]) -> Option<WeakPassword> {
    let mut words: Vec<&str> = about.iter().map(String::as_str).collect();
    if let Some(weak) = estimate(password, &words) {
        return Some(weak);
    }
    // zxcvbn counts each further word as a factor of ten thousand, even if the word is weak. The name of the service
    // written twice would count as strong. Therefore, the rest must be strong without words of the account.
    without_words(password, &words)?;
    words.extend(COMPANIONS);
    let rest = without_words(password, &words)?;
    (!is_strong_alone(&rest, &words)).then(|| WeakPassword {
        warning: "this is little more than your own name or address, or the name of the service".to_owned(),
        suggestions: vec!["choose words that have nothing to do with the account".to_owned()],
        breached: false,
    })
}

/// Returns whether the rest of a password is strong enough, by the guesses for each of its parts in any order. zxcvbn
/// treats separators as random characters, so they are counted separately. The first separator adds nothing, and each
/// further different one adds a factor of ten.
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

fn estimate(password: &str, words: &[&str]) -> Option<WeakPassword> {
    let estimate = zxcvbn(password, words);
    if estimate.score() >= WANTED {
        return None;
    }
    let feedback = estimate.feedback();
    let warning = feedback.and_then(Feedback::warning).map(|warning| warning.to_string());
    Some(WeakPassword {
        warning: warning.unwrap_or_else(|| "this password would soon be guessed".to_owned()),
        suggestions: feedback.map(|f| f.suggestions().iter().map(ToString::to_string).collect()).unwrap_or_default(),
        breached: false,
    })
}
