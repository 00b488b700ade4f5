//! A software authenticator with passkeys (WebAuthn), which can also answer wrongly.

use aws_lc_rs::{
    digest::{SHA256, digest},
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};

use crate::api::{Answer, Api};

/// The origin of the pages of every installation.
pub const ORIGIN: &str = crate::process::PUBLIC_URL;

/// The RP id of every installation.
pub const RP_ID: &str = "localhost";

/// The flags of authenticator data (WebAuthn, section 6.1).
const USER_PRESENT: u8 = 1;
const USER_VERIFIED: u8 = 1 << 2;
const BACKUP_ELIGIBLE: u8 = 1 << 3;
const BACKED_UP: u8 = 1 << 4;
const ATTESTED: u8 = 1 << 6;

/// A passkey and its authenticator. A test changes a field to get a wrong answer.
#[derive(Debug)]
pub struct Authenticator {
    key: EcdsaKeyPair,
    /// The id of the credential.
    pub id: Vec<u8>,
    /// The user handle.
    pub user: Vec<u8>,
    /// The origin of the page.
    pub origin: String,
    /// The RP id.
    pub rp_id: String,
    /// The signature counter of the next answer.
    pub counter: u32,
    /// How much the counter grows with each answer.
    pub step: u32,
    /// Whether the user is verified.
    pub verifies: bool,
    /// Whether the passkey is copied to other devices.
    pub synced: bool,
}

impl Authenticator {
    /// Creates an authenticator that does not count, as those of phones.
    ///
    /// # Panics
    /// Panics if the library fails.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "no two are alike")]
    pub fn new() -> Self {
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING);
        let key = key.unwrap_or_else(|error| panic!("no key: {error}"));
        Self {
            id: digest(&SHA256, key.public_key().as_ref()).as_ref().to_vec(),
            key,
            user: Vec::new(),
            origin: ORIGIN.to_owned(),
            rp_id: RP_ID.to_owned(),
            counter: 0,
            step: 0,
            verifies: true,
            synced: true,
        }
    }

    /// Answers the options of a creation, as `navigator.credentials.create()` and `toJSON()` do.
    ///
    /// # Panics
    /// Panics if the options are malformed.
    pub fn create(&mut self, options: &Value) -> Value {
        self.user = bytes(&options["user"]["id"]);
        let client_data = self.client_data("webauthn.create", options);
        let mut data = self.data(ATTESTED);
        data.extend([0; 16]);
        data.extend(u16::try_from(self.id.len()).unwrap_or_default().to_be_bytes());
        data.extend(&self.id);
        data.extend(self.cose_key());
        json!({
            "id": text(&self.id),
            "rawId": text(&self.id),
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {"credProps": {"rk": true}},
            "response": {
                "clientDataJSON": text(client_data.as_bytes()),
                "attestationObject": text(&attestation_object(&data)),
                "transports": ["internal", "hybrid"],
            },
        })
    }

    /// Answers the options of an authentication, as `navigator.credentials.get()` and `toJSON()` do.
    ///
    /// # Panics
    /// Panics if the library fails.
    pub fn get(&mut self, options: &Value) -> Value {
        let client_data = self.client_data("webauthn.get", options);
        let data = self.data(0);
        let signed = [data.as_slice(), digest(&SHA256, client_data.as_bytes()).as_ref()].concat();
        let signature = self.key.sign(&SystemRandom::new(), &signed).unwrap_or_else(|error| panic!("{error}"));
        json!({
            "id": text(&self.id),
            "rawId": text(&self.id),
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
            "response": {
                "clientDataJSON": text(client_data.as_bytes()),
                "authenticatorData": text(&data),
                "signature": text(signature.as_ref()),
                "userHandle": text(&self.user),
            },
        })
    }

    fn client_data(&self, kind: &str, options: &Value) -> String {
        let challenge = &options["challenge"];
        json!({"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": false}).to_string()
    }

    fn data(&mut self, flags: u8) -> Vec<u8> {
        let verified = if self.verifies { USER_VERIFIED } else { 0 };
        let synced = if self.synced { BACKUP_ELIGIBLE | BACKED_UP } else { 0 };
        self.counter = self.counter.wrapping_add(self.step);
        let mut data = digest(&SHA256, self.rp_id.as_bytes()).as_ref().to_vec();
        data.push(USER_PRESENT | verified | synced | flags);
        data.extend(self.counter.to_be_bytes());
        data
    }

    /// The public key as a COSE key: EC2, ES256, P-256.
    fn cose_key(&self) -> Vec<u8> {
        let point = self.key.public_key().as_ref();
        let (x, y) = (&point[1..33], &point[33..65]);
        let head = [0xA5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20];
        [head.as_slice(), x, &[0x22, 0x58, 0x20], y].concat()
    }
}

/// An attestation object with the format `none`, in CBOR.
fn attestation_object(data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len()).unwrap_or_default().to_be_bytes();
    let head = b"\xA3\x63fmt\x64none\x67attStmt\xA0\x68authData\x59";
    [head.as_slice(), &length, data].concat()
}

/// Base64url without padding, as in the JSON of browsers.
#[must_use]
pub fn text(bytes: &[u8]) -> String {
    BASE64URL_NOPAD.encode(bytes)
}

/// The bytes of a member in base64url.
///
/// # Panics
/// Panics if the member is something else.
#[must_use]
pub fn bytes(value: &Value) -> Vec<u8> {
    let text = value.as_str().unwrap_or_else(|| panic!("no text: {value}"));
    BASE64URL_NOPAD.decode(text.as_bytes()).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// Flips one bit of a member in base64url.
pub fn flip(value: &mut Value, at: usize) {
    let mut changed = bytes(value);
    changed[at] ^= 1;
    *value = json!(text(&changed));
}

impl Authenticator {
    /// Creates an authenticator and adds its passkey to the account of the user.
    pub async fn of(user: &Api) -> Self {
        let mut authenticator = Self::new();
        authenticator.add_to(user).await.is(201);
        authenticator
    }

    /// Creates the passkey and adds it to the account of the user.
    pub async fn add_to(&mut self, user: &Api) -> Answer {
        let started = user.post("/users/me/passkeys/options", &json!({})).await.expecting(200);
        let credential = self.create(&started["options"]);
        user.post("/users/me/passkeys", &json!({"ceremony_id": started["ceremony_id"], "credential": credential})).await
    }

    /// The body of a sign-in with a new ceremony.
    pub async fn proof(&mut self, api: &Api) -> Value {
        let started = api.post("/auth/passkey/options", &json!({})).await.expecting(200);
        json!({"ceremony_id": started["ceremony_id"], "credential": self.get(&started["options"])})
    }

    /// Signs in.
    pub async fn sign_in(&mut self, api: &Api) -> Answer {
        let proof = self.proof(api).await;
        api.post("/auth/passkey/verify", &proof).await
    }
}
