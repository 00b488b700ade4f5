//! Wallet sign-in to an application, and redemption of the code.

use std::sync::Arc;

use tessera_kernel::{Chain, Outcome, Role, Secret, SecretDigest as _, UserId, WalletAccount, rfc3339};
use tessera_sso::{
    BegunSso, ChallengeSso, ChallengeSsoError, RedeemSsoCode, RedeemSsoCodeError, SingleSignOn, SsoPorts, SsoQuestion,
    SsoToken, VerifiedSso, VerifySso, VerifySsoError, ViewSsoError,
    model::{AuthorizationState, CodeChallenge, SsoRequest},
    ports::{
        AuthenticateWalletError, ServiceClaims, SignedMessage, WalletAuthenticator, WalletMessage, WalletMessageRequest,
    },
};
use tessera_testkit::{
    Stores, Workbench, async_trait,
    builders::{accepted, application_id, organization_id, origin, sso_request, user_id, wallet_account},
    expectations::{failed, ok, some},
    fakes::{FakeDigest, FakeWallets},
};
use time::Duration;

const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

/// Application 1, a browser that has started to sign in to it, and its wallet.
struct SsoFlow {
    bench: Workbench,
    sso: SingleSignOn,
    begun: BegunSso,
    account: WalletAccount,
}

impl SsoFlow {
    async fn set() -> Self {
        let bench = Workbench::new();
        bench.members(&[Role::Owner]).await;
        ok(bench.service_tokens().maintain_signing_keys(&origin()).await);
        let code_challenge = CodeChallenge::from_hash(FakeDigest.digest(VERIFIER));
        let request = SsoRequest { code_challenge, ..sso_request(application_id(1)) };
        let sso = bench.sso();
        let begun = ok(sso.begin(request, origin().network()).await);
        Self { bench, sso, begun, account: wallet_account(1, Chain::Base) }
    }

    async fn ask(&self) -> Result<SsoQuestion, ChallengeSsoError> {
        let (session, browser) = (self.begun.session.id, Some(self.begun.browser.clone()));
        self.sso.challenge(ChallengeSso { session, browser, wallet: accepted(self.account) }).await
    }

    fn answer(&self, message: &str) -> VerifySso {
        VerifySso {
            session: self.begun.session.id,
            browser: Some(self.begun.browser.clone()),
            message: message.to_owned(),
            signature: FakeWallets::sign(&self.account.address(), message.as_bytes()),
            user_agent: None,
            origin: origin(),
        }
    }

    async fn sign_in(&self) -> VerifiedSso {
        let question = ok(self.ask().await);
        ok(self.sso.verify(self.answer(&question.message)).await)
    }

    fn presented(&self, code: &str) -> RedeemSsoCode {
        let redirect_uri = self.begun.session.request.redirect_uri.clone();
        let verifier = VERIFIER.to_owned().into();
        RedeemSsoCode { code: code.to_owned(), redirect_uri, verifier, origin: origin() }
    }

    /// Replaces the redirect URIs of the application.
    async fn register(&self, uris: &[&str]) {
        self.bench.stores.set_redirect_uris(application_id(1), uris).await;
    }

    /// The reasons of rejected sign-ins, from the audit entries outside of organizations.
    async fn refusals(&self) -> Vec<String> {
        let refused = self.bench.events(None).await.into_iter().filter(|event| event.name == "sso.refused");
        refused.filter_map(|event| Some(event.details.first()?.1.clone())).collect()
    }

    /// The reasons of rejected codes, from the audit entries of the organization.
    async fn code_refusals(&self) -> Vec<String> {
        let actions = self.bench.events(Some(organization_id(1))).await;
        let refused = actions.into_iter().filter(|event| event.name == "sso.code_refused");
        let reasons = refused.map(|event| (event.outcome, some(event.details.last().cloned())));
        let reason = |(outcome, (name, reason)): (Outcome, (String, String))| {
            assert_eq!((outcome, name.as_str()), (Outcome::Refused, "reason"));
            reason
        };
        reasons.map(reason).collect()
    }

    async fn step(&self) -> AuthorizationState {
        some(ok(self.bench.stores.sso.find_sso_session(self.begun.session.id).await)).step
    }

