//! The secrets of all flows of an account: no log, audit entry, error or foreign mail has one.

use reqwest::Method;
use serde_json::{Value, json};
use tessera_tests::{
    api::{Answer, Api, send, text_of},
    authenticator::{Authenticator, flip},
    database::Backend,
    mail::{ReceivedMail, all_in_directory, last_that},
    on_both,
    process::Installation,
    sso::{BrowserSession, redeem},
    test_org::{PASSWORD, Person, Service, TestOrg},
    totp_app::{TotpApp, codes_of, complete, mfa_token},
    wallet::EvmWallet,
};

use super::{
    email_changes::requested,
    email_verification::{STATUS, verify, wrong_code},
    limits::WRONG,
    password_resets::{NEW, forgot, login, reset},
    registration_modes::{register, registered_mail},
};
use crate::audit::trail;

on_both! {
    no_secret_of_an_account_is_found_elsewhere_s196
}

const EMAIL: &str = "ada@example.com";
const NEW_EMAIL: &str = "ada@new.example.com";
const KEY: &str = "idempotency-key-of-ada-4711";

/// The length of the codes of mails. Numbers of a log, such as times, can be equal by chance.
const CODE: usize = 6;

struct Secret {
    what: &'static str,
    text: String,
    /// The mail that has it.
    mail: Option<String>,
}

/// What was secret so far, and the errors of requests that had secrets.
#[derive(Default)]
struct Secrets {
    all: Vec<Secret>,
    errors: Vec<String>,
}

impl Secrets {
    fn add(&mut self, what: &'static str, text: &str) -> String {
        assert!(text.len() > CODE, "{what}: {text}");
        self.all.push(Secret { what, text: text.to_owned(), mail: None });
        text.to_owned()
    }

    fn add_member(&mut self, of: &Value, member: &'static str) -> String {
        self.add(member, &text_of(of, member))
    }

    /// The token and the code of a mail.
    fn add_mail(&mut self, what: &'static str, mail: &ReceivedMail) {
        let code = mail.text.lines().any(|line| line.trim().len() == CODE && line.trim().parse::<u32>().is_ok());
        for text in [Some(mail.token()), code.then(|| mail.code())].into_iter().flatten() {
            self.all.push(Secret { what, text, mail: Some(mail.id.clone()) });
        }
    }

    fn add_login(&mut self, login: &Value) {
        for member in ["token", "refresh_token", "device_token"] {
            if let Some(text) = login[member].as_str() {
                // The signature of an access token.
                self.add(member, text.rsplit('.').next().unwrap_or_default());
            }
        }
    }

    fn add_credential(&mut self, proof: &Value) {
        self.add_member(proof, "ceremony_id");
        for member in ["clientDataJSON", "attestationObject", "signature"] {
            if let Some(text) = proof["credential"]["response"][member].as_str() {
                self.add(member, text);
            }
        }
    }

    fn rejected(&mut self, status: u16, answer: &Answer) {
        answer.is(status);
        self.errors.push(format!("{:?} {}", answer.headers, answer.text()));
    }

    /// Completes an operation with a recovery code, after a wrong one.
    async fn completed(&mut self, api: &Api, interrupted: &Answer, code: &str) -> Answer {
        let token = self.add("mfa_token", &mfa_token(interrupted));
        self.rejected(401, &complete(api, &token, ("recovery_code", "7KQ2-M4XD-9H0R-TB5W")).await);
        complete(api, &token, ("recovery_code", code)).await
    }

    /// Searches the log and the audit entries.
    fn are_not_in(&self, place: &str, text: &str) {
        for Secret { what, text: secret, .. } in self.all.iter().filter(|secret| secret.text.len() > CODE) {
            assert!(!text.contains(secret.as_str()), "{what} is in {place}: {secret}");
        }
    }

    fn are_not_in_errors(&self) {
        for Secret { what, text, .. } in &self.all {
            let found = self.errors.iter().find(|error| error.contains(text.as_str()));
            assert_eq!(found, None, "{what}: {text}");
        }
    }

    fn are_not_in_other_mails(&self, mails: &[ReceivedMail]) {
        for Secret { what, text, mail } in &self.all {
            let has = |other: &&ReceivedMail| {
                [&other.subject, &other.text, &other.html].iter().any(|part| part.contains(text))
            };
            let found: Vec<&str> = mails.iter().filter(has).map(|other| other.id.as_str()).collect();
            assert_eq!(found, mail.as_deref().into_iter().collect::<Vec<_>>(), "{what}: {text}");
        }
    }
}

