//! Signing in to an application, as its users and its back end do.

use serde_json::json;

use crate::studio::Studio;

/// Where sign-ins of the studio's application return to, unless a test says otherwise.
pub const RETURN: &str = "https://game.example/back?from=tessera";

/// A verifier, and its challenge (RFC 7636, appendix B).
pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// Percent-encodes everything, so that nothing means anything.
#[must_use]
pub fn encode(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
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
