//! Passwords: accepted texts, and no truncation, change or disclosure of a password.

use serde_json::json;
use tessera_tests::{
    api::{Answer, Api},
    database::Backend,
    on_sqlite,
    process::Installation,
    test_org::{PASSWORD, Service, unique},
};

async fn register(api: &Api, password: &str) -> (String, Answer) {
    let email = format!("{}@example.com", unique("zq"));
    let answer = api.post("/auth/register", &json!({"email": email, "password": password})).await;
    (email, answer)
}

async fn login(api: &Api, email: &str, password: &str) -> Answer {
    api.post("/auth/login", &json!({"email": email, "password": password})).await
}

/// A text with the given number of code points that passes the strength check.
fn random_looking(length: usize) -> String {
    "k7#Qz!m2Vw_9rT(x4Lp)8Nd^Yb3"
        .chars()
        .cycle()
        .enumerate()
        .map(|(at, c)| if at % 5 == 4 { 'é' } else { c })
        .take(length)
        .collect()
}

on_sqlite! {
    a_password_with_too_few_characters_is_rejected_s1
    a_password_below_the_configured_minimum_is_rejected_s1
    passwords_of_64_to_128_characters_are_accepted_whole_s2
    a_password_is_not_truncated_at_72_bytes_s3
    passwords_require_no_character_classes_s4
    case_and_spaces_of_a_password_count_s5
    passwords_are_normalized_to_nfc_s6
    common_and_personal_passwords_are_rejected_s7
    passwords_known_from_a_data_breach_are_rejected
    a_very_long_password_is_rejected_s12
    responses_and_logs_contain_no_password_or_hash_s13
}

async fn a_password_with_too_few_characters_is_rejected_s1(backend: Backend) {
    let service = Service::start(backend).await;
    // Seven characters in fourteen bytes: the length counts characters.
    for short in ["", "x7#Qz!m", "éüßøåæñ"] {
        let answer = register(&service.api(), short).await.1;
        assert_eq!(answer.faults(), ["/password"], "{short}");
        assert_eq!(answer.json()["errors"][0]["code"], "too_short", "{short}");
    }
    // Eight characters are long enough, but every password of eight characters fails the strength check.
    let eight = register(&service.api(), "x7#Qz!m2").await.1;
    assert_eq!(eight.json()["errors"][0]["code"], "weak_password");
    register(&service.api(), "x7#Qz!m2V").await.1.is(201);
}

async fn a_password_below_the_configured_minimum_is_rejected_s1(backend: Backend) {
    let service = Service::on(Installation::new(backend).await.set("TESSERA_PASSWORD_MIN_LENGTH", "15"));
    let answer = register(&service.api(), "x7#Qz!m2Vw_9rT").await.1;
    assert_eq!(answer.faults(), ["/password"]);
    assert_eq!(answer.json()["errors"][0]["code"], "too_short");
    register(&service.api(), "x7#Qz!m2Vw_9rTk").await.1.is(201);
}

async fn passwords_of_64_to_128_characters_are_accepted_whole_s2(backend: Backend) {
    let service = Service::start(backend).await;
    for length in [64, 127, 128] {
        let password = random_looking(length);
        let (email, answer) = register(&service.api(), &password).await;
        answer.is(201);
        login(&service.api(), &email, &password).await.is(200);
        let shorter: String = password.chars().take(length - 1).collect();
        login(&service.api(), &email, &shorter).await.problem(401, "invalid_credentials");
    }
    let (_, answer) = register(&service.api(), &random_looking(129)).await;
    assert_eq!(answer.faults(), ["/password"]);
    assert_eq!(answer.json()["errors"][0]["code"], "too_long");
}

async fn a_password_is_not_truncated_at_72_bytes_s3(backend: Backend) {
    let service = Service::start(backend).await;
    let (first, second) = (format!("{}a", random_looking(75)), format!("{}b", random_looking(75)));
    let (email, answer) = register(&service.api(), &first).await;
    answer.is(201);
    login(&service.api(), &email, &second).await.problem(401, "invalid_credentials");
    let (_, nul) = register(&service.api(), "x7#Qz!m2\u{0}Vw_9rT").await;
    assert_eq!(nul.faults(), ["/password"]);
}

async fn passwords_require_no_character_classes_s4(backend: Backend) {
    let service = Service::start(backend).await;
    for password in ["wqkzvhplxmbrtsd", "blue tin  whale sings", "🦀🪐🎻🧲🪤🧊🪁🦔🥨🛶", "Жёлтый-подъезд-шуршит"]
    {
        let (email, answer) = register(&service.api(), password).await;
        answer.is(201);
        login(&service.api(), &email, password).await.is(200);
    }
}