async fn no_secret_of_an_account_is_found_elsewhere_s196(backend: Backend) {
    let installation = Installation::new(backend).await.set("TESSERA_LOG", "debug");
    let service = Service::on(installation.set("TESSERA_REGISTRATION", "verified"));
    let mut secrets = Secrets::default();
    let owner = registration(&service, &mut secrets).await;
    sessions(&service.api(), &mut secrets).await;
    let org = owner.create_org().await;
    let app = owner.make_app(&org).await;
    let acme = TestOrg { service, owner, org, app };
    organization(&acme, &mut secrets).await;
    let (wallet, codes) = factors(&acme.owner, &mut secrets).await;
    sign_ins(&acme, &mut secrets, &wallet, &codes).await;
    addresses(&acme.service, &acme.owner, &mut secrets, &codes[4]).await;
    let TestOrg { service, org, .. } = acme;
    let log = service.node.log();
    assert!(log.contains("/api/v1/auth/mfa/verify"), "{log}");
    secrets.are_not_in("the log", &log);
    let entries = [trail(&service.installation, None).await, trail(&service.installation, Some(&org)).await];
    let entries = format!("{entries:?}");
    assert!(entries.contains("factor.code_used"), "{entries}");
    secrets.are_not_in("an audit entry", &entries);
    // The entry of an invitation has the invited address, for the owners of the organization.
    for address in [EMAIL, NEW_EMAIL] {
        assert!(!entries.contains(address), "{address}: {entries}");
    }
    secrets.are_not_in_errors();
    secrets.are_not_in_other_mails(&all_in_directory(&service.installation.mail_directory()));
}

/// A registration whose address must be verified.
async fn registration(service: &Service, secrets: &mut Secrets) -> Person {
    let api = service.api();
    let requested = register(&api, EMAIL).await.expecting(202);
    let (registration, mail) =
        (secrets.add_member(&requested, "registration"), registered_mail(service, EMAIL, 1).await);
    secrets.add("password", PASSWORD);
    secrets.add("wrong password", WRONG);
    secrets.add_mail("registration mail", &mail);
    secrets.rejected(409, &verify(&api, json!({"token": mail.token(), "password": WRONG})).await);
    let body = |code: &str| json!({"registration": registration, "code": code, "refresh": true});
    secrets.rejected(400, &verify(&api, body(&wrong_code(&mail))).await);
    let login = verify(&api, body(&mail.code())).await.expecting(201);
    secrets.add_login(&login);
    secrets.rejected(400, &verify(&api, body(&mail.code())).await);
    Person::of_login(&api, &login)
}

/// Sign-ins, refreshes and a reauthentication.
async fn sessions(api: &Api, secrets: &mut Secrets) {
    let body = |password: &str, device: &Value| json!({"email": EMAIL, "password": password, "refresh": true, "device_token": device});
    let first = api.post("/auth/login", &body(PASSWORD, &Value::Null)).await.expecting(200);
    secrets.add_login(&first);
    secrets.rejected(401, &api.post("/auth/login", &body(WRONG, &first["device_token"])).await);
    let refresh_token = text_of(&first, "refresh_token");
    let query = format!("/auth/refresh?refresh_token={refresh_token}");
    secrets.rejected(400, &api.post(&query, &json!({})).await);
    secrets.rejected(401, &api.bearer(&refresh_token).get("/users/me").await);
    let refreshed = api.post("/auth/refresh", &json!({"refresh_token": refresh_token})).await.expecting(200);
    secrets.add_login(&refreshed);
    let user = api.bearer(&text_of(&refreshed, "token"));
    secrets.rejected(401, &user.post("/auth/reauthenticate", &json!({"password": WRONG})).await);
    user.post("/auth/reauthenticate", &json!({"password": PASSWORD})).await.is(200);
    user.post("/auth/logout", &json!({})).await.is(204);
    secrets.rejected(401, &user.get("/users/me").await);
    secrets.rejected(401, &api.post("/auth/refresh", &json!({"refresh_token": refreshed["refresh_token"]})).await);
}

/// An invitation, and an API key that is made with an idempotency key.
async fn organization(acme: &TestOrg, secrets: &mut Secrets) {
    let guest = "guest@example.com";
    let body = json!({"email": guest, "role": "member"});
    acme.owner.post(&format!("/orgs/{}/invitations", acme.org), &body).await.is(201);
    let mail = last_that(&acme.service.installation, guest, 1, |_| true).await;
    secrets.add_mail("invitation", &mail);
    let accept = async |password: &str| {
        acme.api().post("/invitations/accept", &json!({"token": mail.token(), "password": password})).await
    };
    secrets.rejected(400, &accept("short").await);
    secrets.add_login(&accept(PASSWORD).await.expecting(200));
    let path = format!("/api/v1/apps/{}/apikeys", acme.app);
    let make = async |description: &str| {
        let request = acme.owner.request(Method::POST, &path).header("Idempotency-Key", KEY);
        send(request.json(&json!({"description": description, "permissions": []}))).await
    };
    secrets.add("Idempotency-Key", KEY);
    secrets.add_member(&make("first").await.expecting(201), "raw_key");
    make("first").await.is(201);
    secrets.rejected(422, &make("second").await);
}

