//! A user signs in to an application with a wallet, and the application redeems the authorization code.
//!
//! The storage is in memory, and the other ports are fakes. The server maintains the signing keys in a job.

use tessera_kernel::{Chain, Role, SecretDigest as _};
use tessera_sso::{
    ChallengeSso, RedeemSsoCode, VerifySso,
    model::{CodeChallenge, SsoRequest},
};
use tessera_testkit::{
    Workbench,
    builders::{accepted, application_id, origin, sso_request, wallet_account},
    expectations::ok,
    fakes::{FakeDigest, FakeWallets},
};

#[tokio::main]
async fn main() {
    let bench = Workbench::new();
    bench.members(&[Role::Owner]).await;
    ok(bench.service_tokens().maintain_signing_keys(&origin()).await);
    let (sso, account) = (bench.sso(), wallet_account(1, Chain::Ethereum));
    // The application chooses a PKCE verifier (RFC 7636) and redirects the browser with the challenge.
    let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    let code_challenge = CodeChallenge::from_hash(FakeDigest.digest(verifier));
    let request = SsoRequest { code_challenge, ..sso_request(application_id(1)) };
    let begun = ok(sso.begin(request, None).await);
    // The wallet signs the message, in the browser that began the sign-in.
    let (session, browser) = (begun.session.id, Some(begun.browser));
    let message =
        ok(sso.challenge(ChallengeSso { session, browser: browser.clone(), wallet: accepted(account) }).await).message;
    let signature = FakeWallets::sign(&account.address(), message.as_bytes());
    let answer = VerifySso { session, browser, message, signature, user_agent: None, origin: origin() };
    let completed = ok(sso.verify(answer).await);

    let (code, redirect_uri) = (completed.code.expose().to_owned(), completed.redirect_uri);
    let command = RedeemSsoCode { code, redirect_uri, verifier: verifier.to_owned().into(), origin: origin() };
    let token = ok(sso.redeem(command).await).token;
    assert!(bench.service_signer.read(token.expose()).is_some());
}