async fn case_and_spaces_of_a_password_count_s5(backend: Backend) {
    let service = Service::start(backend).await;
    let (email, answer) = register(&service.api(), " Blue tin whale sings ").await;
    answer.is(201);
    for other in ["Blue tin whale sings", " Blue tin whale sings", "Blue tin whale sings ", " blue tin whale sings "] {
        login(&service.api(), &email, other).await.problem(401, "invalid_credentials");
    }
    login(&service.api(), &email, " Blue tin whale sings ").await.is(200);
}

async fn passwords_are_normalized_to_nfc_s6(backend: Backend) {
    let service = Service::start(backend).await;
    let (email, answer) = register(&service.api(), "caf\u{e9}-lantern-93-quay").await;
    answer.is(201);
    login(&service.api(), &email, "cafe\u{301}-lantern-93-quay").await.is(200);
    // No compatibility folding: a full-width digit is another character.
    login(&service.api(), &email, "caf\u{e9}-lantern-\u{ff19}3-quay").await.problem(401, "invalid_credentials");
}

async fn common_and_personal_passwords_are_rejected_s7(backend: Backend) {
    let service = Service::start(backend).await;
    let common = [
        "password",
        "12345678",
        "iloveyou",
        "qwertyuiop",
        "Password1",
        "P@ssw0rd",
        "aaaaaaaaaa",
        "abcdefgh",
        "tessera1",
    ];
    for password in common {
        let (_, answer) = register(&service.api(), password).await;
        assert_eq!(answer.faults(), ["/password"], "{password}");
        let fault = &answer.json()["errors"][0];
        assert_eq!(fault["code"], "weak_password", "{password}");
    }
    let body = json!({"email": "wilhelmina.quist@example.com", "password": "wilhelmina.quist"});
    assert_eq!(service.api().post("/auth/register", &body).await.faults(), ["/password"]);
    let body = json!({"email": "zq9@example.com", "password": "wolfeschlegelstein", "last_name": "Wolfeschlegelstein"});
    assert_eq!(service.api().post("/auth/register", &body).await.faults(), ["/password"]);
}

async fn a_very_long_password_is_rejected_s12(backend: Backend) {
    let service = Service::start(backend).await;
    let huge = "x7#Qz!m2".repeat(8_000);
    let (email, answer) = register(&service.api(), &huge).await;
    assert_eq!(answer.faults(), ["/password"]);
    login(&service.api(), &email, &huge).await.problem(401, "invalid_credentials");
}

async fn responses_and_logs_contain_no_password_or_hash_s13(backend: Backend) {
    let service = Service::start(backend).await;
    let (email, made) = register(&service.api(), PASSWORD).await;
    let wrong = "another-violet-lantern-17";
    let answers = [
        made,
        login(&service.api(), &email, PASSWORD).await,
        login(&service.api(), &email, wrong).await,
        register(&service.api(), "short7!").await.1,
        service.api().post("/auth/register", &json!({"email": "bad", "password": PASSWORD})).await,
    ];
    for text in answers.iter().map(Answer::text).chain([service.node.log()]) {
        assert!(![PASSWORD, wrong, "short7!", "$argon2"].iter().any(|secret| text.contains(secret)), "{text}");
    }
}

async fn passwords_known_from_a_data_breach_are_rejected(backend: Backend) {
    const BREACHED: &str = "orchid-velvet-77-compass";
    let installation = Installation::new(backend).await;
    let file = installation.mail_directory().with_file_name("breached.txt");
    std::fs::create_dir_all(file.parent().unwrap_or(&file)).unwrap_or_else(|error| panic!("no directory: {error}"));
    // The SHA-1 of BREACHED, with the number of its occurrences.
    let content = "EB8112EA5FED8FDC04C3DA8B6BFDE2278081B7E4:7
";
    std::fs::write(&file, content).unwrap_or_else(|error| panic!("no file: {error}"));
    let service = Service::on(installation.set("TESSERA_BREACHED_PASSWORDS", &file.display().to_string()));
    let (_, refused) = register(&service.api(), BREACHED).await;
    assert_eq!(refused.faults(), ["/password"]);
    assert_eq!(refused.problem(400, "invalid_body")["errors"][0]["code"], "breached_password");
    let (email, registered) = register(&service.api(), "orchid-velvet-78-compass").await;
    registered.is(201);
    let token = login(&service.api(), &email, "orchid-velvet-78-compass").await.expecting(200)["token"].clone();
    let change = json!({"current_password": "orchid-velvet-78-compass", "new_password": BREACHED});
    let refused = service.api().bearer(token.as_str().unwrap_or_default()).put("/users/me/password", &change).await;
    assert_eq!(refused.problem(400, "invalid_body")["errors"][0]["code"], "breached_password");
}