/// Adds an app, a passkey and a wallet. Returns the wallet and the recovery codes.
async fn factors(person: &Person, secrets: &mut Secrets) -> (EvmWallet, Vec<String>) {
    let started = person.post("/users/me/mfa/totp", &json!({})).await.expecting(201);
    let app = TotpApp::with_secret(&secrets.add_member(&started, "secret"));
    secrets.rejected(400, &person.post("/users/me/mfa/totp/confirm", &json!({"totp": "000000"})).await);
    let confirmed = person.post("/users/me/mfa/totp/confirm", &json!({"totp": app.code()})).await.expecting(200);
    let codes = codes_of(&confirmed);
    for code in &codes {
        secrets.add("recovery code", code);
        secrets.add("recovery code", &code.replace('-', ""));
    }
    let started = person.post("/users/me/passkeys/options", &json!({})).await.expecting(200);
    let mut key = Authenticator::new();
    let mut proof = json!({"ceremony_id": started["ceremony_id"], "credential": key.create(&started["options"])});
    secrets.add_credential(&proof);
    person.post("/users/me/passkeys", &proof).await.is(201);
    secrets.rejected(400, &person.post("/users/me/passkeys", &proof).await);
    let api = person.anonymous();
    proof = key.proof(&api).await;
    flip(&mut proof["credential"]["response"]["signature"], 20);
    secrets.add_credential(&proof);
    secrets.rejected(401, &api.post("/auth/passkey/verify", &proof).await);
    proof = key.proof(&api).await;
    secrets.add_credential(&proof);
    secrets.add_login(&api.post("/auth/passkey/verify", &proof).await.expecting(200));
    let wallet = EvmWallet::new();
    let challenge = person.post("/users/me/wallets/challenge", &wallet.named("ethereum")).await.expecting(200);
    let proof = wallet.proof("ethereum", &challenge);
    secrets.add_member(&proof, "signature");
    person.post("/users/me/wallets", &proof).await.is(201);
    secrets.rejected(401, &person.post("/users/me/wallets", &proof).await);
    (wallet, codes)
}

/// Signs in with each first factor and a recovery code.
async fn sign_ins(acme: &TestOrg, secrets: &mut Secrets, wallet: &EvmWallet, codes: &[String]) {
    let api = acme.api();
    let interrupted = login(&api, EMAIL, PASSWORD).await;
    let completed = secrets.completed(&api, &interrupted, &codes[0]).await.expecting(200);
    secrets.add_login(&completed);
    let challenge = api.post("/auth/web3/challenge", &wallet.named("ethereum")).await.expecting(200);
    let proof = wallet.proof("ethereum", &challenge);
    secrets.add_member(&proof, "signature");
    let interrupted = api.post("/auth/web3/verify", &proof).await;
    let completed = secrets.completed(&api, &interrupted, &codes[1]).await.expecting(200);
    secrets.add_login(&completed);
    secrets.rejected(401, &api.post("/auth/web3/verify", &proof).await);
    let browser = BrowserSession::begin(acme).await;
    secrets.add("cookie", browser.cookie.split_once('=').map_or("", |(_, value)| value));
    let proof = browser.proof(&api, wallet).await;
    secrets.add_member(&proof, "signature");
    let interrupted = browser.verify(&api, &proof).await;
    let completed = secrets.completed(&api, &interrupted, &codes[2]).await.expecting(200);
    let code = secrets.add_member(&completed, "code");
    secrets.add_login(&redeem(&api, &code).await.expecting(200));
    secrets.rejected(400, &redeem(&api, &code).await);
}

/// Changes the address, and resets the password with a mail to the new one.
async fn addresses(service: &Service, person: &Person, secrets: &mut Secrets, code: &str) {
    let api = service.api();
    let (new, old) = requested(service, person, NEW_EMAIL).await;
    secrets.add_mail("mail to the new address", &new);
    secrets.add_mail("mail to the old address", &old);
    secrets.rejected(409, &verify(&api, json!({"token": new.token(), "password": WRONG})).await);
    verify(&api, json!({"token": old.token()})).await.is(204);
    verify(person, json!({"code": new.code()})).await.is(200);
    assert_eq!(person.get(STATUS).await.expecting(200)["email"], NEW_EMAIL);
    forgot(&api, NEW_EMAIL).await.is(202);
    let resets = |mail: &ReceivedMail| mail.subject.starts_with("Set a new password");
    let mail = last_that(&service.installation, NEW_EMAIL, 1, resets).await;
    secrets.add_mail("reset link", &mail);
    secrets.add("new password", NEW);
    api.get_root(&format!("/password/reset?token={}", mail.token())).await.is(200);
    secrets.rejected(400, &reset(&api, &mail.token(), "password").await);
    reset(&api, &mail.token(), NEW).await.is(204);
    secrets.rejected(400, &reset(&api, &mail.token(), NEW).await);
    let interrupted = login(&api, NEW_EMAIL, NEW).await;
    let completed = secrets.completed(&api, &interrupted, code).await.expecting(200);
    secrets.add_login(&completed);
    let changed = |mail: &ReceivedMail| mail.subject == "Your password was changed";
    last_that(&service.installation, NEW_EMAIL, 1, changed).await;
}
