//! The modes of registration: open, with a verified address, and by invitation only.

use serde_json::json;
use tessera_tests::{
    api::{Answer, Api, text_of},
    database::Backend,
    mail::{ReceivedMail, all_in_directory, last_that},
    on_both,
    process::Installation,
    sso::BrowserSession,
    test_org::{PASSWORD, Service, TestOrg},
    wallet::EvmWallet,
};

use crate::{
    accounts::{
        email_verification::{RESEND, verify, wrong_code},
        enumeration::shape,
        password_resets::login,
        timing::takes_the_same_time,
    },
    wallets::sign_in::{CHALLENGE, VERIFY, enter, one_succeeded, together},
};

pub(crate) async fn register(api: &Api, email: &str) -> Answer {
    api.post("/auth/register", &json!({"email": email, "password": PASSWORD})).await
}

/// The mail number `count` of a registration.
pub(crate) async fn registered_mail(service: &Service, to: &str, count: usize) -> ReceivedMail {
    let is_meant = |mail: &ReceivedMail| mail.subject.starts_with("Finish your registration");
    last_that(&service.installation, to, count, is_meant).await
}

async fn verified(backend: Backend) -> Service {
    Service::on(Installation::new(backend).await.set("TESSERA_REGISTRATION", "verified"))
}

on_both! {
    a_verified_registration_creates_the_account_by_code_or_by_token
    one_of_twenty_concurrent_verifications_creates_the_account_s191
    a_registration_is_answered_the_same_for_free_and_taken_addresses_s18
    a_registration_takes_the_same_time_for_free_and_taken_addresses_s18
    five_wrong_codes_end_a_registration
    no_header_shows_the_mails_to_an_address
    without_an_invitation_no_user_registers
}

async fn a_verified_registration_creates_the_account_by_code_or_by_token(backend: Backend) {
    let service = verified(backend).await;
    let api = service.api();
    for (email, by_code) in [("ada@example.com", true), ("eve@example.com", false)] {
        let requested = register(&api, email).await.expecting(202);
        assert_eq!(requested["expires_in"], 86400);
        let mail = registered_mail(&service, email, 1).await;
        let unknown = login(&api, "nobody@example.com", PASSWORD).await;
        assert_eq!(shape(&login(&api, email, PASSWORD).await), shape(&unknown));
        let secret = text_of(&requested, "registration");
        // Neither the mail nor the client is sufficient alone.
        verify(&api, json!({"token": mail.token()})).await.problem(409, "email_not_verified");
        verify(&api, json!({"token": secret, "password": PASSWORD})).await.problem(400, "invalid_verification_token");
        verify(&api, json!({"code": mail.code()})).await.problem(401, "authentication_required");
        let body = if by_code {
            json!({"registration": secret, "code": mail.code()})
        } else {
            json!({"token": mail.token(), "password": PASSWORD})
        };
        let answer = verify(&api, body.clone()).await;
        let created = answer.expecting(201);
        assert!(answer.header("location").is_some_and(|url| url.ends_with("/api/v1/users/me")));
        assert_eq!((&created["token_type"], &created["user"]["email_verified"]), (&json!("Bearer"), &json!(true)));
        let own = api.bearer(&text_of(&created, "token"));
        assert_eq!(own.get("/users/me").await.expecting(200)["email"], email);
        login(&api, email, PASSWORD).await.is(200);
        verify(&api, body).await.problem(400, "invalid_verification_token");
    }
}

async fn one_of_twenty_concurrent_verifications_creates_the_account_s191(backend: Backend) {
    let service = verified(backend).await;
    let second = service.installation.start_another();
    let api = service.api();
    let mut bodies = Vec::new();
    for number in 1..=2 {
        let requested = register(&api, "ada@example.com").await.expecting(202);
        let mail = registered_mail(&service, "ada@example.com", number).await;
        bodies.push(json!({"registration": requested["registration"], "code": mail.code()}));
    }
    let uses = (0..20).map(|number| {
        let (caller, body) = (if number % 3 == 0 { second.api() } else { service.api() }, bodies[number % 2].clone());
        async move { verify(&caller, body).await }
    });
    one_succeeded(&together(uses).await, 201, (400, "invalid_verification_token"));
    for body in bodies {
        verify(&api, body).await.problem(400, "invalid_verification_token");
    }
}

async fn a_registration_is_answered_the_same_for_free_and_taken_addresses_s18(backend: Backend) {
    let service = verified(backend).await;
    let api = service.api();
    let known = finished(&service, "known@example.com").await;
    let shape = |answer: &Answer| {
        let (status, headers, mut body) = shape(answer);
        let secret = text_of(&body, "registration");
        body["registration"] = json!(secret.len());
        (status, headers, body)
    };
    let free = register(&api, "free@example.com").await;
    let taken = register(&api, &known.to_uppercase()).await;
    assert_eq!(shape(&taken), shape(&free));
    let notice = |mail: &ReceivedMail| mail.subject.starts_with("Your email address was entered");
    let notice = last_that(&service.installation, &known, 1, notice).await;
    assert!(!notice.html.contains("href=") && !notice.text.contains("token="), "{}", notice.text);
    // Another mail does not tell either, and the registration stays invalid.
    let secret = text_of(&taken.expecting(202), "registration");
    api.post(RESEND, &json!({"registration": secret})).await.is(202);
    verify(&api, json!({"registration": secret, "code": "000000"})).await.problem(400, "invalid_verification_token");
    login(&api, &known, PASSWORD).await.is(200);
    for email in ["weak@example.com", &known] {
        let weak = api.post("/auth/register", &json!({"email": email, "password": "password1"})).await;
        assert_eq!(weak.faults(), ["/password"]);
    }
}

