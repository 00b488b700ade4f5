//! Signing in to an application, as its users and its back end do.

use serde_json::{Value, json};

use crate::{
    api::{Answer, Api, text_of},
    studio::Studio,
    wallet::EvmWallet,
};

/// Where sign-ins of the studio's application return to, unless a test says otherwise.
pub const RETURN: &str = "https://game.example/back?from=tessera";

/// A verifier, and its challenge (RFC 7636, appendix B).
pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// Percent-encodes everything, so that nothing means anything.
#[must_use]
pub fn encode(text: &str) -> String {
    text.bytes().fold(String::new(), |text, byte| format!("{text}%{byte:02X}"))
}

/// Registers an address of the application.
pub async fn register(studio: &Studio, uri: &str) {
    let change = json!({ "redirect_uris": [uri] });
    studio.owner.put(&format!("/apps/{}", studio.app), &change).await.is(200);
}

/// The query of a good request for the studio's application.
pub async fn query(studio: &Studio) -> String {
    register(studio, RETURN).await;
    format!(
        "?app_id={}&redirect_uri={}&state=af0ifjsldkj&code_challenge={CHALLENGE}&code_challenge_method=S256",
        studio.app,
        encode(RETURN)
    )
}

/// A browser on its way through a sign-in.
#[derive(Debug, Clone)]
pub struct Sitting {
    /// The session that the page's address names.
    pub session: String,
    /// The cookie that binds it to the browser.
    pub cookie: String,
}

impl Sitting {
    /// Comes in at the door.
    ///
    /// # Panics
    /// When it is not let in.
    pub async fn begin(studio: &Studio) -> Self {
        let query = query(studio).await;
        Self::of(&studio.api().get(&format!("/sso/web3/initiate{query}")).await)
    }

    /// Takes up what the door gave.
    ///
    /// # Panics
    /// When it did not let anybody in.
    #[must_use]
    pub fn of(answer: &Answer) -> Self {
        answer.is(302);
        let session = answer.header("location").and_then(|page| page.split_once("?session_id="));
        let cookie = answer.header("set-cookie").and_then(|cookie| cookie.split(';').next());
        let (Some((_, session)), Some(cookie)) = (session, cookie) else { panic!("no session: {answer:?}") };
        Self { session: session.to_owned(), cookie: cookie.to_owned() }
    }

    /// The body that names a wallet.
    #[must_use]
    pub fn named(&self, wallet: &EvmWallet) -> Value {
        json!({ "session_id": self.session, "wallet_address": wallet.address(), "chain_id": 1 })
    }

    /// Asks for a challenge.
    pub async fn challenge(&self, api: &Api, wallet: &EvmWallet) -> Answer {
        api.with_cookie(&self.cookie).post("/sso/web3/challenge", &self.named(wallet)).await
    }

    /// The body that proves the wallet by a new challenge.
    pub async fn proof(&self, api: &Api, wallet: &EvmWallet) -> Value {
        let message = text_of(&self.challenge(api, wallet).await.expecting(200), "message");
        json!({ "session_id": self.session, "message": message, "signature": wallet.sign(&message) })
    }

    /// Presents a proof.
    pub async fn verify(&self, api: &Api, proof: &Value) -> Answer {
        api.with_cookie(&self.cookie).post("/sso/web3/verify", proof).await
    }

    /// The whole way, with a new challenge.
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
