//! The opened secrets at one moment, and which of them are in use.

use std::{sync::Arc, time::Duration as StdDuration};

use aws_lc_rs::hmac;
use tessera_identity::ports::TokenError;
use tessera_kernel::StoreError;
use time::{Duration, OffsetDateTime};
use tokio::time::Instant;

use crate::{
    crypto::{JwtSecret, JwtSigner, MasterKey, SealError},
    database::StoredSecret,
};

/// A new secret is used after this time. Every node reads the secrets twice in a second, so all know it by then, and a node
/// that was suspended reads them before it rejects a token.
pub(super) const PUBLISHED_BEFORE_USE: Duration = Duration::seconds(5);

/// Why the secrets cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SharedSecretsError {
    /// The master key is another one.
    #[error("the stored secrets were sealed with another master key than that of TESSERA_MASTER_KEY or the key file")]
    Sealed(#[source] SealError),
    /// A stored secret does not have 32 bytes.
    #[error("the stored secret {0} has the wrong size")]
    Size(String),
    /// A secret cannot sign.
    #[error("a stored secret can't be used")]
    Token(#[source] TokenError),
    /// Storage failed.
    #[error("the stored secrets can't be read")]
    Store(#[from] StoreError),
}

/// What secrets are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretKind {
    /// They sign user tokens.
    UserTokens,
    /// Refresh tokens are derived from them.
    RefreshTokens,
}

impl SecretKind {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::UserTokens, Self::RefreshTokens];

    /// The name of the secret with this number in storage.
    #[must_use]
    pub fn name(self, id: u16) -> String {
        match (self, id) {
            (Self::UserTokens, 1) => "user-token-hs256".to_owned(),
            (Self::UserTokens, id) => format!("user-token-hs256-{id}"),
            (Self::RefreshTokens, id) => format!("refresh-token-hmac-{id}"),
        }
    }

    /// The number of the secret with this name. `None` if the name is not of this kind.
    #[must_use]
    pub fn id_of(self, name: &str) -> Option<u16> {
        let number = name.rsplit('-').next().and_then(|number| number.parse().ok()).unwrap_or(1);
        (self.name(number) == name).then_some(number)
    }
}

/// An opened secret.
#[derive(Clone)]
enum Use {
    Token(Arc<JwtSigner>),
    Refresh(Arc<hmac::Key>),
}

/// A secret with its time.
#[derive(Clone)]
pub(super) struct SharedSecret {
    pub(super) id: u16,
    /// By the clock of the database.
    pub(super) created_at: OffsetDateTime,
    kind: SecretKind,
    used: Use,
}

/// All secrets, as read from storage.
pub(super) struct Ring {
    /// In the order of their numbers.
    secrets: Vec<SharedSecret>,
    /// A time before they were read.
    read_at: Instant,
    /// A time of the database, and a time of the node that is not before it.
    database_time: (OffsetDateTime, Instant),
}

impl Ring {
    pub(super) fn empty() -> Self {
        let now = Instant::now();
        Self { secrets: Vec::new(), read_at: now, database_time: (OffsetDateTime::UNIX_EPOCH, now) }
    }

    /// The ring with these stored secrets, and whether all of them could be opened. `before` is a time before they were read.
    /// A secret that was opened already is not opened again: its name never gets another one.
    pub(super) fn updated(
        &self,
        rows: Vec<StoredSecret>,
        master: &MasterKey,
        issuer: &str,
        before: Instant,
    ) -> (Self, Result<(), SharedSecretsError>) {
        let database_time = rows.first().map_or(self.database_time, |row| (row.read_at, Instant::now()));
        let (mut secrets, mut opened) = (Vec::new(), Ok(()));
        for row in rows {
            let Some((kind, id)) = SecretKind::ALL.into_iter().find_map(|kind| Some((kind, kind.id_of(&row.name)?)))
            else {
                continue;
            };
            let known = self.secrets.iter().find(|known| (known.kind, known.id) == (kind, id));
            let used = match known.filter(|known| known.created_at == row.created_at) {
                Some(known) => Ok(known.used.clone()),
                None => Use::open(kind, id, &row, master, issuer),
            };
            match used {
                Ok(used) => secrets.push(SharedSecret { id, created_at: row.created_at, kind, used }),
                Err(error) => opened = Err(error),
            }
        }
        secrets.sort_by_key(|secret| secret.id);
        (Self { secrets, read_at: before, database_time }, opened)
    }

    /// How long ago the secrets were read.
    pub(super) fn age(&self) -> StdDuration {
        self.read_at.elapsed()
    }

    /// The present time of the database, or one that is earlier by the time that the read took.
    pub(super) fn now(&self) -> OffsetDateTime {
        let (time, at) = self.database_time;
        time + at.elapsed()
    }