    async fn is_refused(&self, answer: VerifySso) {
        let error = failed(self.sso.verify(answer).await);
        assert!(matches!(error, VerifySsoError::Refused), "{error:?}");
    }

    async fn is_no_grant(&self, presented: RedeemSsoCode) {
        let error = failed(self.sso.redeem(presented).await);
        assert!(matches!(error, RedeemSsoCodeError::InvalidGrant), "{error:?}");
    }

    fn claims(&self, token: &Secret<String>) -> ServiceClaims {
        some(self.bench.service_signer.read(token.expose())).1
    }
}

#[tokio::test]
async fn the_message_contains_the_application_and_the_redirect_host() {
    let flow = SsoFlow::set().await;
    let question = ok(flow.ask().await);
    let id = flow.begun.session.id;
    let lines: Vec<&str> = question.message.lines().collect();
    assert_eq!(lines[0], "accounts.example.com wants you to sign in with your Ethereum account:");
    for line in [
        "Sign in at z.example.com to the application [Lager ? 1].",
        "Chain ID: 8453",
        &format!("Request ID: {id}"),
        &format!("Nonce: {}", question.nonce),
        &format!("Expiration Time: {}", rfc3339(question.expires_at)),
    ] {
        assert!(lines.contains(&line), "{line}: {}", question.message);
    }
}

#[tokio::test]
async fn the_code_returns_a_token_with_the_same_claims() {
    let flow = SsoFlow::set().await;
    let verified = flow.sign_in().await;
    assert_eq!((verified.life, verified.state.as_str()), (Duration::minutes(5), "af0ifjsldkj ~!"));
    let SsoToken { token, life } = ok(flow.sso.redeem(flow.presented(verified.code.expose())).await);
    assert_eq!(life, Duration::minutes(5));
    let (one, other) = (flow.claims(&verified.token), flow.claims(&token));
    assert_ne!(one.token_id, other.token_id);
    assert_eq!(ServiceClaims { token_id: one.token_id, ..other.clone() }, one);
    assert_eq!(one.audience.as_str(), application_id(1).to_string());
    assert_eq!((one.organization, one.roles.as_slice()), (None, [].as_slice()));
    assert_eq!(one.nonce.as_deref(), Some("n-0S6_WzA2Mj"));
    let wallet = some(one.wallet);
    assert_eq!((wallet.address, wallet.chain_id), (flow.account.address().to_string(), 8453));
    let user = some(ok(flow.bench.stores.identity.find_user(one.user).await));
    assert!(user.holds(&flow.account.address()) && user.email.is_none());
}

#[tokio::test]
async fn a_signature_expires_with_its_challenge_and_the_session_s85() {
    let flow = SsoFlow::set().await;
    let question = ok(flow.ask().await);
    flow.bench.clock.set(question.expires_at);
    flow.is_refused(flow.answer(&question.message)).await;
    let late = ok(flow.ask().await);
    flow.bench.clock.advance(Duration::minutes(4));
    let later = ok(flow.ask().await);
    assert!(late.expires_at <= flow.begun.session.expires_at && later.expires_at <= flow.begun.session.expires_at);
    flow.bench.clock.set(later.expires_at - Duration::microseconds(1));
    ok(flow.sso.verify(flow.answer(&later.message)).await);
}

#[tokio::test]
async fn a_message_that_was_not_requested_is_rejected_s116() {
    let flow = SsoFlow::set().await;
    flow.is_refused(flow.answer("anything")).await;
    let question = ok(flow.ask().await);
    flow.is_refused(VerifySso { browser: None, ..flow.answer(&question.message) }).await;
    let first = question.message;
    let second = ok(flow.ask().await).message;
    flow.is_refused(flow.answer(&first)).await;
    flow.is_refused(flow.answer(&second)).await;
    assert_eq!(flow.bench.wallets.asked(), 0, "what was not asked needs no check of its signature");
}

#[tokio::test]
async fn only_its_own_browser_sees_that_a_session_was_used() {
    let flow = SsoFlow::set().await;
    flow.sign_in().await;
    let again = failed(flow.sso.verify(flow.answer("anything")).await);
    assert!(matches!(again, VerifySsoError::Used), "{again:?}");
    assert!(matches!(failed(flow.ask().await), ChallengeSsoError::NotFound));
    flow.is_refused(VerifySso { browser: None, ..flow.answer("anything") }).await;
}

