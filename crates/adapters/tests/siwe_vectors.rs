//! Tests with the signed vectors of the siwe project. Their source is in
//! `crates/identity/tests/domain/vectors/README.md`.

use std::{fmt::Debug, time::Duration};

use tessera_adapters::{Gate, GateSettings, KeySignatures};
use tessera_identity::{
    model::SiweMessage,
    ports::{SignatureCheck, WalletVerifier as _},
};
use tessera_kernel::{Chain, Namespace, WalletAccount, WalletSignature};
use tessera_testkit::builders::requester;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

#[track_caller]
fn ok<T, E: Debug>(result: Result<T, E>) -> T {
    result.unwrap_or_else(|error| panic!("unexpected error: {error:?}"))
}

/// A message, its signature, and the values that the verifier expects.
#[derive(Clone, Copy)]
struct Signed {
    domain: &'static str,
    address: &'static str,
    statement: &'static str,
    uri: &'static str,
    nonce: &'static str,
    issued_at: &'static str,
    expiration_time: Option<&'static str>,
    not_before: Option<&'static str>,
    signature: &'static str,
    /// Time of the check, if it is not the time of issue.
    time: Option<&'static str>,
    /// The expected domain and nonce, if they are not those of the message.
    wanted: (Option<&'static str>, Option<&'static str>),
}

const BARE: Signed = Signed {
    domain: "login.xyz",
    address: "",
    statement: "Sign-In With Ethereum Example Statement",
    uri: "https://login.xyz",
    nonce: "bTyXgcQxn2htgkjJn",
    issued_at: "",
    expiration_time: None,
    not_before: None,
    signature: "",
    time: None,
    wanted: (None, None),
};

const EXAMPLE: Signed = Signed {
    address: "0x9D85ca56217D2bb651b00f15e694EB7E713637D4",
    issued_at: "2022-01-27T17:09:38.578Z",
    expiration_time: Some("2100-01-07T14:31:43.952Z"),
    signature: "0xdc35c7f8ba2720df052e0092556456127f00f7707eaa8e3bbff7e56774e7f2e0\
                5a093cfc9e02964c33d86e8e066e221b7d153d27e5a2e97ccd5ca7d3f2ce06cb1b",
    ..BARE
};

const LATER: Signed = Signed {
    address: "0xE6D3Aa1F561A215E5eb1f02Ba8705385F03fCaFB",
    nonce: "lx2nx4so",
    issued_at: "2022-01-05T14:27:30.883Z",
    not_before: Some("2100-01-07T14:31:43.952Z"),
    signature: "0xc2539ace78f13c7eb8c0852d38d269a6f97bebd9f7872097d2e3137b541f8bf5\
                0176062a46eeea83086bd2721423fb5755a932ff6ccc046ed482d14e4576042f1c",
    ..BARE
};

const OVER: Signed = Signed {
    address: "0x2ecA0068307e706741445764A3D6A4402aC2A5a9",
    nonce: "lx2nx4so",
    issued_at: "2022-01-05T14:27:30.883Z",
    expiration_time: Some("2021-01-05T00:00:00Z"),
    signature: "0x7337bc2826c7678cd6bc84f5b3b236efc969b0451f9feca2328b1d3401b030c1\
                13f19bdba359ba3f52762c66e9147311fa95fe598a1a4ec9bb383a7b4e3874241b",
    ..BARE
};

const NOT_SIGNED: Signed = Signed {
    address: "0x6Da01670d8fc844e736095918bbE11fE8D564163",
    nonce: "rmplqh1gf",
    issued_at: "2022-01-05T14:31:43.954Z",
    expiration_time: Some("2100-01-07T14:31:43.952Z"),
    ..BARE
};

/// The siwe project accepts all of these.
const GOOD: [(&str, Signed); 4] = [
    ("example message", EXAMPLE),
    ("not yet valid", Signed { time: Some("2101-01-07T14:31:43.952Z"), ..LATER }),
    ("expired message", Signed { time: Some("2020-01-05T00:00:00Z"), ..OVER }),
    (
        "recovery byte starting at 0",
        Signed {
            domain: "www.tally.xyz",
            address: "0xc95EB884FE852e241D409234bfC7045CB9E31BD7",
            statement: "Sign in with Ethereum to Tally",
            uri: "https://tally.xyz",
            nonce: "15050747",
            issued_at: "2022-06-30T14:08:51.382Z",
            signature: "0x8c46b6eb8505939892d8e9b075f89f8277321b17b993151f37810cdda38cce6f\
                        4a85909d2b53e6a14629c74c0ac38bf4becde78ee5b2529812bf6cceaf7b2a2501",
            ..BARE
        },
    ),
];

/// Vectors that the siwe project accepts and this service rejects: the name, the rejected parts, and the reason.
const STRICTER: [(&str, &[&str], &str); 1] =
    [("expired message", &["time"], "the time of the check is two years before the time of issue")];