    fn of(&self, kind: SecretKind) -> impl DoubleEndedIterator<Item = &SharedSecret> {
        self.secrets.iter().filter(move |secret| secret.kind == kind)
    }

    pub(super) fn newest(&self, kind: SecretKind) -> Option<&SharedSecret> {
        self.of(kind).next_back()
    }

    /// The names of the secrets with smaller numbers than `id`.
    pub(super) fn names_before(&self, kind: SecretKind, id: u16) -> Vec<String> {
        self.of(kind).filter(|secret| secret.id < id).map(|secret| kind.name(secret.id)).collect()
    }

    /// The newest secret that all nodes know, or the previous one until then.
    fn in_use(&self, kind: SecretKind) -> Option<&SharedSecret> {
        let now = self.now();
        let mut newest_first = self.of(kind).rev();
        let newest = newest_first.next()?;
        if now < newest.created_at + PUBLISHED_BEFORE_USE {
            return Some(newest_first.next().unwrap_or(newest));
        }
        Some(newest)
    }

    /// Until when the secret before the newest one of user tokens verifies them. `None` if there is only one.
    pub(super) fn previous_token_until(&self, longest_token: Duration) -> Option<OffsetDateTime> {
        let mut newest_first = self.of(SecretKind::UserTokens).rev();
        let newest = newest_first.next()?;
        newest_first.next().map(|_| newest.created_at + PUBLISHED_BEFORE_USE + longest_token)
    }

    /// The signer of new user tokens.
    pub(super) fn signer(&self) -> Option<&JwtSigner> {
        self.in_use(SecretKind::UserTokens).and_then(SharedSecret::signer)
    }

    /// The signer whose header the token has: that of one of the two newest secrets, if it still verifies.
    pub(super) fn signer_of(&self, token: &str, longest_token: Duration) -> Option<&JwtSigner> {
        let until = self.previous_token_until(longest_token);
        let previous_is_valid = until.is_some_and(|until| self.now() < until);
        let known = if previous_is_valid { 2 } else { 1 };
        let mut signers = self.of(SecretKind::UserTokens).rev().take(known).filter_map(SharedSecret::signer);
        signers.find(|signer| signer.has_header_of(token))
    }

    /// The number of the secret for refresh tokens of new sessions.
    pub(super) fn refresh_secret_in_use(&self) -> Option<u16> {
        self.in_use(SecretKind::RefreshTokens).map(|secret| secret.id)
    }

    pub(super) fn refresh_code(&self, id: u16, message: &[u8]) -> Option<[u8; 32]> {
        let secret = self.of(SecretKind::RefreshTokens).find(|secret| secret.id == id)?;
        match &secret.used {
            Use::Refresh(key) => hmac::sign(key, message).as_ref().try_into().ok(),
            Use::Token(_) => None,
        }
    }
}

impl SharedSecret {
    fn signer(&self) -> Option<&JwtSigner> {
        match &self.used {
            Use::Token(signer) => Some(signer),
            Use::Refresh(_) => None,
        }
    }
}

