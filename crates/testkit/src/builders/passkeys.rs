//! Passkeys and ceremonies.

use tessera_identity::model::{Ceremony, CeremonyPurpose, CredentialId, Passkey};
use tessera_kernel::{CeremonyId, PasskeyId, UserId};
use time::Duration;

use super::{NOW, id};
use crate::expectations::parsed;

/// A passkey of the user that was never used. Its credential is that of
/// [`FakePasskey`](crate::fakes::FakePasskey) with the same number.
#[must_use]
pub fn passkey(number: u32, user: UserId) -> Passkey {
    Passkey {
        id: id(11, number, PasskeyId::generate),
        user_id: user,
        credential_id: CredentialId::new(number.to_be_bytes().to_vec()),
        rp_id: "example.com".to_owned(),
        credential: format!("key {number}"),
        counter: 0,
        synced: true,
        name: parsed(&format!("Clé nº {number} 🔑")),
        created_at: NOW,
        last_used_at: None,
    }
}

/// A ceremony to sign in, which expires after five minutes.
#[must_use]
pub fn ceremony(number: u32) -> Ceremony {
    Ceremony {
        id: id(12, number, CeremonyId::generate),
        purpose: CeremonyPurpose::SignIn,
        state: format!(r#"{{"challenge":"{number} ♥"}}"#),
        expires_at: NOW + Duration::minutes(5),
    }
}
