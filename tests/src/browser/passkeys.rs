//! A virtual authenticator of the browser.

use serde_json::json;

use super::Tab;

impl Tab {
    /// Adds an authenticator of the device to the tab, with passkeys. It verifies its user without asking.
    pub async fn add_authenticator(&self) {
        self.call("WebAuthn.enable", json!({})).await;
        let options = json!({
            "protocol": "ctap2",
            "ctap2Version": "ctap2_1",
            "transport": "internal",
            "hasResidentKey": true,
            "hasUserVerification": true,
            "isUserVerified": true,
            "automaticPresenceSimulation": true,
        });
        self.call("WebAuthn.addVirtualAuthenticator", json!({ "options": options })).await;
    }
}
