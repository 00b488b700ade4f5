//! Values of a sign-in to an application.

use tessera_sso::model::{CodeChallenge, CodeVerifier, OneTimeSecret, OpaqueState, SsoSessionId, destination};
use tessera_testkit::{expectations::parsed, fakes::SequentialEntropy};

#[test]
fn the_destination_is_the_host_or_the_private_use_scheme() {
    for (uri, expected) in [
        ("https://game.example/back?x=y", "game.example"),
        ("http://127.0.0.1:3000", "127.0.0.1:3000"),
        ("com.example.game:/callback", "com.example.game"),
        ("com.example.game:/back?next=https://bank.example/", "com.example.game"),
        ("com.example.game:/https://bank.example/", "com.example.game"),
        ("https://game.example/https://bank.example/", "game.example"),
    ] {
        assert_eq!(destination(uri), expected);
    }
}

#[test]
fn the_challenge_of_the_standard_is_read() {
    // RFC 7636, appendix B.
    let challenge: CodeChallenge = parsed("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    let expected = [
        19, 211, 30, 150, 26, 26, 216, 236, 47, 22, 177, 12, 76, 152, 46, 8, 118, 168, 120, 173, 109, 241, 68, 86, 110,
        225, 137, 74, 203, 112, 249, 195,
    ];
    assert_eq!(challenge.hash().as_bytes(), &expected);
}

#[test]
fn a_code_challenge_has_one_valid_spelling_s107() {
    for bad in [
        "",
        "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-c",
        "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM=",
        "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cMA",
        // The last character encodes four bits. The last characters of these values have more bits set.
        "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cN",
        "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cP",
        "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw+cM",
        "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw/cM",
        "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstwécM",
    ] {
        assert!(bad.parse::<CodeChallenge>().is_err(), "{bad}");
    }
}

#[test]
fn a_verifier_has_the_length_and_the_letters_of_the_standard() {
    let long = |length| "a-._~Z9".chars().cycle().take(length).collect::<String>();
    for length in [43, 64, 128] {
        let _verifier: CodeVerifier = parsed(&long(length));
    }
    for bad in [long(42), long(129), long(42) + "+", long(42) + " ", long(42) + "é", String::new()] {
        assert!(bad.parse::<CodeVerifier>().is_err(), "{bad}");
    }
}

#[test]
fn a_state_is_accepted_unchanged_or_rejected_s109() {
    let long = "x".repeat(OpaqueState::MAX_LENGTH);
    for good in ["s", " a b ", "%20&=+\"<script>", &long] {
        assert_eq!(parsed::<OpaqueState>(good).as_str(), good);
    }
    for bad in ["", "a\nb", "\u{7f}", "é", "\0", &format!("{long}x")] {
        assert!(bad.parse::<OpaqueState>().is_err(), "{bad:?}");
    }
}

#[test]
fn ids_and_secrets_are_parsed_as_they_were_written() {
    let entropy = SequentialEntropy::starting_at(0xDEAD_BEEF);
    let id = SsoSessionId::generate(&entropy);
    assert_eq!(parsed::<SsoSessionId>(&id.to_string()), id);
    assert_eq!(id.to_string().len(), 32);
    let secret = OneTimeSecret::generate(&entropy);
    assert_eq!(parsed::<OneTimeSecret>(secret.expose()), secret);
    assert_eq!(secret.expose().len(), 64);
}

#[test]
fn another_spelling_of_an_id_or_secret_is_rejected() {
    let (id, secret) = ("0123456789abcdef".repeat(2), "0123456789abcdef".repeat(4));
    for bad in [id.to_uppercase(), format!("{id}0"), id[1..].to_owned(), format!(" {}", &id[1..]), "g".repeat(32)] {
        assert!(bad.parse::<SsoSessionId>().is_err(), "{bad}");
    }
    assert!("01234567-89ab-cdef-0123-456789abcdef".parse::<SsoSessionId>().is_err());
    for bad in [secret.to_uppercase(), format!("{secret}0"), secret[1..].to_owned(), "g".repeat(64)] {
        assert!(bad.parse::<OneTimeSecret>().is_err(), "{bad}");
    }
}