#[tokio::test]
async fn a_failed_signature_check_completes_no_sign_in() {
    let flow = SsoFlow::set().await;
    let question = ok(flow.ask().await);
    flow.bench.wallets.become_unavailable();
    let error = failed(flow.sso.verify(flow.answer(&question.message)).await);
    assert!(matches!(error, VerifySsoError::Verify(_)), "{error:?}");
    assert!(!ok(flow.sso.view(flow.begun.session.id, &flow.begun.browser).await).used);
    assert_eq!(flow.step().await, AuthorizationState::Started);
}

#[tokio::test]
async fn a_new_challenge_is_possible_after_an_interrupted_check() {
    let flow = SsoFlow::set().await;
    let message = ok(flow.ask().await).message;
    let mut tx = ok(flow.bench.stores.sso.begin().await);
    ok(tx
        .sso_sessions()
        .set_step(flow.begun.session.id, &AuthorizationState::Verifying { message: message.clone() })
        .await);
    ok(tx.commit().await);
    let meanwhile = failed(flow.sso.verify(flow.answer(&message)).await);
    assert!(matches!(meanwhile, VerifySsoError::Used), "{meanwhile:?}");
    flow.sign_in().await;
}

#[tokio::test]
async fn a_contract_signs_in_only_on_its_own_chain() {
    let mut flow = SsoFlow::set().await;
    flow.bench.wallets.become_contracts();
    let user = flow.claims(&flow.sign_in().await.token).user;
    flow.begun = ok(flow.sso.begin(flow.begun.session.request.clone(), origin().network()).await);
    flow.account = wallet_account(1, Chain::Polygon);
    let question = ok(flow.ask().await);
    flow.is_refused(flow.answer(&question.message)).await;
    flow.account = wallet_account(1, Chain::Base);
    assert_eq!(flow.claims(&flow.sign_in().await.token).user, user);
}

#[tokio::test]
async fn an_authorization_code_expires_after_60_seconds_s106() {
    let flow = SsoFlow::set().await;
    let code = flow.sign_in().await.code;
    flow.bench.clock.advance(Duration::seconds(60));
    flow.is_no_grant(flow.presented(code.expose())).await;
    let flow = SsoFlow::set().await;
    let code = flow.sign_in().await.code;
    flow.bench.clock.advance(Duration::seconds(60) - Duration::microseconds(1));
    ok(flow.sso.redeem(flow.presented(code.expose())).await);
}

#[tokio::test]
async fn a_failed_attempt_uses_the_authorization_code_s105() {
    let flow = SsoFlow::set().await;
    let code = flow.sign_in().await.code;
    let elsewhere = "https://z.example.com/callback".to_owned();
    flow.is_no_grant(RedeemSsoCode { redirect_uri: elsewhere, ..flow.presented(code.expose()) }).await;
    flow.is_no_grant(flow.presented(code.expose())).await;
    for unknown in ["", "x", &"0".repeat(64)] {
        flow.is_no_grant(flow.presented(unknown)).await;
    }
    assert_eq!(flow.code_refusals().await, ["redirect_uri", "used"]);
}

#[tokio::test]
async fn a_malformed_signature_consumes_the_challenge() {
    let flow = SsoFlow::set().await;
    let question = ok(flow.ask().await);
    let another = ok(flow.sso.begin(flow.begun.session.request.clone(), origin().network()).await).browser;
    let malformed = |browser| VerifySso { browser, signature: "0xzz".to_owned(), ..flow.answer(&question.message) };
    let is_malformed = async |answer| {
        let error = failed(flow.sso.verify(answer).await);
        assert!(matches!(error, VerifySsoError::MalformedSignature(_)), "{error:?}");
    };
    for stranger in [None, Some(another)] {
        is_malformed(malformed(stranger)).await;
    }
    assert!(matches!(flow.step().await, AuthorizationState::Challenged(_)));
    is_malformed(malformed(Some(flow.begun.browser.clone()))).await;
    assert_eq!(flow.step().await, AuthorizationState::Started);
    flow.is_refused(flow.answer(&question.message)).await;
    assert_eq!(flow.bench.wallets.asked(), 0);
}