impl Use {
    fn open(
        kind: SecretKind,
        id: u16,
        row: &StoredSecret,
        master: &MasterKey,
        issuer: &str,
    ) -> Result<Self, SharedSecretsError> {
        let opened = master.open(&row.name, &row.sealed).map_err(SharedSecretsError::Sealed)?;
        let secret = JwtSecret::from_bytes(&opened).ok_or_else(|| SharedSecretsError::Size(row.name.clone()))?;
        match kind {
            // The tokens of the first secret have no `kid`, as in earlier versions.
            SecretKind::UserTokens => {
                let in_header = (id > 1).then(|| id.to_string());
                let signer = JwtSigner::with_key_id(&secret, issuer.to_owned(), in_header);
                Ok(Self::Token(Arc::new(signer.map_err(SharedSecretsError::Token)?)))
            }
            SecretKind::RefreshTokens => {
                Ok(Self::Refresh(Arc::new(hmac::Key::new(hmac::HMAC_SHA256, secret.expose()))))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tessera_identity::ports::{AccessClaims, TokenSigner as _};
    use tessera_kernel::{SessionId, UserId};
    use tessera_system::{SystemEntropy, system_ports};

    use super::*;

    const ISSUER: &str = "https://id.example.com";
    const LONGEST: Duration = Duration::seconds(60);
    const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

    fn key(text: &str) -> MasterKey {
        text.parse().unwrap_or_else(|error| panic!("no key: {error}"))
    }

    fn master() -> MasterKey {
        key("0123456789abcdef0123456789abcdef")
    }

    fn stored(master: &MasterKey, kind: SecretKind, id: u16, age: i64) -> StoredSecret {
        let name = kind.name(id);
        let secret = [u8::try_from(id).unwrap_or_default(); 32];
        let sealed = master.seal(&name, &secret, &SystemEntropy).unwrap_or_else(|error| panic!("{error}"));
        StoredSecret { name, sealed, created_at: NOW - Duration::seconds(age), read_at: NOW }
    }

    /// Secrets of these ages in seconds, the first one first.
    fn ring(kind: SecretKind, ages: &[i64]) -> Ring {
        let rows = (1..).zip(ages).map(|(id, age)| stored(&master(), kind, id, *age)).collect();
        let (ring, opened) = Ring::empty().updated(rows, &master(), ISSUER, Instant::now());
        opened.unwrap_or_else(|error| panic!("{error}"));
        ring
    }

    /// A token of the secret with this number.
    fn token(number: usize) -> String {
        let ring = ring(SecretKind::UserTokens, &[9_999; 3][..number]);
        let claims = AccessClaims {
            user: UserId::generate(&system_ports()),
            session: SessionId::generate(&system_ports()),
            token_id: uuid::Uuid::nil(),
            issued_at: NOW,
            expires_at: NOW,
        };
        let token = ring.signer().map(|signer| signer.sign(&claims));
        let token = token.and_then(Result::ok).unwrap_or_else(|| panic!("not signed"));
        token.expose().clone()
    }

    #[test]
    fn a_new_secret_signs_when_all_nodes_know_it_and_the_previous_one_verifies_until_its_last_token_expires() {
        let tokens = [token(1), token(2), token(3)];
        for (ages, current, verify) in [
            (&[0][..], 0, &[true, false, false][..]),
            (&[9_999], 0, &[true, false, false]),
            (&[9_999, 0], 0, &[true, true, false]),
            (&[9_999, 4], 0, &[true, true, false]),
            (&[9_999, 6], 1, &[true, true, false]),
            (&[9_999, 63], 1, &[true, true, false]),
            (&[9_999, 66], 1, &[false, true, false]),
            (&[9_999, 99, 0], 1, &[false, true, true]),
            (&[9_999, 99, 66], 2, &[false, false, true]),
        ] {
            let ring = ring(SecretKind::UserTokens, ages);
            let signer = ring.signer().unwrap_or_else(|| panic!("{ages:?}: no secret"));
            assert!(signer.has_header_of(&tokens[current]), "{ages:?}");
            for (token, verifies) in tokens.iter().zip(verify) {
                let signer = ring.signer_of(token, LONGEST);
                assert_eq!(signer.is_some_and(|signer| signer.verify(token).is_ok()), *verifies, "{ages:?}: {token}");
            }
        }
    }

    #[test]
    fn secrets_of_refresh_tokens_stay_known() {
        for (ages, used) in [(&[0][..], 1), (&[9_999, 4], 1), (&[9_999, 6], 2), (&[99_999, 9_999, 6], 3)] {
            let ring = ring(SecretKind::RefreshTokens, ages);
            assert_eq!(ring.refresh_secret_in_use(), Some(used), "{ages:?}");
            for id in 1..=4 {
                let known = usize::from(id) <= ages.len();
                assert_eq!(ring.refresh_code(id, b"message").is_some(), known, "{ages:?}: {id}");
            }
        }
    }

    #[test]
    fn a_secret_that_can_not_be_opened_leaves_the_others() {
        let known = ring(SecretKind::UserTokens, &[9_999]);
        let foreign = key("fedcba9876543210fedcba9876543210");
        let rows = vec![
            // It was opened before, and is now sealed with another key.
            stored(&foreign, SecretKind::UserTokens, 1, 9_999),
            stored(&foreign, SecretKind::UserTokens, 2, 0),
        ];
        let (ring, opened) = known.updated(rows, &master(), ISSUER, Instant::now());
        assert!(matches!(opened, Err(SharedSecretsError::Sealed(_))));
        assert!(ring.signer_of(&token(1), LONGEST).is_some());
        assert!(ring.signer_of(&token(2), LONGEST).is_none());
    }

    #[test]
    fn names_are_read_as_they_are_written() {
        for kind in SecretKind::ALL {
            for id in [1, 2, 10, u16::MAX] {
                assert_eq!(kind.id_of(&kind.name(id)), Some(id));
            }
        }
        let [tokens, refresh] = SecretKind::ALL;
        for name in ["user-token-hs256-1", "user-token-hs256-02", "user-token-hs256-x", "user-token", "keyed-hash-root"]
        {
            assert_eq!(tokens.id_of(name), None, "{name}");
        }
        for name in ["refresh-token-hmac", "refresh-token-hmac-01", "refresh-token-hmac-65536", "user-token-hs256"] {
            assert_eq!(refresh.id_of(name), None, "{name}");
        }
    }
}
