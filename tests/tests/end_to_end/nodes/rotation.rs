//! Rotation of the secrets of user tokens and refresh tokens, while nodes serve.

use std::time::Duration;

use serde_json::{Value, json};
use tessera_adapters::{MasterKey, SealedColumn, SqlStore};
use tessera_identity::{model::RefreshToken, ports::IdentityStore as _};
use tessera_kernel::SecretDigest as _;
use tessera_system::Sha256Digest;
use tessera_tests::{
    api::{Api, text_of},
    database::Backend,
    eventually, on_both,
    process::{Installation, MASTER_KEY, Node},
    read_workspace_file,
    test_org::{PASSWORD, Person, Service, sign_in},
};

use crate::{
    accounts::forge::{Forge, encode, open},
    audit::trail,
    storage,
};

/// How long a new secret may take until all nodes use it: 5 s, and a slow machine.
const IN_USE: Duration = Duration::from_secs(30);

on_both! {
    user_tokens_from_before_and_after_a_rotation_work_on_all_nodes_s226
    refresh_tokens_from_before_and_after_a_rotation_work_on_all_nodes_s226
}

/// Runs `tessera keys rotate` with an option, and returns its output.
fn rotate(installation: &Installation, option: &str) -> Result<String, String> {
    let output = installation.run(&["keys", "rotate", option]);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}

/// Signs in until the token has the key id.
async fn token_with_kid(api: &Api, email: &str, kid: &str) -> String {
    eventually("a token of the new secret", IN_USE, || async {
        let token = sign_in(api, email).await;
        (open(&token).0["kid"] == kid).then_some(token)
    })
    .await
}

async fn accepted(nodes: &[Node], token: &str) {
    for node in nodes {
        node.api().bearer(token).get("/users/me").await.is(200);
    }
}

/// The opened secret with this name.
async fn secret(installation: &Installation, name: &str) -> Vec<u8> {
    let store = storage::open(installation).await;
    let sealed = store.find_secret(name).await.unwrap_or_else(|error| panic!("no secret: {error}"));
    let key: MasterKey = MASTER_KEY.parse().unwrap_or_else(|error| panic!("no master key: {error}"));
    key.open(name, &sealed.unwrap_or_default()).unwrap_or_else(|error| panic!("{name}: {error}"))
}

async fn user_tokens_from_before_and_after_a_rotation_work_on_all_nodes_s226(backend: Backend) {
    let installation = Installation::new(backend).await;
    let nodes = [installation.start(), installation.start_another(), installation.start_another()];
    let person = Person::register(&nodes[0].api()).await;
    assert_eq!(open(&person.token).0.get("kid"), None);

    let said = rotate(&installation, "--user-tokens").unwrap_or_else(|error| panic!("{error}"));
    assert!(said.starts_with("secret 2 signs user tokens from ") && said.contains("are valid until "), "{said}");
    // At every moment, every node accepts what any node issues.
    for node in nodes.iter().cycle().take(6) {
        accepted(&nodes, &sign_in(&node.api(), &person.email).await).await;
    }
    let mut tokens = vec![person.token.clone()];
    for node in &nodes {
        tokens.push(token_with_kid(&node.api(), &person.email, "2").await);
    }
    for token in &tokens {
        accepted(&nodes, token).await;
    }
    let late = installation.start_another();
    late.api().bearer(&tokens[0]).get("/users/me").await.is(200);
    late.api().bearer(&tokens[1]).get("/users/me").await.is(200);
    let again = rotate(&installation, "--user-tokens").err().unwrap_or_default();
    assert!(again.contains("a rotation is under way until "), "{again}");
    assert_eq!(again.trim().lines().count(), 1, "{again}");

    forged_headers_are_rejected(&installation, &nodes, &tokens[1]).await;
    let added = trail(&installation, None).await.into_iter().filter(|event| event.name == "user_token_secret.added");
    assert_eq!(added.count(), 1);
}

async fn forged_headers_are_rejected(installation: &Installation, nodes: &[Node], token: &str) {
    let (header, claims) = open(token);
    let first = Forge::with(&secret(installation, "user-token-hs256").await);
    let second = Forge::with(&secret(installation, "user-token-hs256-2").await);
    // The forge writes the exact headers.
    let exact = r#"{"typ":"at+jwt","alg":"HS256","kid":"2"}"#;
    let payload = encode(claims.to_string());
    accepted(nodes, &second.sign_parts(&encode(exact), &payload)).await;
    assert_eq!(header, serde_json::from_str::<Value>(exact).unwrap_or_default());
    let plain = r#"{"typ":"at+jwt","alg":"HS256"}"#;
    let headers = [
        exact.replace("\"2\"", "\"1\""),
        exact.replace("\"2\"", "\"3\""),
        exact.replace("\"2\"", "\"02\""),
        exact.replace("\"2\"", "2"),
        exact.replace("\"2\"", "\"\""),
        exact.replace("\"2\"", "\"../../dev/null\""),
        exact.replace("at+jwt", "JWT"),
        exact.replace("HS256", "none"),
        r#"{"alg":"HS256","typ":"at+jwt","kid":"2"}"#.to_owned(),
        format!("{exact} "),
    ];
    let mut forged: Vec<String> = headers
        .iter()
        .flat_map(|header| [&first, &second].map(|forge| forge.sign_parts(&encode(header), &payload)))
        .collect();
    // The header of one secret, signed with the other one.
    forged.push(first.sign_parts(&encode(exact), &payload));
    forged.push(second.sign_parts(&encode(plain), &payload));
    forged.push(Forge::foreign().sign_parts(&encode(exact), &payload));
    for token in &forged {
        for node in nodes {
            node.api().bearer(token).get("/users/me").await.problem(401, "invalid_token");
        }
    }
}

