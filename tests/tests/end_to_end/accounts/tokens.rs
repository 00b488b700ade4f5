//! Access tokens: only tokens that this service issued for itself are accepted.

use serde_json::{Value, json};
use tessera_tests::{
    database::Backend,
    on_sqlite,
    test_org::{Person, Service, UNKNOWN_ID},
};

use crate::accounts::forge::{Forge, encode, open, rs256};

/// A signed-in user of a service whose signing secret the test can read.
struct Tokens {
    service: Service,
    person: Person,
    forge: Forge,
    header: Value,
    claims: Value,
}

impl Tokens {
    async fn start(backend: Backend) -> Self {
        let service = Service::start(backend).await;
        let person = Person::register(&service.api()).await;
        let forge = Forge::own(&service.installation).await;
        let (header, claims) = open(&person.token);
        Self { service, person, forge, header, claims }
    }

    /// The claims with one claim replaced; `None` removes it.
    fn claims_with(&self, name: &str, value: Option<Value>) -> Value {
        let mut claims = self.claims.clone();
        let object = claims.as_object_mut().unwrap_or_else(|| panic!("no claims"));
        match value {
            Some(value) => object.insert(name.to_owned(), value),
            None => object.remove(name),
        };
        claims
    }

    /// A token that differs from a token of the service only in its claims.
    fn token_of(&self, claims: &Value) -> String {
        self.forge.sign_like(&self.person.token, claims.to_string())
    }

    async fn status(&self, token: &str) -> u16 {
        self.service.api().bearer(token).get("/users/me").await.status
    }

