//! An authenticator app (RFC 6238) of a test user.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::SystemTime,
};

use aws_lc_rs::hmac;
use data_encoding::BASE32_NOPAD;
use serde_json::{Value, json};

use crate::{
    api::{Answer, Api, text_of},
    test_org::Person,
};

/// An app with the secret of a user.
pub struct TotpApp {
    key: hmac::Key,
    /// The last time step whose code was used.
    used: AtomicU64,
}

impl TotpApp {
    /// Starts and confirms an app of a user, whose session then has MFA. Returns the app and the recovery codes.
    pub async fn enroll(person: &Person) -> (Self, Vec<String>) {
        let started = person.post("/users/me/mfa/totp", &json!({})).await.expecting(201);
        let app = Self::with_secret(&text_of(&started, "secret"));
        let confirmed = person.post("/users/me/mfa/totp/confirm", &json!({"totp": app.code()})).await.expecting(200);
        (app, codes_of(&confirmed))
    }

    /// An app with this secret in base32.
    ///
    /// # Panics
    /// Panics if the text is not base32.
    #[must_use]
    pub fn with_secret(secret: &str) -> Self {
        let secret = BASE32_NOPAD.decode(secret.as_bytes()).unwrap_or_else(|error| panic!("{secret}: {error}"));
        Self { key: hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &secret), used: AtomicU64::new(0) }
    }

    /// A code that was not used yet: the one of this time step or, once, the one of the next step, which is accepted too.
    ///
    /// # Panics
    /// Panics if both were used. A test uses recovery codes instead, because it must not wait.
    #[must_use]
    pub fn code(&self) -> String {
        let now = SystemTime::UNIX_EPOCH.elapsed().map_or(0, |elapsed| elapsed.as_secs() / 30);
        let step = now.max(self.used.load(Ordering::SeqCst) + 1);
        assert!(step <= now + 1, "the codes of this minute are used up");
        self.used.store(step, Ordering::SeqCst);
        self.code_of(step)
    }

    /// The code of a time step (RFC 4226, section 5.3).
    #[must_use]
    pub fn code_of(&self, step: u64) -> String {
        let tag = hmac::sign(&self.key, &step.to_be_bytes());
        let tag = tag.as_ref();
        let offset = usize::from(tag[19] & 0xF);
        let number = u32::from_be_bytes([tag[offset] & 0x7F, tag[offset + 1], tag[offset + 2], tag[offset + 3]]);
        format!("{:06}", number % 1_000_000)
    }
}

/// The recovery codes in a response.
#[must_use]
pub fn codes_of(answer: &Value) -> Vec<String> {
    let codes = answer["recovery_codes"].as_array().into_iter().flatten();
    codes.map(|code| code.as_str().unwrap_or_default().to_owned()).collect()
}

/// The `mfa_token` in a response that asks for a second factor.
///
/// # Panics
/// Panics if it is another response.
#[must_use]
pub fn mfa_token(answer: &Answer) -> String {
    text_of(&answer.problem(403, "mfa_required"), "mfa_token")
}

/// Completes an operation with a factor.
pub async fn complete(api: &Api, token: &str, factor: (&str, &str)) -> Answer {
    api.anonymous().post("/auth/mfa/verify", &json!({"mfa_token": token, factor.0: factor.1})).await
}
