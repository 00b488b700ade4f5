//! Sign-ins to an application, from the view of its users and its back end.

use serde_json::{Value, json};

use crate::{
    api::{Answer, Api, text_of},
    test_org::TestOrg,
    wallet::EvmWallet,
};

/// The redirect URI of the test organization's application, unless a test sets another one.
pub const RETURN: &str = "https://game.example/back?from=tessera";

/// A PKCE verifier and its challenge (RFC 7636, appendix B).
pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// Percent-encodes every byte, so that no character has a special meaning.
#[must_use]
pub fn encode(text: &str) -> String {
    text.bytes().fold(String::new(), |text, byte| format!("{text}%{byte:02X}"))
}

/// Registers a redirect URI of the application.
pub async fn register(acme: &TestOrg, uri: &str) {
    let change = json!({ "redirect_uris": [uri] });
    acme.owner.put(&format!("/apps/{}", acme.app), &change).await.is(200);
}

/// The query of a valid authorization request of the test organization's application, after the redirect to the public
/// URL. Tests reach the service at another address.
pub async fn query(acme: &TestOrg) -> String {
    query_with(acme, RETURN).await
}

/// The same query with another redirect URI.
pub async fn query_with(acme: &TestOrg, redirect_uri: &str) -> String {
    register(acme, redirect_uri).await;
    format!(
        "?app_id={}&redirect_uri={}&state=af0ifjsldkj&code_challenge={CHALLENGE}&code_challenge_method=S256&redirected=1",
        acme.app,
        encode(redirect_uri)
    )
}

/// A browser session during a sign-in.
#[derive(Debug, Clone)]
pub struct BrowserSession {
    /// The session id in the address of the page.
    pub session: String,
    /// The cookie that binds the session to the browser.
    pub cookie: String,
}

impl BrowserSession {
    /// Starts a sign-in.
    ///
    /// # Panics
    /// Panics if the start is rejected.
    pub async fn begin(acme: &TestOrg) -> Self {
        let query = query(acme).await;
        Self::of(&acme.api().get(&format!("/sso/web3/initiate{query}")).await)
    }

    /// Continues from the response to the authorization request.
    ///
    /// # Panics
    /// Panics if the response is not a redirect with a session.
    #[must_use]
    pub fn of(answer: &Answer) -> Self {
        answer.is(302);
        let session = answer.header("location").and_then(|page| page.split_once("?session_id="));
        let cookie = answer.header("set-cookie").and_then(|cookie| cookie.split(';').next());
        let (Some((_, session)), Some(cookie)) = (session, cookie) else { panic!("no session: {answer:?}") };
        Self { session: session.to_owned(), cookie: cookie.to_owned() }
    }

    /// The request body that names a wallet.
    #[must_use]
    pub fn named(&self, wallet: &EvmWallet) -> Value {
        json!({ "session_id": self.session, "wallet_address": wallet.address(), "chain_id": 1 })
    }

    /// Requests a challenge.
    pub async fn challenge(&self, api: &Api, wallet: &EvmWallet) -> Answer {
        api.with_cookie(&self.cookie).post("/sso/web3/challenge", &self.named(wallet)).await
    }

    /// The request body that proves the wallet with a new challenge.
    pub async fn proof(&self, api: &Api, wallet: &EvmWallet) -> Value {
        let message = text_of(&self.challenge(api, wallet).await.expecting(200), "message");
        json!({ "session_id": self.session, "message": message, "signature": wallet.sign(&message) })
    }

    /// Submits a proof.
    pub async fn verify(&self, api: &Api, proof: &Value) -> Answer {
        api.with_cookie(&self.cookie).post("/sso/web3/verify", proof).await
    }

    /// Completes the sign-in with a new challenge.
    pub async fn sign_in(&self, api: &Api, wallet: &EvmWallet) -> Value {
        let proof = self.proof(api, wallet).await;
        self.verify(api, &proof).await.expecting(200)
    }
}

/// Redeems a code as the application's back end does.
pub async fn redeem(api: &Api, code: &str) -> Answer {
    let body = json!({ "code": code, "redirect_uri": RETURN, "code_verifier": VERIFIER });
    api.post("/sso/token", &body).await
}
