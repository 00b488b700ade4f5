//! Every rate limit, reached over HTTP at exactly its quota.

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use tessera_kernel::{RateLimit, limit};
use tessera_tests::{
    api::{Answer, BASE, send, text_of},
    database::Backend,
    mail::{in_directory, last_of},
    on_both, on_sqlite,
    test_org::{PASSWORD, Person, TestOrg},
    wallet::EvmWallet,
};

use super::limits::{WRONG, limit_of, limited};

on_both! {
    every_limit_is_reached_at_exactly_its_quota
}

on_sqlite! {
    a_rejected_request_for_a_mail_sends_none
    invalid_links_in_forms_of_pages_are_limited
}

const QUOTA: usize = 3;

/// Limits that reject no request: what they reject is a mail beside a change.
const OF_MAILS: [RateLimit; 1] = [limit::NOTICE];

/// Limits in the memory of a node. They are the same with every database.
const OF_NODES: [RateLimit; 6] = [
    limit::CHALLENGE,
    limit::CREDENTIAL,
    limit::LEAK_REPORT,
    limit::CONTRACT_WALLET,
    limit::CONTRACT_WALLET_ADDRESS,
    limit::REQUESTS,
];

/// What the requests of one limit need.
struct Caller {
    acme: TestOrg,
    wallet: EvmWallet,
    device_token: String,
}

impl Caller {
    async fn of(limit: RateLimit, backend: Backend) -> Self {
        let name = format!("TESSERA_LIMIT_{}", limit.name.replace('-', "_").to_uppercase());
        let installation = limited(backend).await.set("TESSERA_RPC_ETHEREUM", "http://127.0.0.1:1/");
        let acme = TestOrg::open_on(installation.set(&name, &format!("{QUOTA}/900"))).await;
        let mut device_token = String::new();
        if limit == limit::SIGN_IN_DEVICE {
            let login = json!({"email": acme.owner.email, "password": PASSWORD});
            let login = send(post(&acme, "198.51.100.1", "/auth/login", &login)).await.expecting(200);
            device_token = text_of(&login, "device_token");
        }
        Self { acme, wallet: EvmWallet::new(), device_token }
    }

    /// The inviter has a verified address.
    async fn verified(self) -> Self {
        let host = Person::register(&self.acme.api()).await;
        let org = host.create_org().await;
        let owner = &self.acme.owner;
        let body = json!({"email": owner.email, "role": "member"});
        host.post(&format!("/orgs/{org}/invitations"), &body).await.is(201);
        let token = last_of(&self.acme.service.installation, &owner.email, 1).await.token();
        owner.post("/invitations/accept", &json!({"token": token})).await.is(200);
        self
    }

    /// A user has accepted an invitation of the organization.
    async fn established(self) -> Self {
        let guest = Person::register(&self.acme.api()).await;
        self.invite(&guest.email).await.is(201);
        let token = last_of(&self.acme.service.installation, &guest.email, 1).await.token();
        guest.post("/invitations/accept", &json!({"token": token})).await.is(200);
        self
    }

    async fn invite(&self, email: &str) -> Answer {
        let body = json!({"email": email, "role": "member"});
        self.acme.owner.post(&format!("/orgs/{}/invitations", self.acme.org), &body).await
    }

    /// Sends the first mail of an invitation, or sends it again.
    async fn invite_again(&self, number: usize) -> Answer {
        let path = format!("/orgs/{}/invitations", self.acme.org);
        if number == 0 {
            return self.invite("guest@example.com").await;
        }
        let invitations = self.acme.owner.get(&path).await.expecting(200);
        let of_guest = |invitation: &&Value| invitation["email"] == "guest@example.com";
        let invitation = invitations.as_array().and_then(|items| items.iter().find(of_guest));
        let id = invitation.map(|invitation| text_of(invitation, "id")).unwrap_or_default();
        self.acme.owner.post(&format!("{path}/{id}/resend"), &json!({})).await
    }

    async fn sign_in(&self, network: &str, body: &Value) -> Answer {
        send(post(&self.acme, network, "/auth/login", body)).await
    }

    async fn guess(&self, network: &str, email: &str) -> Answer {
        self.sign_in(network, &json!({"email": email, "password": WRONG})).await
    }

    /// A signature that only a contract could verify. The chain is not available, which is no rejection by a limit.
    async fn sign_with_contract(&self, network: &str, wallet: &EvmWallet) -> Answer {
        let challenge = self.acme.api().post("/auth/web3/challenge", &wallet.named("ethereum")).await.expecting(200);
        let mut proof = wallet.proof("ethereum", &challenge);
        proof["signature"] = "0x00".into();
        send(post(&self.acme, network, "/auth/web3/verify", &proof)).await
    }