/// The siwe project rejects all of these, and this service rejects them for exactly the listed faults. The vector with
/// a nonexistent day of issue is also signed for another text.
const BAD: [(&str, Signed, &[&str]); 10] = [
    ("expired message", OVER, &["time"]),
    ("domain binding", Signed { wanted: (Some("example.com"), None), ..EXAMPLE }, &["domain"]),
    ("custom time", Signed { time: Some("2200-01-05T00:00:00Z"), ..EXAMPLE }, &["time"]),
    ("custom nonce", Signed { wanted: (None, Some("6548asdgf")), ..EXAMPLE }, &["nonce"]),
    (
        "malformed signature",
        Signed {
            signature: "0xf2e8420fc1b722bf4941f5a0464f98172a758ceda5039f622e425fb69fd19b20\
                        e444bba7c9a8a8d7e2b5e453553efe7c9460be5d211abe473fc146d51bb04d0cb1b",
            ..NOT_SIGNED
        },
        &["signature"],
    ),
    (
        "wrong signature",
        Signed {
            signature: "0x31df81dc02344c9156e6f71da46e2db624b38f8f806290d670d46492b834b2e7\
                        575cbce9f48169356cfb577b910d8e30732fcf23c1ac0021d08b945ed7ee118e1b",
            ..NOT_SIGNED
        },
        &["signature"],
    ),
    ("not yet valid", LATER, &["time"]),
    (
        "invalid issuedAt",
        Signed {
            address: "0xA0aEF081D1ACE5F830532d7D77Ea4c8EE0EaBCF9",
            issued_at: "2022-02-31T17:09:38.578Z",
            signature: "0x9e837df8b56f6e0cac9b4dce52074c352a4143932b442b973963ed2f7b998714\
                        6c8e546e5662867198ec0ae9bdb2e87ffaee528375dac7bf003883714ff732701b",
            ..BARE
        },
        &["signature", "text"],
    ),
    (
        "invalid notBefore",
        Signed {
            address: "0xA2ce2B71d77983918C8388c47576ad77E339B2F9",
            issued_at: "2022-01-30T17:09:38.578Z",
            not_before: Some("2025-02-31T17:09:38.578Z"),
            expiration_time: Some("2100-01-07T14:31:43.952Z"),
            signature: "0xa741355d0cfa938f45e9137d3b1f362e06961d2f35e01bad794b1f35d7d3e4fc\
                        5fd610d28d1b1236fdc305ec05c62b83cade54b49e221adf62e116b0c3a96f531b",
            ..BARE
        },
        &["text"],
    ),
    (
        "invalid expirationTime",
        Signed {
            address: "0xeE5A13CfAC109487d56F9186241009Dd9A7b4Ad4",
            issued_at: "2022-01-30T17:09:38.578Z",
            expiration_time: Some("2100-02-31T14:31:43.952Z"),
            signature: "0x5cbe6e6735e7b5818da08890363d6154edf73593db692b64adaea9c1186712a7\
                        2244971284377d2fed8286b69dafc3cf964cb4e05a8e8d07c1a6f4ede8d9470e1c",
            ..BARE
        },
        &["text"],
    ),
];

impl Signed {
    fn text(&self) -> String {
        let optional =
            |name: &str, value: Option<&str>| value.map_or_else(String::new, |value| format!("\n{name}: {value}"));
        format!(
            "{} wants you to sign in with your Ethereum account:\n{}\n\n{}\n\n\
             URI: {}\nVersion: 1\nChain ID: 1\nNonce: {}\nIssued At: {}{}{}",
            self.domain,
            self.address,
            self.statement,
            self.uri,
            self.nonce,
            self.issued_at,
            optional("Expiration Time", self.expiration_time),
            optional("Not Before", self.not_before),
        )
    }

    async fn is_signed(&self, text: &str) -> bool {
        let gate = ok(Gate::new(GateSettings { places: 1, queue: 1, deadline: Duration::from_secs(30) }));
        let Ok(signature) = WalletSignature::parse(self.signature, Namespace::Eip155) else { return false };
        let account = ok(WalletAccount::parse(Chain::Ethereum, self.address));
        let proof =
            SignatureCheck { account, texts: vec![text.as_bytes().to_vec()], signature, requester: requester() };
        ok(KeySignatures::new(gate).verify(proof).await).is_some()
    }

    /// Returns the faults of the message.
    async fn faults(&self) -> Vec<&'static str> {
        let text = self.text();
        let mut faults = Vec::new();
        if !self.is_signed(&text).await {
            faults.push("signature");
        }
        let Ok(said) = text.parse::<SiweMessage>() else { return [faults, vec!["text"]].concat() };
        let now = ok(OffsetDateTime::parse(self.time.unwrap_or(self.issued_at), &Rfc3339));
        let (domain, nonce) = (self.wanted.0.unwrap_or(self.domain), self.wanted.1.unwrap_or(self.nonce));
        let checks =
            [("time", said.is_valid_at(now)), ("domain", said.domain == domain), ("nonce", said.nonce == nonce)];
        faults.extend(checks.iter().filter(|(_, good)| !good).map(|(name, _)| name));
        faults
    }
}

#[tokio::test]
async fn we_take_what_the_siwe_project_takes_but_for_what_is_listed() {
    let mut differing = Vec::new();
    for (name, signed) in GOOD {
        let faults = signed.faults().await;
        if !faults.is_empty() {
            differing.push((name, faults));
        }
    }
    assert_eq!(differing, STRICTER.map(|(name, faults, _)| (name, faults.to_vec())));
}

#[tokio::test]
async fn we_refuse_what_the_siwe_project_refuses_and_know_why() {
    let mut found = Vec::new();
    for (name, signed, _) in BAD {
        found.push((name, signed.faults().await));
    }
    assert_eq!(found, BAD.map(|(name, _, faults)| (name, faults.to_vec())));
}