#[tokio::test]
async fn a_malformed_code_verifier_consumes_the_code_s105() {
    let flow = SsoFlow::set().await;
    let code = flow.sign_in().await.code;
    for presented in ["", "x", &"0".repeat(64), code.expose(), code.expose()] {
        let verifier = "short".to_owned().into();
        let error = failed(flow.sso.redeem(RedeemSsoCode { verifier, ..flow.presented(presented) }).await);
        assert!(matches!(error, RedeemSsoCodeError::MalformedVerifier(_)), "{error:?}");
    }
    flow.is_no_grant(flow.presented(code.expose())).await;
    assert_eq!(flow.code_refusals().await, ["verifier", "used"]);
}

#[tokio::test]
async fn another_code_verifier_is_rejected_s107() {
    let flow = SsoFlow::set().await;
    let code = flow.sign_in().await.code;
    let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXl".to_owned().into();
    flow.is_no_grant(RedeemSsoCode { verifier, ..flow.presented(code.expose()) }).await;
}

/// Accepts every signature. During the check, the application removes its redirect URIs.
struct Slow {
    stores: Stores,
    wallets: Arc<dyn WalletAuthenticator>,
}

#[async_trait]
impl WalletAuthenticator for Slow {
    fn message(&self, request: WalletMessageRequest) -> WalletMessage {
        self.wallets.message(request)
    }

    async fn authenticate(&self, _: SignedMessage) -> Result<Option<UserId>, AuthenticateWalletError> {
        self.stores.set_redirect_uris(application_id(1), &[]).await;
        Ok(Some(user_id(1)))
    }
}

#[tokio::test]
async fn no_challenge_is_issued_for_a_removed_redirect_uri() {
    let flow = SsoFlow::set().await;
    let there = flow.begun.session.request.redirect_uri.clone();
    for uris in [&[][..], &["https://z.example.com/callback?x=%20&y", "https://z.example.com/callback"]] {
        flow.register(uris).await;
        assert!(matches!(failed(flow.ask().await), ChallengeSsoError::NotFound));
        let error = failed(flow.sso.view(flow.begun.session.id, &flow.begun.browser).await);
        assert!(matches!(error, ViewSsoError::NotFound), "{error:?}");
    }
    flow.register(&[&there]).await;
    ok(flow.ask().await);
}

#[tokio::test]
async fn a_signature_for_a_removed_redirect_uri_is_not_verified() {
    let flow = SsoFlow::set().await;
    let there = flow.begun.session.request.redirect_uri.clone();
    let question = ok(flow.ask().await);
    flow.register(&["https://z.example.com/"]).await;
    flow.is_refused(flow.answer(&question.message)).await;
    assert_eq!((flow.bench.wallets.asked(), flow.refusals().await), (0, vec!["application".to_owned()]));
    // The attempt has consumed the challenge.
    flow.register(&[&there]).await;
    flow.is_refused(flow.answer(&question.message)).await;
}

#[tokio::test]
async fn a_redirect_uri_removed_during_verification_gets_no_code() {
    let mut flow = SsoFlow::set().await;
    let bench = &flow.bench;
    let slow = Slow { stores: bench.stores.clone(), wallets: bench.sso_ports().wallets };
    flow.sso = SingleSignOn::new(SsoPorts { wallets: Arc::new(slow), ..bench.sso_ports() });
    let question = ok(flow.ask().await);
    flow.is_refused(flow.answer(&question.message)).await;
    assert_eq!(flow.refusals().await, ["application"]);
    assert_eq!(flow.step().await, AuthorizationState::Started);
}

#[tokio::test]
async fn a_code_for_a_removed_redirect_uri_is_rejected_s112() {
    let flow = SsoFlow::set().await;
    let there = flow.begun.session.request.redirect_uri.clone();
    let code = flow.sign_in().await.code;
    flow.register(&["https://z.example.com/"]).await;
    flow.is_no_grant(flow.presented(code.expose())).await;
    // The attempt has consumed the code.
    flow.register(&[&there]).await;
    flow.is_no_grant(flow.presented(code.expose())).await;
    assert_eq!(flow.code_refusals().await, ["application", "used"]);
}
