//! Tests of hashers, signers and seals with vectors of other implementations (argon2-cffi, `PyJWT`, Python's hashlib
//! and zlib).

use std::{fmt::Debug, sync::Arc, time::Duration};

use aws_lc_rs::hmac;
use data_encoding::BASE64URL_NOPAD;
use tessera_adapters::{
    Argon2Hasher, Argon2Settings, Argon2SettingsError, Gate, GateSettings, JwtSecret, JwtSigner, MasterKey,
    MasterKeyError, SealError, SealedResponses, ZxcvbnStrength,
};
use tessera_identity::{
    model::{Password, PasswordAttempt, PasswordHash},
    ports::{AccessClaims, Comparison, PasswordHasher as _, PasswordStrength as _, TokenSigner as _, Verdict},
};
use tessera_kernel::{IdempotencyKey, IdempotencySeal as _, ProductName, SecretHash};
use tessera_system::SystemEntropy;
use tessera_testkit::builders::requester;
use time::OffsetDateTime;

#[path = "support/gate.rs"]
mod the_gate;
#[path = "support/totp.rs"]
mod totp;

const WORDS: &str = "violet-harbour-93-lantern";
const ISSUER: &str = "https://id.example.com";

#[track_caller]
fn ok<T, E: Debug>(result: Result<T, E>) -> T {
    result.unwrap_or_else(|error| panic!("unexpected error: {error:?}"))
}

fn gate(places: usize, queue: usize, deadline: Duration) -> Gate {
    ok(Gate::new(GateSettings { places, queue, deadline }))
}

fn hasher() -> Argon2Hasher {
    let gate = gate(2, 8, Duration::from_secs(30));
    ok(Argon2Hasher::new(Argon2Settings::default(), gate, Arc::new(SystemEntropy)))
}

async fn compare(attempt: &str, hash: Option<&PasswordHash>) -> Verdict {
    let attempt = PasswordAttempt::new(attempt);
    ok(hasher().verify(Comparison { attempt: &attempt, hash, costs: &[] }, requester()).await)
}

async fn verdict(phc: &str, attempt: &str) -> Verdict {
    let hash = PasswordHash::from_phc(phc.to_owned());
    compare(attempt, Some(&hash)).await
}

#[tokio::test]
async fn a_hash_that_the_reference_implementation_made_matches() {
    let phc = "$argon2id$v=19$m=19456,t=2,p=1$AAECAwQFBgcICQoLDA0ODw$0Zye3DYt1CrHPXRhkNrAGTF+3+xHcWxbUO0kdYhoR9o";
    assert_eq!(verdict(phc, WORDS).await, Verdict::Match);
    assert_eq!(verdict(phc, "violet-harbour-93-lanterm").await, Verdict::Mismatch);
}

#[tokio::test]
async fn a_hash_of_a_lower_cost_matches_and_is_outdated() {
    let phc = "$argon2id$v=19$m=8,t=1,p=1$AAECAwQFBgcICQoLDA0ODw$iImsWBCCQvxcN81N/kji5J/CcBCP6Nz1hlAIDsQbaIc";
    assert_eq!(verdict(phc, WORDS).await, Verdict::MatchOutdated);
}

