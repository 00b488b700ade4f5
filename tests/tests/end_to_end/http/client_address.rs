//! The client address behind a trusted proxy, and the header of a peer that is not one.

use std::net::IpAddr;

use reqwest::Client;
use serde_json::{Value, json};
use tessera_tests::{
    api::{Answer, BASE, send},
    database::Backend,
    on_both,
    process::Installation,
    test_org::{PASSWORD, Service},
    wallet::EvmWallet,
};

use crate::audit::trail;

on_both! {
    clients_behind_a_proxy_are_audited_and_limited_separately_s30
}

/// A peer of the service, which sends `X-Forwarded-For`.
struct Peer {
    http: Client,
    url: String,
}

impl Peer {
    /// The peer at 127.0.0.x.
    fn at(host: u8, service: &Service) -> Self {
        let http = Client::builder().no_proxy().local_address(IpAddr::from([127, 0, 0, host])).build();
        let http = http.unwrap_or_else(|error| panic!("no client: {error}"));
        Self { http, url: service.node.url().to_owned() }
    }

    async fn post(&self, path: &str, forwarded: &str, body: &Value) -> Answer {
        let request = self.http.post(format!("{}{BASE}{path}", self.url));
        send(request.header("X-Forwarded-For", forwarded).json(body)).await
    }

    async fn challenge(&self, forwarded: &str) -> Answer {
        self.post("/auth/web3/challenge", forwarded, &EvmWallet::new().named("ethereum")).await
    }

    /// Requests challenges until the limit of 60 in a minute rejects one.
    async fn exhaust(&self, forwarded: impl Fn(u8) -> String) {
        for number in 1..=120 {
            let answer = self.challenge(&forwarded(number)).await;
            if answer.status != 200 {
                assert_eq!(answer.problem(429, "rate_limited")["limit"], "challenge");
                assert!(number >= 60, "rejected after {number}");
                return;
            }
        }
        panic!("the limit never rejected a request");
    }
}

async fn clients_behind_a_proxy_are_audited_and_limited_separately_s30(backend: Backend) {
    let installation = Installation::new(backend).await.set("TESSERA_TRUSTED_PROXIES", "127.0.0.2, 10.0.0.0/8");
    let service = Service::on(installation);
    let (proxy, stranger) = (Peer::at(2, &service), Peer::at(3, &service));
    for (number, peer, forwarded) in [
        (1, &proxy, "198.51.100.1"),
        (2, &proxy, "198.51.100.1, 198.51.100.2, 10.0.0.1"),
        (3, &proxy, "[2001:db8::7]:443"),
        (4, &stranger, "198.51.100.1"),
    ] {
        let account = json!({"email": format!("person{number}@example.com"), "password": PASSWORD});
        peer.post("/auth/register", forwarded, &account).await.is(201);
    }
    let events = trail(&service.installation, None).await;
    let registered = events.iter().filter(|event| event.name == "user.registered");
    let addresses: Vec<Option<IpAddr>> = registered.map(|event| event.origin.address).collect();
    let expected = ["198.51.100.1", "198.51.100.2", "2001:db8::7", "127.0.0.3"];
    assert_eq!(addresses, expected.map(|address| address.parse().ok()));

    proxy.exhaust(|_| "198.51.100.1".to_owned()).await;
    proxy.challenge("198.51.100.2").await.is(200);
    // A client behind the proxy, and a peer that is not a proxy, cannot choose the network that is counted.
    proxy.challenge("198.51.100.9, 198.51.100.1").await.problem(429, "rate_limited");
    stranger.challenge("198.51.100.1").await.is(200);
    stranger.exhaust(|number| format!("203.0.113.{number}")).await;
    proxy.challenge("203.0.113.1").await.is(200);
    proxy.challenge("unknown").await.problem(400, "invalid_forwarded_for");
}
