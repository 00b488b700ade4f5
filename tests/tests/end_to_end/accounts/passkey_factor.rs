//! Passkeys as second factors over HTTP.

use serde_json::{Value, json};
use tessera_tests::{
    api::{Answer, Api},
    authenticator::{Authenticator, flip},
    database::Backend,
    on_both,
    process::Installation,
    test_org::{Person, TestOrg},
    totp_app::mfa_token,
};

use super::factors::{WAYS, check, enter_by, linked_wallet};

on_both! {
    every_way_in_is_completed_with_a_passkey
}

async fn complete(api: &Api, interrupted: &Answer, credential: &Value) -> Answer {
    let body = json!({"mfa_token": mfa_token(interrupted), "credential": credential});
    api.post("/auth/mfa/verify", &body).await
}

async fn every_way_in_is_completed_with_a_passkey(backend: Backend) {
    // Wrong passkeys count in the limit of the account.
    let installation = Installation::new(backend).await.set("TESSERA_LIMIT_FACTOR", "100/900");
    let acme = TestOrg::open_on(installation).await;
    let (api, person) = (acme.api(), Person::register(&acme.api()).await);
    let wallet = linked_wallet(&person).await;
    let (mut key, mut foreign) = (Authenticator::of(&person).await, Authenticator::of(&acme.owner).await);
    let sessions = async || person.get("/users/me/sessions").await.expecting(200).as_array().map_or(0, Vec::len);
    for way in WAYS {
        let before = sessions().await;
        for wrong in ["flipped", "foreign"] {
            let interrupted = enter_by(way, &acme, &person, &wallet).await;
            let options = interrupted.problem(403, "mfa_required")["passkey_options"].clone();
            let correct = key.get(&options);
            let mut credential = if wrong == "foreign" { foreign.get(&options) } else { correct.clone() };
            if wrong == "flipped" {
                flip(&mut credential["response"]["signature"], 20);
            }
            complete(&api, &interrupted, &credential).await.problem(401, "invalid_factor");
            // The options are for one attempt.
            complete(&api, &interrupted, &correct).await.problem(401, "invalid_factor");
        }
        assert_eq!(sessions().await, before, "{way}");
        let interrupted = enter_by(way, &acme, &person, &wallet).await;
        let problem = interrupted.problem(403, "mfa_required");
        assert_eq!(problem["methods"], json!(["passkey", "recovery_code"]), "{way}");
        let credential = key.get(&problem["passkey_options"]);
        // The credential of one operation does not complete another one.
        let other = enter_by(way, &acme, &person, &wallet).await;
        complete(&api, &other, &credential).await.problem(401, "invalid_factor");
        let completed = complete(&api, &interrupted, &credential).await;
        check(way, &api, &completed).await;
        assert_eq!(sessions().await, before + usize::from(matches!(way, "login" | "wallet")), "{way}");
        complete(&api, &interrupted, &credential).await.problem(401, "invalid_mfa_token");
    }
    assert!(person.get("/users/me/passkeys").await.expecting(200)[0]["last_used_at"].is_string());
}