    /// One event that the limit counts.
    async fn event(&self, limit: RateLimit, number: usize) -> Answer {
        let (acme, somewhere) = (&self.acme, format!("192.0.2.{number}"));
        let email = format!("guest{number}@example.com");
        match limit.name {
            "sign-in" => self.guess("192.0.2.1", &acme.owner.email).await,
            "sign-in-account" => self.guess(&somewhere, &acme.owner.email).await,
            "sign-in-network" => self.guess("192.0.2.1", &email).await,
            "sign-in-device" => {
                let token = &self.device_token;
                let body = json!({"email": acme.owner.email, "password": WRONG, "device_token": token});
                self.sign_in(&somewhere, &body).await
            }
            "register" => {
                let body = json!({"email": email, "password": PASSWORD});
                send(post(acme, "192.0.2.1", "/auth/register", &body)).await
            }
            "mail-network" => send(post(acme, "192.0.2.1", "/auth/password/forgot", &json!({"email": email}))).await,
            "invite" | "invite-unverified" => self.invite(&email).await,
            "invite-address" | "invite-recipient" | "invite-recipient-new" => self.invite_again(number).await,
            "add-member" => {
                let body = json!({"email": email, "role": "member"});
                acme.owner.post(&format!("/orgs/{}/members", acme.org), &body).await
            }
            "factor" => acme.owner.post("/auth/email/verify", &json!({"code": "000000"})).await,
            "mail" => acme.owner.post("/users/me/email", &json!({"email": "guest@example.com"})).await,
            "challenge" => send(post(acme, "192.0.2.1", "/auth/web3/challenge", &self.wallet.named("ethereum"))).await,
            "credential" => {
                let request = acme.api().request(Method::GET, &format!("{BASE}/users/me"));
                send(request.header("X-Forwarded-For", "192.0.2.1").bearer_auth("no.token.here")).await
            }
            "leak-report" => send(post(acme, "192.0.2.1", "/apikeys/leaked", &json!({"keys": ["ask_none"]}))).await,
            "contract-wallet" => self.sign_with_contract("192.0.2.1", &EvmWallet::new()).await,
            "contract-wallet-address" => self.sign_with_contract(&somewhere, &self.wallet).await,
            "requests" => {
                let request = acme.api().request(Method::GET, "/problems");
                send(request.header("X-Forwarded-For", "192.0.2.1")).await
            }
            other => panic!("this test does not reach the limit {other}"),
        }
    }
}

fn post(acme: &TestOrg, network: &str, path: &str, body: &Value) -> RequestBuilder {
    let request = acme.api().request(Method::POST, &format!("{BASE}{path}"));
    request.header("X-Forwarded-For", network).json(body)
}

async fn every_limit_is_reached_at_exactly_its_quota(backend: Backend) {
    let skipped = |limit: &RateLimit| {
        OF_MAILS.contains(limit) || (matches!(backend, Backend::Postgres) && OF_NODES.contains(limit))
    };
    for limit in limit::ALL.iter().filter(|limit| !skipped(limit)) {
        let mut caller = Caller::of(*limit, backend).await;
        if matches!(limit.name, "invite" | "invite-recipient" | "invite-recipient-new") {
            caller = caller.verified().await;
        }
        if limit.name == "invite-recipient" {
            caller = caller.established().await;
        }
        for number in 0..QUOTA {
            let answer = caller.event(*limit, number).await;
            assert_ne!(answer.status, 429, "{} rejects event {number}: {}", limit.name, answer.text());
        }
        let rejected = caller.event(*limit, QUOTA).await;
        assert_eq!(limit_of(&rejected), limit.shown_as, "{}", limit.name);
        // The other headers show the same window, with the name and the quota that are public.
        assert!(rejected.header("ratelimit").is_some_and(|shown| shown.contains(";r=0;")), "{}", limit.name);
    }
}

async fn a_rejected_request_for_a_mail_sends_none(_: Backend) {
    let acme = TestOrg::open_on(limited(Backend::Sqlite).await.set("TESSERA_LIMIT_MAIL_NETWORK", "1/900")).await;
    let people = [Person::register(&acme.api()).await, Person::register(&acme.api()).await];
    let forgot = async |network: &str, person: &Person| {
        send(post(&acme, network, "/auth/password/forgot", &json!({"email": person.email}))).await
    };
    forgot("192.0.2.1", &acme.owner).await.is(202);
    assert_eq!(limit_of(&forgot("192.0.2.1", &people[0]).await), "mail-network");
    // Requests are processed in their order, so the mail of the rejected one would come before this one.
    forgot("192.0.2.2", &people[1]).await.is(202);
    last_of(&acme.service.installation, &people[1].email, 1).await;
    let mails = in_directory(&acme.service.installation.mail_directory());
    assert!(mails.iter().all(|mail| mail.to != people[0].email), "{mails:?}");
}

async fn invalid_links_in_forms_of_pages_are_limited(_: Backend) {
    let acme = TestOrg::open_on(limited(Backend::Sqlite).await.set("TESSERA_LIMIT_CREDENTIAL", "4/900")).await;
    let unknown = "q3yWn0oHk7Rz2TfVbXc5LdPs8MjGa1Ue4NiQw6KxYh9";
    let show = async |network: &str, page: &str| {
        let request = acme.api().request(Method::GET, &format!("{page}?token={unknown}"));
        send(request.header("X-Forwarded-For", network)).await
    };
    let submit = async |network: &str, page: &str| {
        let form = tessera_tests::pages::form(&acme.api(), page, &[("token", unknown), ("password", PASSWORD)]);
        let form = form.header("Sec-Fetch-Site", "same-origin").header("Origin", "null");
        send(form.header("X-Forwarded-For", network)).await
    };
    for (page, network) in
        [("/password/reset", "192.0.2.1"), ("/invitations/accept", "192.0.2.2"), ("/email/verify", "192.0.2.3")]
    {
        for _ in 0..2 {
            let (shown, submitted) = (show(network, page).await.status, submit(network, page).await.status);
            assert!((400..429).contains(&shown) && shown == submitted, "{page}: {shown} {submitted}");
        }
        for rejected in [submit(network, page).await, show(network, page).await] {
            assert_eq!(rejected.status, 429, "{page}");
            assert!(rejected.text().contains("Too many requests"), "{}", rejected.text());
            assert!(rejected.header("content-type").is_some_and(|kind| kind.starts_with("text/html")));
            assert!(rejected.header("retry-after").is_some());
        }
        let elsewhere = submit("192.0.2.9", page).await.status;
        assert!((400..429).contains(&elsewhere), "{page}: {elsewhere}");
    }
}
