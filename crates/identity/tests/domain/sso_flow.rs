//! Wallet sign-in to an application, and redemption of the code.

use std::sync::Arc;

use tessera_identity::{
    BegunSso, ChallengeSso, ChallengeSsoError, Identity, IdentityPorts, RedeemSsoCode, RedeemSsoCodeError,
    SingleSignOn, SsoPorts, SsoQuestion, SsoToken, VerifiedSso, VerifySso, VerifySsoError, ViewSsoError,
    model::{AuthorizationState, Chain, CodeChallenge, SiweMessage, SsoRequest, WalletAccount},
    ports::{ServiceClaims, SignatureCheck, SignerKind, VerifyError, WalletVerifier},
};
use tessera_kernel::{Outcome, Role, Secret, SecretDigest as _};
use tessera_testkit::{
    Stores, Workbench, async_trait,
    builders::{application_id, device, organization_id, origin, sso_request, wallet_account},
    expectations::{failed, ok, parsed, some},
    fakes::{FakeDigest, FakeWallets},
};
use time::Duration;

const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

/// Application 1, a browser that has started to sign in to it, and its wallet.
struct Scene {
    bench: Workbench,
    sso: SingleSignOn,
    begun: BegunSso,
    account: WalletAccount,
}

impl Scene {
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
        self.sso.challenge(ChallengeSso { session, browser, account: self.account }).await
    }

    fn answer(&self, message: &str) -> VerifySso {
        VerifySso {
            session: self.begun.session.id,
            browser: Some(self.begun.browser.clone()),
            message: message.to_owned(),
            signature: FakeWallets::sign(&self.account.address(), message.as_bytes()),
            device: device(),
            origin: origin(),
        }
    }

    async fn sign_in(&self) -> VerifiedSso {
        let question = ok(self.ask().await);
        ok(self.sso.verify(self.answer(&question.message)).await)
    }

    fn presented(&self, code: &str) -> RedeemSsoCode {
        let redirect_uri = self.begun.session.request.redirect_uri.clone();
        RedeemSsoCode { code: code.to_owned(), redirect_uri, verifier: parsed(VERIFIER), origin: origin() }
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
        let deeds = self.bench.events(Some(organization_id(1))).await;
        let refused = deeds.into_iter().filter(|event| event.name == "sso.code_refused");
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
async fn the_message_names_the_application_and_where_it_leads() {
    let scene = Scene::set().await;
    let question = ok(scene.ask().await);
    let said: SiweMessage = ok(question.message.parse());
    assert_eq!(said.statement.as_deref(), Some("Sign in at z.example.com to the application [Lager ? 1]."));
    assert_eq!((said.domain.as_str(), said.chain_id), ("accounts.example.com", 8453));
    assert_eq!(said.request_id, Some(scene.begun.session.id.to_string()));
    assert_eq!((said.nonce.as_str(), said.expiration_time), (question.nonce.as_str(), Some(question.expires_at)));
}

#[tokio::test]
async fn the_token_and_the_code_say_the_same() {
    let scene = Scene::set().await;
    let verified = scene.sign_in().await;
    assert_eq!((verified.life, verified.state.as_str()), (Duration::minutes(5), "af0ifjsldkj ~!"));
    let SsoToken { token, life } = ok(scene.sso.redeem(scene.presented(verified.code.expose())).await);
    assert_eq!(life, Duration::minutes(5));
    let (one, other) = (scene.claims(&verified.token), scene.claims(&token));
    assert_ne!(one.token_id, other.token_id);
    assert_eq!(ServiceClaims { token_id: one.token_id, ..other.clone() }, one);
    assert_eq!(one.audience.as_str(), application_id(1).to_string());
    assert_eq!((one.organization, one.roles.as_slice()), (None, [].as_slice()));
    assert_eq!(one.nonce.as_deref(), Some("n-0S6_WzA2Mj"));
    let wallet = some(one.wallet);
    assert_eq!((wallet.address, wallet.chain_id), (scene.account.address().to_string(), 8453));
    let user = some(ok(scene.bench.stores.identity.find_user(one.user).await));
    assert!(user.holds(&scene.account.address()) && user.email.is_none());
}

#[tokio::test]
async fn s85_nonce_exp_a_signature_is_taken_for_five_minutes_and_no_longer_than_the_session() {
    let scene = Scene::set().await;
    let question = ok(scene.ask().await);
    scene.bench.clock.set(question.expires_at);
    scene.is_refused(scene.answer(&question.message)).await;
    let late = ok(scene.ask().await);
    scene.bench.clock.advance(Duration::minutes(4));
    let later = ok(scene.ask().await);
    assert!(late.expires_at <= scene.begun.session.expires_at && later.expires_at <= scene.begun.session.expires_at);
    scene.bench.clock.set(later.expires_at - Duration::microseconds(1));
    ok(scene.sso.verify(scene.answer(&later.message)).await);
}

#[tokio::test]
async fn s116_step_order_nothing_is_verified_that_was_not_asked() {
    let scene = Scene::set().await;
    scene.is_refused(scene.answer("anything")).await;
    let question = ok(scene.ask().await);
    scene.is_refused(VerifySso { browser: None, ..scene.answer(&question.message) }).await;
    let first = question.message;
    let second = ok(scene.ask().await).message;
    scene.is_refused(scene.answer(&first)).await;
    scene.is_refused(scene.answer(&second)).await;
    assert_eq!(scene.bench.wallets.asked(), 0, "what was not asked needs no check of its signature");
}

#[tokio::test]
async fn a_session_that_has_served_says_so_to_its_browser_and_to_nobody_else() {
    let scene = Scene::set().await;
    scene.sign_in().await;
    let again = failed(scene.sso.verify(scene.answer("anything")).await);
    assert!(matches!(again, VerifySsoError::Used), "{again:?}");
    assert!(matches!(failed(scene.ask().await), ChallengeSsoError::NotFound));
    scene.is_refused(VerifySso { browser: None, ..scene.answer("anything") }).await;
}

#[tokio::test]
async fn a_check_that_fails_signs_nobody_in() {
    let scene = Scene::set().await;
    let question = ok(scene.ask().await);
    scene.bench.wallets.become_unavailable();
    let error = failed(scene.sso.verify(scene.answer(&question.message)).await);
    assert!(matches!(error, VerifySsoError::Verify(_)), "{error:?}");
    assert!(!ok(scene.sso.view(scene.begun.session.id, &scene.begun.browser).await).used);
    assert_eq!(scene.step().await, AuthorizationState::Started);
}

#[tokio::test]
async fn whoever_ended_in_the_middle_of_a_check_keeps_nobody_from_being_asked_again() {
    let scene = Scene::set().await;
    let message = ok(scene.ask().await).message;
    let mut tx = ok(scene.bench.stores.sso.begin().await);
    ok(tx
        .sso_sessions()
        .set_step(scene.begun.session.id, &AuthorizationState::Verifying { message: message.clone() })
        .await);
    ok(tx.commit().await);
    let meanwhile = failed(scene.sso.verify(scene.answer(&message)).await);
    assert!(matches!(meanwhile, VerifySsoError::Used), "{meanwhile:?}");
    scene.sign_in().await;
}

#[tokio::test]
async fn a_contract_signs_in_on_the_chain_that_it_is_on_and_on_no_other() {
    let mut scene = Scene::set().await;
    scene.bench.wallets.become_contracts();
    let user = scene.claims(&scene.sign_in().await.token).user;
    scene.begun = ok(scene.sso.begin(scene.begun.session.request.clone(), origin().network()).await);
    scene.account = wallet_account(1, Chain::Polygon);
    let question = ok(scene.ask().await);
    scene.is_refused(scene.answer(&question.message)).await;
    scene.account = wallet_account(1, Chain::Base);
    assert_eq!(scene.claims(&scene.sign_in().await.token).user, user);
}

#[tokio::test]
async fn s106_code_bound_a_code_lives_for_sixty_seconds() {
    let scene = Scene::set().await;
    let code = scene.sign_in().await.code;
    scene.bench.clock.advance(Duration::seconds(60));
    scene.is_no_grant(scene.presented(code.expose())).await;
    let scene = Scene::set().await;
    let code = scene.sign_in().await.code;
    scene.bench.clock.advance(Duration::seconds(60) - Duration::microseconds(1));
    ok(scene.sso.redeem(scene.presented(code.expose())).await);
}

#[tokio::test]
async fn s105_code_once_whatever_came_of_it() {
    let scene = Scene::set().await;
    let code = scene.sign_in().await.code;
    let elsewhere = "https://z.example.com/callback".to_owned();
    scene.is_no_grant(RedeemSsoCode { redirect_uri: elsewhere, ..scene.presented(code.expose()) }).await;
    scene.is_no_grant(scene.presented(code.expose())).await;
    for unknown in ["", "x", &"0".repeat(64)] {
        scene.is_no_grant(scene.presented(unknown)).await;
    }
    assert_eq!(scene.code_refusals().await, ["redirect_uri", "used"]);
}

#[tokio::test]
async fn what_was_spent_serves_nobody_any_more() {
    let scene = Scene::set().await;
    let (session, browser) = (scene.begun.session.id, scene.begun.browser.clone());
    let question = ok(scene.ask().await);
    for stranger in
        [None, Some(ok(scene.sso.begin(scene.begun.session.request.clone(), origin().network()).await).browser)]
    {
        ok(scene.sso.spend_challenge(session, stranger).await);
    }
    assert!(matches!(scene.step().await, AuthorizationState::Challenged(_)));
    ok(scene.sso.spend_challenge(session, Some(browser)).await);
    scene.is_refused(scene.answer(&question.message)).await;
    let code = scene.sign_in().await.code;
    for unknown in ["", "x", &"0".repeat(64), code.expose(), code.expose()] {
        ok(scene.sso.spend_code(unknown, &origin()).await);
    }
    scene.is_no_grant(scene.presented(code.expose())).await;
    assert_eq!(scene.code_refusals().await, ["body", "used"]);
}

#[tokio::test]
async fn s107_pkce_another_verifier_is_no_proof() {
    let scene = Scene::set().await;
    let code = scene.sign_in().await.code;
    let verifier = parsed("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXl");
    scene.is_no_grant(RedeemSsoCode { verifier, ..scene.presented(code.expose()) }).await;
}

/// Accepts every signature. During the check, the application removes its redirect URIs.
struct Slow(Stores);

#[async_trait]
impl WalletVerifier for Slow {
    async fn verify(&self, _: SignatureCheck) -> Result<Option<SignerKind>, VerifyError> {
        self.0.set_redirect_uris(application_id(1), &[]).await;
        Ok(Some(SignerKind::ExternallyOwned))
    }
}

#[tokio::test]
async fn nobody_is_asked_to_sign_what_would_lead_to_an_address_that_was_given_up() {
    let scene = Scene::set().await;
    let there = scene.begun.session.request.redirect_uri.clone();
    for uris in [&[][..], &["https://z.example.com/callback?x=%20&y", "https://z.example.com/callback"]] {
        scene.register(uris).await;
        assert!(matches!(failed(scene.ask().await), ChallengeSsoError::NotFound));
        let error = failed(scene.sso.view(scene.begun.session.id, &scene.begun.browser).await);
        assert!(matches!(error, ViewSsoError::NotFound), "{error:?}");
    }
    scene.register(&[&there]).await;
    ok(scene.ask().await);
}

#[tokio::test]
async fn a_signature_for_an_address_that_was_given_up_is_not_even_looked_at() {
    let scene = Scene::set().await;
    let there = scene.begun.session.request.redirect_uri.clone();
    let question = ok(scene.ask().await);
    scene.register(&["https://z.example.com/"]).await;
    scene.is_refused(scene.answer(&question.message)).await;
    assert_eq!((scene.bench.wallets.asked(), scene.refusals().await), (0, vec!["application".to_owned()]));
    // The attempt has consumed the challenge.
    scene.register(&[&there]).await;
    scene.is_refused(scene.answer(&question.message)).await;
}

#[tokio::test]
async fn an_address_that_is_given_up_while_the_wallet_is_asked_gets_no_code() {
    let mut scene = Scene::set().await;
    let bench = &scene.bench;
    let wallets = Arc::new(Slow(bench.stores.clone()));
    let identity = Identity::new(IdentityPorts { wallets, ..bench.identity_ports() }, Workbench::identity_settings());
    scene.sso = SingleSignOn::new(SsoPorts { identity: Arc::new(identity), ..bench.sso_ports() });
    let question = ok(scene.ask().await);
    scene.is_refused(scene.answer(&question.message)).await;
    assert_eq!(scene.refusals().await, ["application"]);
    assert_eq!(scene.step().await, AuthorizationState::Started);
}

#[tokio::test]
async fn s112_app_disabled_a_code_for_an_address_that_was_given_up_is_worth_nothing() {
    let scene = Scene::set().await;
    let there = scene.begun.session.request.redirect_uri.clone();
    let code = scene.sign_in().await.code;
    scene.register(&["https://z.example.com/"]).await;
    scene.is_no_grant(scene.presented(code.expose())).await;
    // The attempt has consumed the code.
    scene.register(&[&there]).await;
    scene.is_no_grant(scene.presented(code.expose())).await;
    assert_eq!(scene.code_refusals().await, ["application", "used"]);
}

#[tokio::test]
async fn what_is_over_is_forgotten_after_an_hour() {
    let scene = Scene::set().await;
    scene.sign_in().await;
    scene.bench.clock.set(scene.begun.session.expires_at + Duration::hours(1));
    // The code expired before the session.
    assert_eq!(ok(scene.sso.forget().await), 1);
    scene.bench.clock.advance(Duration::microseconds(1));
    assert_eq!(ok(scene.sso.forget().await), 1);
    assert_eq!(ok(scene.bench.stores.sso.find_sso_session(scene.begun.session.id).await), None);
}