    async fn refuses(&self, what: &str, token: &str) {
        let answer = self.service.api().bearer(token).get("/users/me").await;
        assert_eq!(answer.status, 401, "{what}: {}", answer.text());
        answer.problem(401, "invalid_token");
        let challenge = answer.header("www-authenticate").unwrap_or_default();
        assert!(
            challenge.starts_with(r#"Bearer error="invalid_token", error_description="the "#),
            "{what}: {challenge}"
        );
    }
}

on_sqlite! {
    tokens_of_the_test_forge_are_accepted
    an_access_token_has_the_documented_claims
    unsigned_tokens_are_rejected_s55
    another_algorithm_is_rejected_s56
    a_token_signed_with_another_secret_is_rejected
    a_token_with_a_key_id_is_rejected_s57
    headers_with_keys_or_extensions_are_rejected_s58
    another_audience_is_rejected_s59
    another_issuer_is_rejected_s60
    another_token_type_is_rejected_s61
    claims_of_the_wrong_type_are_rejected_s62
    a_token_without_a_required_claim_is_rejected_s63
    expired_and_future_tokens_are_rejected_s64
    duplicate_members_in_a_token_are_rejected_s65
    only_the_exact_compact_form_is_accepted_s66
    a_tampered_token_is_refused
    another_subject_or_session_is_rejected_s68
    a_token_of_an_ended_session_is_rejected_s69
}

async fn tokens_of_the_test_forge_are_accepted(backend: Backend) {
    let tokens = Tokens::start(backend).await;
    assert_eq!(tokens.token_of(&tokens.claims), tokens.person.token);
    let renamed = tokens.claims_with("jti", Some(json!(UNKNOWN_ID)));
    assert_eq!(tokens.status(&tokens.token_of(&renamed)).await, 200);
}

async fn an_access_token_has_the_documented_claims(backend: Backend) {
    let Tokens { header, claims, person, .. } = Tokens::start(backend).await;
    assert_eq!(header["alg"], "HS256");
    let mut names: Vec<&String> = claims.as_object().into_iter().flatten().map(|(name, _)| name).collect();
    names.sort();
    assert_eq!(names, ["aud", "exp", "iat", "iss", "jti", "sid", "sub"]);
    assert_eq!((&claims["iss"], &claims["sub"]), (&json!("http://localhost:8080"), &json!(person.id)));
    assert_eq!(claims["aud"], claims["iss"]);
    assert_eq!(claims["exp"].as_i64().zip(claims["iat"].as_i64()).map(|(exp, iat)| exp - iat), Some(86_400));
}

async fn unsigned_tokens_are_rejected_s55(backend: Backend) {
    let tokens = Tokens::start(backend).await;
    let payload = encode(tokens.claims.to_string());
    let signature = tokens.person.token.rsplit('.').next().unwrap_or_default().to_owned();
    for alg in [json!("none"), json!("None"), json!("NONE"), json!("nOnE"), json!(""), Value::Null, json!(["HS256"])] {
        let header = encode(json!({"alg": alg, "typ": "at+jwt"}).to_string());
        tokens.refuses("unsigned", &format!("{header}.{payload}.")).await;
        tokens.refuses("without a third part", &format!("{header}.{payload}")).await;
        tokens.refuses("with the old signature", &format!("{header}.{payload}.{signature}")).await;
        tokens.refuses("well signed", &tokens.forge.sign_parts(&header, &payload)).await;
    }
    let header = encode(json!({"typ": "at+jwt"}).to_string());
    tokens.refuses("no alg", &tokens.forge.sign_parts(&header, &payload)).await;
}

async fn another_algorithm_is_rejected_s56(backend: Backend) {
    let tokens = Tokens::start(backend).await;
    tokens.refuses("RS256", &rs256(&tokens.claims)).await;
    for alg in ["HS384", "HS512", "RS256", "ES256", "EdDSA", "PS256", "hs256"] {
        let header = json!({"alg": alg, "typ": tokens.header["typ"]});
        tokens.refuses(alg, &tokens.forge.sign(&header, &tokens.claims)).await;
    }
}

async fn a_token_signed_with_another_secret_is_rejected(backend: Backend) {
    let tokens = Tokens::start(backend).await;
    tokens
        .refuses("another secret", &Forge::foreign().sign_like(&tokens.person.token, tokens.claims.to_string()))
        .await;
}

async fn a_token_with_a_key_id_is_rejected_s57(backend: Backend) {
    let tokens = Tokens::start(backend).await;
    let long = "k".repeat(5000);
    let kids = [
        json!("x"),
        json!(""),
        json!("../../dev/null"),
        json!("' OR 1=1--"),
        json!("http://127.0.0.1:1/"),
        json!(long),
        json!([1]),
        json!(1),
    ];
    for kid in kids {
        let header = json!({"typ": tokens.header["typ"], "alg": "HS256", "kid": kid});
        tokens.refuses("kid", &tokens.forge.sign(&header, &tokens.claims)).await;
    }
}

async fn headers_with_keys_or_extensions_are_rejected_s58(backend: Backend) {
    let tokens = Tokens::start(backend).await;
    let extra = [
        ("jku", json!("http://127.0.0.1:1/")),
        ("x5u", json!("http://127.0.0.1:1/")),
        ("jwk", json!({"kty": "oct", "k": "AA"})),
        ("x5c", json!(["AA"])),
        ("crit", json!(["exp"])),
        ("b64", json!(false)),
        ("zip", json!("DEF")),
    ];
    for (name, value) in extra {
        let mut header = tokens.header.clone();
        header[name] = value;
        tokens.refuses(name, &Forge::foreign().sign(&header, &tokens.claims)).await;
        tokens.refuses(name, &tokens.forge.sign(&header, &tokens.claims)).await;
    }
}

async fn another_audience_is_rejected_s59(backend: Backend) {
    let tokens = Tokens::start(backend).await;
    let own = &tokens.claims["aud"];
    let wrong = [
        json!("http://localhost:8081"),
        json!("http://localhost:8080/"),
        json!([own]),
        json!([own, "x"]),
        json!({"a": own}),
        json!(""),
        Value::Null,
    ];
    for aud in wrong {
        tokens.refuses("aud", &tokens.token_of(&tokens.claims_with("aud", Some(aud)))).await;
    }
}

async fn another_issuer_is_rejected_s60(backend: Backend) {
    let tokens = Tokens::start(backend).await;
    for iss in [
        json!("http://localhost"),
        json!("HTTP://localhost:8080"),
        json!("http://localhost:8080/"),
        json!([tokens.claims["iss"]]),
        json!(""),
    ] {
        tokens.refuses("iss", &tokens.token_of(&tokens.claims_with("iss", Some(iss)))).await;
    }
    let Tokens { service: Service { installation, node }, person, .. } = tokens;
    node.kill();
    let moved = installation.set("TESSERA_PUBLIC_URL", "https://id.example").start();
    person.at_node(&moved).get("/users/me").await.problem(401, "invalid_token");
}

async fn another_token_type_is_rejected_s61(backend: Backend) {
    let tokens = Tokens::start(backend).await;
    for typ in ["JWT", "AT+JWT", "refresh", "", "at+jwt "] {
        let header = json!({"typ": typ, "alg": "HS256"});
        tokens.refuses(typ, &tokens.forge.sign(&header, &tokens.claims)).await;
    }
    tokens.refuses("no typ", &tokens.forge.sign(&json!({"alg": "HS256"}), &tokens.claims)).await;
}

async fn claims_of_the_wrong_type_are_rejected_s62(backend: Backend) {
    let tokens = Tokens::start(backend).await;
    let exp = tokens.claims["exp"].as_i64().unwrap_or_default();
    let wrong = [
        ("exp", json!(exp.to_string())),
        ("exp", json!(-1)),
        ("exp", json!([exp])),
        ("exp", Value::Null),
        ("exp", json!(true)),
        ("exp", json!({})),
        ("iat", json!("1")),
        ("iat", Value::Null),
        ("sub", json!(1)),
        ("sub", json!([])),
        ("sid", json!({})),
        ("sid", json!(1)),
        ("jti", json!(1)),
        ("jti", json!("")),
        ("nbf", json!("1")),
        ("extra", json!(1)),
    ];
    for (name, value) in wrong {
        tokens.refuses(name, &tokens.token_of(&tokens.claims_with(name, Some(value)))).await;
    }
    for number in ["1e400", "1.5e9", "99999999999999999999999", "0x10"] {
        let claims = tokens.claims.to_string().replace(&exp.to_string(), number);
        tokens.refuses(number, &tokens.forge.sign_like(&tokens.person.token, claims)).await;
    }
}

async fn a_token_without_a_required_claim_is_rejected_s63(backend: Backend) {
    let tokens = Tokens::start(backend).await;
    for name in ["exp", "iat", "iss", "aud", "sub", "sid", "jti"] {
        tokens.refuses(name, &tokens.token_of(&tokens.claims_with(name, None))).await;
    }
    for payload in ["", "{}", "[]", "null", "x"] {
        tokens.refuses(payload, &tokens.forge.sign_like(&tokens.person.token, payload)).await;
    }
}

async fn expired_and_future_tokens_are_rejected_s64(backend: Backend) {
    let tokens = Tokens::start(backend).await;
    let now = tokens.claims["iat"].as_i64().unwrap_or_default();
    for (name, good, bad) in [("exp", now + 60, now - 31), ("iat", now + 20, now + 120)] {
        assert_eq!(tokens.status(&tokens.token_of(&tokens.claims_with(name, Some(json!(good))))).await, 200, "{name}");
        tokens.refuses(name, &tokens.token_of(&tokens.claims_with(name, Some(json!(bad))))).await;
    }
    tokens.refuses("long ago", &tokens.token_of(&tokens.claims_with("exp", Some(json!(1))))).await;
}

async fn duplicate_members_in_a_token_are_rejected_s65(backend: Backend) {
    let tokens = Tokens::start(backend).await;
    let claims = tokens.claims.to_string();
    let twice = claims.replacen('{', &format!("{{\"sub\":\"{UNKNOWN_ID}\","), 1);
    tokens.refuses("sub twice", &tokens.forge.sign_like(&tokens.person.token, twice)).await;
    let header = encode(r#"{"alg":"none","typ":"at+jwt","alg":"HS256"}"#);
    tokens.refuses("alg twice", &tokens.forge.sign_parts(&header, &encode(&claims))).await;
}

async fn only_the_exact_compact_form_is_accepted_s66(backend: Backend) {
    let tokens = Tokens::start(backend).await;
    let token = &tokens.person.token;
    let parts: Vec<&str> = token.split('.').collect();
    let (header, payload, signature) = (parts[0], parts[1], parts[2]);
    let wrong = [
        format!("{token}."),
        format!(".{token}"),
        format!("{token}.x"),
        format!("{header}..{signature}"),
        format!("{token}="),
        format!("{header}=.{payload}.{signature}"),
        format!("{header}.{payload}=.{signature}"),
        format!("{header}.{payload}"),
        token[..token.len() - 1].to_owned(),
        format!("{token}A"),
        token.replace('.', ".."),
        "..".to_owned(),
        ".".to_owned(),
        "x".to_owned(),
        format!("{header}.{payload}.{}", "A".repeat(43)),
        token.to_uppercase(),
    ];
    for bad in wrong {
        tokens.refuses(&bad, &bad).await;
    }
    tokens.refuses("another last bit", &other_tail(token)).await;
}

async fn a_tampered_token_is_refused(backend: Backend) {
    let tokens = Tokens::start(backend).await;
    let other = Person::register(&tokens.service.api()).await;
    let signature = tokens.person.token.rsplit('.').next().unwrap_or_default();
    let header = tokens.person.token.split('.').next().unwrap_or_default();
    for (name, value) in [("sub", json!(other.id)), ("exp", json!(4_102_444_800_i64)), ("sid", json!(UNKNOWN_ID))] {
        let payload = encode(tokens.claims_with(name, Some(value)).to_string());
        tokens.refuses(name, &format!("{header}.{payload}.{signature}")).await;
    }
    let theirs: Vec<&str> = other.token.split('.').collect();
    tokens.refuses("a swapped signature", &format!("{}.{}.{signature}", theirs[0], theirs[1])).await;
}

async fn another_subject_or_session_is_rejected_s68(backend: Backend) {
    let tokens = Tokens::start(backend).await;
    let other = Person::register(&tokens.service.api()).await;
    let wrong = [
        json!(other.id),
        json!(UNKNOWN_ID),
        json!("00000000-0000-0000-0000-000000000000"),
        json!(""),
        json!(tokens.person.email),
    ];
    for sub in wrong {
        tokens.refuses("sub", &tokens.token_of(&tokens.claims_with("sub", Some(sub)))).await;
    }
    let (_, theirs) = open(&other.token);
    tokens
        .refuses("another's session", &tokens.token_of(&tokens.claims_with("sid", Some(theirs["sid"].clone()))))
        .await;
    tokens.refuses("no session", &tokens.token_of(&tokens.claims_with("sid", Some(json!(UNKNOWN_ID))))).await;
}

async fn a_token_of_an_ended_session_is_rejected_s69(backend: Backend) {
    let tokens = Tokens::start(backend).await;
    tokens.person.post("/auth/logout", &json!({})).await.is(204);
    tokens.refuses("the token of an ended session", &tokens.person.token).await;
    let fresh = tokens.claims_with("jti", Some(json!(UNKNOWN_ID)));
    tokens.refuses("another token of the same session", &tokens.token_of(&fresh)).await;
}

/// The token with another last character that decodes to the same bytes, because only the unused bits differ.
fn other_tail(token: &str) -> String {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let (body, last) = token.split_at(token.len() - 1);
    let place = ALPHABET.find(last).unwrap_or_else(|| panic!("no base64url: {last}"));
    format!("{body}{}", &ALPHABET[place + 1..place + 2])
}