async fn refresh_tokens_from_before_and_after_a_rotation_work_on_all_nodes_s226(backend: Backend) {
    let installation = Installation::new(backend).await;
    let nodes = [installation.start(), installation.start_another(), installation.start_another()];
    let person = Person::register(&nodes[0].api()).await;
    let login = async |node: &Node| {
        let body = json!({"email": person.email, "password": PASSWORD, "refresh": true});
        text_of(&node.api().post("/auth/login", &body).await.expecting(200), "refresh_token")
    };
    let mut tokens = vec![login(&nodes[0]).await];
    let said = rotate(&installation, "--refresh-tokens").unwrap_or_else(|error| panic!("{error}"));
    assert!(said.starts_with("new sessions use secret 2 of refresh tokens from "), "{said}");
    let again = rotate(&installation, "--refresh-tokens").err().unwrap_or_default();
    assert!(again.contains("a rotation is under way until "), "{again}");
    let store = storage::open(&installation).await;
    for node in &nodes {
        let newest = eventually("a session with the new secret", IN_USE, || async {
            let token = login(node).await;
            (secret_of(&store, &token).await == 2).then_some(token)
        });
        tokens.push(newest.await);
    }
    assert_eq!(secret_of(&store, &tokens[0]).await, 1);
    let late = installation.start_another();
    let all = [&nodes[0], &nodes[1], &nodes[2], &late];
    for token in &mut tokens {
        for node in all {
            let refreshed = node.api().post("/auth/refresh", &json!({"refresh_token": token})).await.expecting(200);
            node.api().bearer(&text_of(&refreshed, "token")).get("/users/me").await.is(200);
            *token = text_of(&refreshed, "refresh_token");
        }
    }
}

/// The number of the secret of a refresh token.
async fn secret_of(store: &SqlStore, token: &str) -> u16 {
    let token: RefreshToken = token.parse().unwrap_or_else(|error| panic!("{token}: {error}"));
    let hash = Sha256Digest.digest(token.family.hashed_text().expose());
    let known = store.find_refreshed(hash).await.unwrap_or_else(|error| panic!("no session: {error}"));
    known.and_then(|known| known.session.refresh).map_or(0, |chain| chain.secret.0)
}

/// Columns of bytes that the master key does not seal.
const NOT_SEALED: [&str; 25] = [
    "api_keys.key_hash",
    "device_tokens.token_hash",
    "email_proofs.code_hash",
    "email_proofs.token_hash",
    "idempotency_keys.fingerprint",
    "idempotency_keys.key_hash",
    // Sealed with a key that also depends on the key of the client.
    "idempotency_keys.response",
    "interrupted_operations.token_hash",
    "invitations.token_hash",
    "known_clients.client",
    "known_networks.network",
    "passkeys.credential_id",
    "password_resets.token_hash",
    "pending_registrations.code_hash",
    "pending_registrations.secret_hash",
    "pending_registrations.token_hash",
    "previous_key_secrets.key_hash",
    "rate_limits.subject_hash",
    "recovery_codes.code_hash",
    "sessions.refresh_family",
    "sessions.refresh_uses",
    "sso_codes.code_challenge",
    "sso_codes.code_hash",
    "sso_sessions.browser_hash",
    "sso_sessions.code_challenge",
];

/// A new column of bytes must be in one of the two lists. A sealed one is then sealed again with a new master key.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_column_of_bytes_is_sealed_again_or_not_sealed() {
    let installation = Installation::new(Backend::Postgres).await;
    let query = "SELECT table_name || '.' || column_name FROM information_schema.columns
        WHERE table_schema = 'public' AND data_type = 'bytea'";
    let mut columns = installation.database().texts(query).await;
    columns.sort();
    let sealed = SealedColumn::ALL.map(SealedColumn::place).map(|(table, column)| format!("{table}.{column}"));
    let mut known: Vec<String> = NOT_SEALED.map(str::to_owned).into_iter().chain(sealed).collect();
    known.sort();
    assert_eq!(columns, known);
}

/// A new sealed secret must have a row in the documentation, which says how it is rotated.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_sealed_secret_has_a_documented_rotation() {
    let service = Service::start(Backend::Sqlite).await;
    let store = storage::open(&service.installation).await;
    let secrets = store.list_sealed(SealedColumn::Secrets, None).await.unwrap_or_else(|error| panic!("{error}"));
    let names: Vec<String> = secrets.iter().map(tessera_adapters::SealedValue::name).collect();
    assert_eq!(names, ["keyed-hash-root", "refresh-token-hmac-1", "user-token-hs256"]);
    let page = read_workspace_file("docs/operations.md");
    for name in ["keyed-hash-root", "refresh-token-hmac-", "user-token-hs256"] {
        assert!(page.contains(&format!("| `{name}")), "{name} has no row in docs/operations.md");
    }
    for (table, column) in SealedColumn::ALL.map(SealedColumn::place) {
        assert!(page.contains(&format!("`{table}.{column}`")), "{table}.{column} is not in docs/operations.md");
    }
}