#[tokio::test]
async fn a_hash_is_argon2id_at_the_floor_with_its_own_salt_s10() {
    let (hasher, password) = (hasher(), ok(WORDS.parse::<Password>()));
    let (one, two) = (ok(hasher.hash(&password, requester()).await), ok(hasher.hash(&password, requester()).await));
    assert!(one.expose().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", one.expose());
    assert_ne!(one.expose(), two.expose());
    assert_eq!(verdict(two.expose(), WORDS).await, Verdict::Match);
}

#[tokio::test]
async fn a_long_password_is_not_truncated_s3() {
    let long = "x".repeat(127);
    let hash = ok(hasher().hash(&ok(format!("{long}a").parse::<Password>()), requester()).await);
    assert_eq!(verdict(hash.expose(), &format!("{long}a")).await, Verdict::Match);
    assert_eq!(verdict(hash.expose(), &format!("{long}b")).await, Verdict::Mismatch);
}

#[tokio::test]
async fn a_check_without_a_stored_hash_is_a_mismatch() {
    assert_eq!(compare(WORDS, None).await, Verdict::Mismatch);
}

#[test]
fn the_cost_has_a_floor() {
    assert_eq!(Argon2Settings::new(19_455, 2, 1), Err(Argon2SettingsError::BelowFloor));
    assert_eq!(Argon2Settings::new(19_456, 1, 1), Err(Argon2SettingsError::BelowFloor));
    assert_eq!(Argon2Settings::new(19_456, 2, 0), Err(Argon2SettingsError::BelowFloor));
    assert!(Argon2Settings::new(19_456, 2, 1).is_ok());
}

#[tokio::test]
async fn common_passwords_and_account_words_are_rejected_with_a_reason_s7() {
    let strength = ZxcvbnStrength::new(gate(1, 8, Duration::from_secs(30)), &ProductName::default());
    let about = ["grace.hopper.1906@example.com".to_owned(), "grace.hopper.1906".to_owned()];
    for weak in ["password123", "qwertyuiop", "Tessera1", "grace.hopper.1906", "aaaaaaaaaaaa", "letmein99"] {
        let judged = ok(strength.weakness(&ok(weak.parse()), &about, requester()).await);
        assert!(judged.is_some_and(|weak| !weak.warning.is_empty()), "{weak} was accepted");
    }
    assert_eq!(ok(strength.weakness(&ok(WORDS.parse()), &about, requester()).await), None);
}

#[tokio::test]
async fn the_name_of_the_product_is_rejected_as_a_password_s7() {
    for (name, weak) in [
        ("Blue Heron Games", ["blueherongames", "BlueHeronGames2026", "blue heron games", "heron-games-heron"]),
        ("Zyphorant", ["zyphorant", "Zyphorant1!", "zyphorantzyphorant", "tessera-zyphorant"]),
    ] {
        let strength = ZxcvbnStrength::new(gate(1, 8, Duration::from_secs(30)), &ok(name.parse()));
        for password in weak {
            let judged = ok(strength.weakness(&ok(password.parse()), &[], requester()).await);
            assert!(judged.is_some(), "{password} was accepted");
        }
        assert_eq!(ok(strength.weakness(&ok(WORDS.parse()), &[], requester()).await), None);
    }
}

#[tokio::test]
async fn repeated_and_decorated_account_words_are_rejected_s7() {
    let strength = ZxcvbnStrength::new(gate(1, 8, Duration::from_secs(30)), &ProductName::default());
    let about = ["grace.hopper@acme-games.example.com".to_owned(), "Zoë Lindqvist".to_owned()];
    for weak in [
        "tesserapassword2026",
        "tesseratesseratessera",
        "Tessera!Tessera1",
        "t3ssera-2026-tessera",
        "7e55era_t3ss3r4_T355ERA",
        "T-e-s-s-e-r-a-2026!",
        "Tesssseraaa!2026",
        "aressettesserA99",
        "tessera-login-2026",
        "my.tessera.account.2026",
        "welcome2tessera!!",
        "tessera-dragon-tessera",
        "tessera28.11.2026",
        "!-Tessera_2026_Tessera-?",
        "grace-hopper-2026",
        "hopper.grace.tessera",
        "Gr4ceH0pper!!!",
        "acmegames-2026-acme",
        "zoe.lindqvist.1990",
        "L1ndqv1st!L1ndqv1st",
    ] {
        let judged = ok(strength.weakness(&ok(weak.parse()), &about, requester()).await);
        assert!(judged.is_some_and(|weak| !weak.warning.is_empty()), "{weak} was accepted");
    }
    for strong in [
        "violet-tessera-harbour-93-lantern",
        "tessera x9$K#m2!pQ",
        "grace violet harbour lantern 93",
        "zoe9Fm2qTx7Lw",
        "tessera-8472916350",
        "correct-unlucky-tesserae-gymnasium",
    ] {
        assert_eq!(ok(strength.weakness(&ok(strong.parse()), &about, requester()).await), None, "{strong}");
    }
}

mod tokens {
    use super::*;

    const CLAIMS: &str = r#"{"iss":"https://id.example.com","aud":"https://id.example.com","sub":"018f0000-0000-7000-8000-000000000001","sid":"018f0000-0000-7000-8000-000000000002","jti":"018f0000-0000-4000-8000-000000000003","iat":1700000000,"exp":1700003600}"#;
    const HEADER: &str = r#"{"typ":"at+jwt","alg":"HS256"}"#;
    const SECRET: [u8; 32] = [
        0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29,
        30, 31,
    ];

    fn at(seconds: i64) -> OffsetDateTime {
        ok(OffsetDateTime::from_unix_timestamp(seconds))
    }

    fn signer() -> JwtSigner {
        let secret = JwtSecret::from_bytes(&SECRET).unwrap_or_else(|| panic!("32 bytes are a secret"));
        ok(JwtSigner::new(&secret, ISSUER.to_owned()))
    }

    fn mint(header: &str, claims: &str, secret: &[u8]) -> String {
        let message =
            format!("{}.{}", BASE64URL_NOPAD.encode(header.as_bytes()), BASE64URL_NOPAD.encode(claims.as_bytes()));
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), message.as_bytes());
        format!("{message}.{}", BASE64URL_NOPAD.encode(tag.as_ref()))
    }

    #[track_caller]
    fn refused(token: &str) {
        assert!(signer().verify(token).is_err(), "accepted: {token}");
    }

    #[test]
    fn a_token_is_what_another_implementation_makes_of_the_same_claims() {
        let ours = "eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJodHRwczovL2lkLmV4YW1wbGUuY29tIiwiYXVkIjoiaHR0cHM6Ly9pZC5leGFtcGxlLmNvbSIsInN1YiI6IjAxOGYwMDAwLTAwMDAtNzAwMC04MDAwLTAwMDAwMDAwMDAwMSIsInNpZCI6IjAxOGYwMDAwLTAwMDAtNzAwMC04MDAwLTAwMDAwMDAwMDAwMiIsImp0aSI6IjAxOGYwMDAwLTAwMDAtNDAwMC04MDAwLTAwMDAwMDAwMDAwMyIsImlhdCI6MTcwMDAwMDAwMCwiZXhwIjoxNzAwMDAzNjAwfQ.auQQEUCQKsMjw0-pM-TTopPMEBiSzu--JDz0tP3gfzs";
        let claims: AccessClaims = ok(signer().verify(ours));
        assert_eq!(claims.user.to_string(), "018f0000-0000-7000-8000-000000000001");
        assert_eq!((claims.issued_at, claims.expires_at), (at(1_700_000_000), at(1_700_003_600)));
        assert_eq!(ok(signer().sign(&claims)).expose(), ours);
        assert_eq!(mint(HEADER, CLAIMS, &SECRET), ours);
    }

    #[test]
    fn another_header_is_rejected_despite_a_valid_signature_s56() {
        for header in [
            r#"{"typ":"JWT","alg":"HS256"}"#,
            r#"{"alg":"HS256"}"#,
            r#"{"typ":"at+jwt","alg":"HS384"}"#,
            r#"{"typ":"at+jwt","alg":"RS256"}"#,
            r#"{"typ":"at+jwt","alg":"none"}"#,
            r#"{"typ":"at+jwt","alg":"HS256","kid":"../../dev/null"}"#,
            r#"{"typ":"at+jwt","alg":"HS256","crit":["b64"],"b64":false}"#,
            r#"{"alg":"HS256","typ":"at+jwt"}"#,
            r#"{"typ":"at+jwt","alg":"HS256","alg":"HS256"}"#,
        ] {
            refused(&mint(header, CLAIMS, &SECRET));
        }
    }

    #[test]
    fn wrong_missing_duplicate_and_unknown_claims_are_rejected_s62() {
        for (from, to) in [
            (r#""exp":1700003600"#, r#""exp":"1700003600""#),
            (r#""exp":1700003600"#, r#""exp":1700003600.0"#),
            (r#""exp":1700003600"#, r#""exp":1e400"#),
            (r#""exp":1700003600"#, r#""exp":null"#),
            (r#""exp":1700003600"#, r#""exp":[1700003600]"#),
            (r#","exp":1700003600"#, ""),
            (r#""exp":1700003600"#, r#""exp":1700003600,"exp":1900003600"#),
            (r#""exp":1700003600"#, r#""exp":1700003600,"admin":true"#),
            (r#","jti":"018f0000-0000-4000-8000-000000000003""#, ""),
            (r#","sid":"018f0000-0000-7000-8000-000000000002""#, ""),
            (r#""sub":"018f0000-0000-7000-8000-000000000001""#, r#""sub":1"#),
            (r#""sub":"018f0000-0000-7000-8000-000000000001""#, r#""sub":"""#),
            (r#""aud":"https://id.example.com""#, r#""aud":["https://id.example.com"]"#),
            (r#""aud":"https://id.example.com""#, r#""aud":"https://id.example.com/""#),
            (r#""iss":"https://id.example.com""#, r#""iss":"https://evil.example.com""#),
        ] {
            let claims = CLAIMS.replacen(from, to, 1);
            assert_ne!(claims, CLAIMS, "{from} is not in the claims");
            refused(&mint(HEADER, &claims, &SECRET));
        }
    }

    #[test]
    fn only_the_exact_compact_form_with_our_secret_is_accepted_s66() {
        let token = mint(HEADER, CLAIMS, &SECRET);
        refused(&mint(HEADER, CLAIMS, &[7; 32]));
        refused(&format!("{token}="));
        refused(&format!("{token}A"));
        refused(&format!("{token}."));
        refused(&format!(" {token}"));
        refused(&format!("{token}\n"));
        refused(&token.replacen('.', "..", 1));
        refused(&token[..token.len() - 1]);
        refused("");
        refused("..");
        // The last character contains bits that no byte needs. A token with other values of these bits is a different
        // token.
        let last = token.chars().last().unwrap_or_default();
        let twin = char::from_u32(u32::from(last) + 1).unwrap_or_default();
        refused(&format!("{}{twin}", &token[..token.len() - 1]));
    }
}

#[test]
fn sealed_data_opens_only_with_its_name_and_key() {
    let key = ok(MasterKey::generate_text(&SystemEntropy).parse::<MasterKey>());
    let other = ok(MasterKey::generate_text(&SystemEntropy).parse::<MasterKey>());
    let sealed = ok(key.seal("one", b"a secret", &SystemEntropy));
    assert_eq!(ok(key.open("one", &sealed)), b"a secret");
    assert_eq!(key.open("two", &sealed), Err(SealError::WrongKey));
    assert_eq!(other.open("one", &sealed), Err(SealError::WrongKey));
    let mut changed = sealed.clone();
    changed.iter_mut().last().into_iter().for_each(|byte| *byte ^= 1);
    assert_eq!(key.open("one", &changed), Err(SealError::WrongKey));
    assert_eq!(key.open("one", &sealed[..5]), Err(SealError::Malformed));
    assert_eq!(key.open("one", &[]), Err(SealError::Malformed));
    assert_ne!(ok(key.seal("one", b"a secret", &SystemEntropy)), sealed);
}

const KEY: &str = "0123456789abcdef0123456789abcdef";

#[test]
fn a_sealed_value_contains_the_id_of_its_key() {
    let key: MasterKey = ok(KEY.parse());
    // hashlib.sha256(b"tessera master key id" + key).hexdigest()[:16]
    assert_eq!(key.key_id(), "efdbbea56d543136");
    assert_eq!(ok(format!(" {KEY}\n").parse::<MasterKey>()).key_id(), key.key_id());
    let sealed = ok(key.seal("one", b"a secret", &SystemEntropy));
    assert_eq!((sealed[0], data_encoding::HEXLOWER.encode(&sealed[1..9])), (2, key.key_id()));
    assert!(key.has_sealed(&sealed));
    assert_eq!(key.id_of("one", &sealed), Some(key.id()));
    // The id of another key does not make that key open it.
    let mut relabelled = sealed;
    relabelled[1] ^= 1;
    assert_eq!(key.open("one", &relabelled), Err(SealError::WrongKey));
    assert!(!key.has_sealed(&relabelled));
}

#[test]
fn values_of_another_key_open_with_the_second_key_only() {
    let key = || ok(KEY.parse::<MasterKey>());
    let new: MasterKey = ok("fedcba9876543210fedcba9876543210".parse());
    let sealed = ok(key().seal("one", b"a secret", &SystemEntropy));
    // AESGCM(HKDF(key)).encrypt(12 * b"\1", b"a secret", b"one"), as earlier versions have stored it.
    let earlier = "01010101010101010101010101f10329fbe10f47abc4edd475af7763651ddbdb59add84141";
    let earlier = ok(data_encoding::HEXLOWER.decode(earlier.as_bytes()));
    for value in [&sealed, &earlier] {
        assert_eq!(new.open("one", value), Err(SealError::WrongKey));
    }
    let both = new.with_also(key());
    assert_eq!(both.also_id(), Some(key().id()));
    for value in [sealed, earlier] {
        assert_eq!(ok(both.open("one", &value)), b"a secret");
        assert_eq!(both.open("two", &value), Err(SealError::WrongKey));
        assert_eq!(both.id_of("one", &value), Some(key().id()));
        assert!(!both.has_sealed(&value));
        let again = ok(both.reseal("one", &value, &SystemEntropy));
        assert!(both.has_sealed(&again));
        assert_eq!(ok(both.open("one", &again)), b"a secret");
        assert_eq!(key().open("one", &again), Err(SealError::WrongKey));
    }
    assert_eq!(both.id_of("one", &[1; 60]), None);
}

#[test]
fn keyed_hashes_stay_the_same_with_another_master_key() {
    let key: MasterKey = ok(KEY.parse());
    // HMAC-SHA-256 under HKDF-SHA-256(key, salt "tessera", info "rate limit subjects v1").
    let hash = "49d3e57cb3a0ddd70d3fa4605890348e21f7d64b25014c60cfdacf1230b8a608";
    assert_eq!(key.hide_subject("192.0.2.1"), hash);
    let other = ok("fedcba9876543210fedcba9876543210".parse::<MasterKey>());
    assert_ne!(other.hide_subject("192.0.2.1"), hash);
    let other = ok(other.with_hash_root(key.hash_root()));
    assert_eq!(other.hide_subject("192.0.2.1"), hash);
    assert!(other.with_hash_root(&[0; 31]).is_err());
    // A response that was stored before the rotation.
    let response = |key: MasterKey| SealedResponses::new(Arc::new(key), Arc::new(SystemEntropy));
    let client: IdempotencyKey = ok("one".parse());
    let before = response(ok(KEY.parse()));
    let hidden = before.hide("user 1", &client);
    let sealed = ok(before.seal(&hidden, &client, b"ask_secret"));
    let root = *key.hash_root();
    let rotated = ok(ok("fedcba9876543210fedcba9876543210".parse::<MasterKey>()).with_hash_root(&root));
    let after = response(rotated);
    assert_eq!(after.hide("user 1", &client), hidden);
    assert_eq!(ok(after.open(&hidden, &client, &sealed)), b"ask_secret");
}

#[test]
fn a_stored_response_opens_only_with_the_key_of_its_client() {
    let master = || Arc::new(ok("0123456789abcdef0123456789abcdef".parse::<MasterKey>()));
    let seal = SealedResponses::new(master(), Arc::new(SystemEntropy));
    let (key, other): (IdempotencyKey, IdempotencyKey) = (ok("one".parse()), ok("two".parse()));
    let hidden = seal.hide("user 1", &key);
    let sealed = ok(seal.seal(&hidden, &key, b"ask_secret"));
    assert_eq!(ok(seal.open(&hidden, &key, &sealed)), b"ask_secret");
    // The master key alone, another key, another row, or another master key.
    assert!(master().open("", &sealed).is_err());
    assert!(seal.open(&hidden, &other, &sealed).is_err());
    assert!(seal.open(&seal.hide("user 2", &key), &key, &sealed).is_err());
    let foreign = Arc::new(ok(MasterKey::generate_text(&SystemEntropy).parse::<MasterKey>()));
    let foreign = SealedResponses::new(foreign, Arc::new(SystemEntropy));
    assert!(foreign.open(&hidden, &key, &sealed).is_err());
    assert!(!sealed.windows(3).any(|window| window == b"one" || window == b"ask"));
}

#[test]
fn hashes_of_requests_depend_on_the_key_and_on_each_part() {
    let master = Arc::new(ok("0123456789abcdef0123456789abcdef".parse::<MasterKey>()));
    let seal = SealedResponses::new(master, Arc::new(SystemEntropy));
    let (key, other): (IdempotencyKey, IdempotencyKey) = (ok("one".parse()), ok("two".parse()));
    let mut hashes: Vec<SecretHash> = vec![
        seal.hide("user 1", &key),
        seal.hide("user 2", &key),
        seal.hide("user 1", &other),
        seal.fingerprint(&key, &[]),
        seal.fingerprint(&key, &[b""]),
        seal.fingerprint(&key, &[b"a", b"bc"]),
        seal.fingerprint(&key, &[b"ab", b"c"]),
        seal.fingerprint(&other, &[b"a", b"bc"]),
    ];
    assert_eq!(seal.hide("user 1", &key), hashes[0]);
    hashes.sort_unstable();
    hashes.dedup();
    assert_eq!(hashes.len(), 8);
}

#[test]
fn a_master_key_requires_enough_entropy() {
    let parse = |text: &str| text.parse::<MasterKey>().map(|_| ());
    assert_eq!(parse("short"), Err(MasterKeyError));
    assert_eq!(parse(&"a".repeat(64)), Err(MasterKeyError));
    assert_eq!(parse("0123456789abcdef0123456789abcde"), Err(MasterKeyError));
    assert_eq!(parse("0123456789abcdef0123456789abcdef"), Ok(()));
}