/// Registers an address and creates its account.
async fn finished(service: &Service, email: &str) -> String {
    let requested = register(&service.api(), email).await.expecting(202);
    let mail = registered_mail(service, email, 1).await;
    let body = json!({"registration": requested["registration"], "code": mail.code()});
    verify(&service.api(), body).await.is(201);
    email.to_owned()
}

async fn a_registration_takes_the_same_time_for_free_and_taken_addresses_s18(backend: Backend) {
    let service = verified(backend).await;
    let (api, known) = (service.api(), finished(&service, "known@example.com").await);
    takes_the_same_time(async |number, taken| {
        let email = if taken { known.clone() } else { format!("free-{number}@example.com") };
        register(&api, &email).await.is(202);
    })
    .await;
}

async fn five_wrong_codes_end_a_registration(backend: Backend) {
    let service = verified(backend).await;
    let api = service.api();
    let requested = register(&api, "ada@example.com").await.expecting(202);
    let secret = text_of(&requested, "registration");
    let mail = registered_mail(&service, "ada@example.com", 1).await;
    api.post(RESEND, &json!({"registration": secret})).await.is(202);
    let second = registered_mail(&service, "ada@example.com", 2).await;
    verify(&api, json!({"token": mail.token(), "password": PASSWORD})).await.problem(400, "invalid_verification_token");
    for _ in 0..5 {
        let wrong = json!({"registration": secret, "code": wrong_code(&second)});
        verify(&api, wrong).await.problem(400, "invalid_verification_token");
    }
    for body in
        [json!({"registration": secret, "code": second.code()}), json!({"token": second.token(), "password": PASSWORD})]
    {
        verify(&api, body).await.problem(400, "invalid_verification_token");
    }
    api.post(RESEND, &json!({"registration": secret})).await.is(202);
    let mails = all_in_directory(&service.installation.mail_directory());
    assert_eq!(mails.len(), 2);
}

async fn without_an_invitation_no_user_registers(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let known = EvmWallet::new();
    enter(&acme.api(), &known).await;
    let TestOrg { service: Service { node, installation }, owner, org, app } = acme;
    drop(node);
    let service = Service::on(installation.set("TESSERA_REGISTRATION", "invited"));
    let owner = owner.at_node(&service.node);
    let acme = TestOrg { service, owner, org, app };
    let api = acme.api();
    register(&api, "ada@example.com").await.problem(403, "registration_closed");
    // A wallet that has an account signs in, another one gets none.
    enter(&api, &known).await;
    let wallet = EvmWallet::new();
    let challenge = api.post(CHALLENGE, &wallet.named("base")).await.expecting(200);
    api.post(VERIFY, &wallet.proof("base", &challenge)).await.problem(403, "registration_closed");
    let session = BrowserSession::begin(&acme).await;
    let proof = session.proof(&api, &wallet).await;
    session.verify(&api, &proof).await.problem(403, "registration_closed");
    let body = json!({"email": "guest@example.com", "role": "member"});
    acme.owner.post(&format!("/orgs/{}/invitations", acme.org), &body).await.is(201);
    let token = last_that(&acme.service.installation, "guest@example.com", 1, |_| true).await.token();
    api.post("/invitations/accept", &json!({"token": token, "password": PASSWORD})).await.is(200);
    login(&api, "guest@example.com", PASSWORD).await.is(200);
}

/// They would show how often others have requested a mail to the address, and that this request sends none.
async fn no_header_shows_the_mails_to_an_address(backend: Backend) {
    let installation = Installation::new(backend).await.set("TESSERA_REGISTRATION", "verified");
    let service = Service::on(installation.with_default_limits().set("TESSERA_LIMIT_MAIL", "1/900"));
    for (path, limit) in [("/auth/register", "register"), ("/auth/password/forgot", "mail-network")] {
        // The second request is over the limit of the address.
        for request in 1..=2 {
            let body = json!({"email": "ada@example.com", "password": PASSWORD});
            let body = if limit == "register" { body } else { json!({"email": "ada@example.com"}) };
            let answer = service.api().post(path, &body).await;
            answer.is(202);
            for name in ["ratelimit", "ratelimit-policy"] {
                let shown = answer.header(name).unwrap_or_default();
                assert!(shown.starts_with(&format!("\"{limit}\";")), "{path}, request {request}: {shown}");
            }
        }
    }
}
