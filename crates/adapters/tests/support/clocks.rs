//! Tests of nodes with wrong clocks that share one database.

use std::sync::Arc;

use tessera_adapters::SqlStore;
use tessera_identity::{
    Identity, RequestPasswordReset, ResetPassword, SessionError, SignIn, SignInWithWallet, SignInWithWalletError,
    WalletProof,
    model::{
        Challenge, PasswordAttempt, PasswordHash, PasswordReset, Purpose, ResetToken, Session, SessionRequest,
        SessionState,
    },
    ports::{Challenges, IdentityStore as _},
};
use tessera_kernel::{Actor, Chain, Clock as _, PageRequest, Role, SecretDigest as _, StoreClock as _, SystemPorts};
use tessera_outbox::MailSeal as _;
use tessera_sso::{
    ChallengeSso, RedeemSsoCode, RedeemSsoCodeError, SingleSignOn, SsoPorts, VerifySso,
    model::{AuthorizationCode, CodeChallenge, OneTimeSecret, SsoRequest},
};
use tessera_system::{SystemClock, SystemEntropy};
use tessera_testkit::{
    Workbench, builders,
    builders::{
        NOW, accepted, application_id, device, origin, password_reset, site, sso_request, user, user_id, wallet_account,
    },
    expectations::{failed, ok, parsed, some},
    fakes::{FakeDigest, FakeSeal, FakeWallets, FixedClock, IdentityWallets},
};
use tessera_tests::database::Backend;
use time::Duration;

use super::store::{Subject, open};

const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

/// A node with its own connections and a wrong clock.
struct Node {
    store: SqlStore,
    identity: Arc<Identity>,
    sso: SingleSignOn,
}

impl Node {
    async fn over(subject: &Subject, wrong_by: Duration) -> Self {
        let store = ok(open(&subject.database).await);
        let system = SystemPorts::new(FixedClock::new(SystemClock.now() + wrong_by), SystemEntropy);
        let bench = Workbench::new();
        ok(bench.service_tokens().maintain_signing_keys(&origin()).await);
        let mut ports = bench.identity_ports();
        ports.store = Arc::new(store.clone());
        ports.challenges = Arc::new(store.clone());
        ports.resets = Arc::new(store.clone());
        ports.addresses = Arc::new(store.clone());
        ports.notices.system.entropy = Arc::new(SystemEntropy);
        ports.system = system.clone();
        let identity = Arc::new(Identity::new(ports, Workbench::identity_settings()));
        let sso = SingleSignOn::new(SsoPorts {
            store: Arc::new(store.clone()),
            relying_parties: Arc::new(store.clone()),
            wallets: Arc::new(IdentityWallets(Arc::clone(&identity))),
            system,
            ..bench.sso_ports()
        });
        Self { store, identity, sso }
    }

    async fn sign_in(&self, challenge: &Challenge) -> Result<(), SignInWithWalletError> {
        let signature = FakeWallets::sign(&challenge.account.address(), challenge.message.as_bytes());
        let proof = WalletProof { account: challenge.account, signature, nonce: challenge.nonce.to_string() };
        self.identity
            .sign_in_with_wallet(SignInWithWallet {
                proof,
                device: device(),
                origin: origin(),
                session: SessionRequest::default(),
            })
            .await
            .map(|_| ())
    }

    /// Stores a challenge that was issued `ago` before now.
    async fn given(&self, number: u32, ago: Duration) -> Challenge {
        let then = ok(self.store.now().await) - ago;
        let account = wallet_account(number, Chain::Base);
        let challenge = Challenge::new(Purpose::SignIn, account, &site(), then, &SystemEntropy);
        ok(self.store.keep(&challenge).await);
        challenge
    }
}

/// Returns a node whose clock is ten minutes fast, and one whose clock is ten minutes slow.
async fn two_nodes(subject: &Subject) -> (Node, Node) {
    let ten = Duration::minutes(10);
    (Node::over(subject, ten).await, Node::over(subject, -ten).await)
}

fn is_refused(outcome: Result<(), SignInWithWalletError>) {
    let error = failed(outcome);
    assert!(matches!(error, SignInWithWalletError::InvalidSignature), "{error:?}");
}

pub(crate) async fn a_challenge_expires_after_5_minutes_by_the_database_clock_s85(backend: Backend) {
    let subject = Subject::on(backend).await;
    let (fast, slow) = two_nodes(&subject).await;
    for (number, asks, answers) in [(1, &fast, &slow), (2, &slow, &fast)] {
        let account = wallet_account(number, Chain::Ethereum);
        let challenge = ok(asks.identity.challenge_wallet(accepted(account), &origin()).await);
        assert!((ok(answers.store.now().await) - challenge.issued_at).abs() < Duration::minutes(1));
        assert_eq!(challenge.expires_at - challenge.issued_at, Duration::minutes(5));
        ok(answers.sign_in(&challenge).await);
    }
    // By the clock of the fast node, these challenges have expired. By the clock of the slow node, they are not valid
    // yet.
    let (first, second) = (fast.given(3, Duration::minutes(4)).await, fast.given(4, Duration::minutes(4)).await);
    ok(fast.sign_in(&first).await);
    ok(slow.sign_in(&second).await);
    // By the clock of the slow node, these challenges are valid for at least five more minutes.
    let (first, second) = (fast.given(5, Duration::minutes(5)).await, fast.given(6, Duration::minutes(14)).await);
    is_refused(slow.sign_in(&first).await);
    is_refused(slow.sign_in(&second).await);
}

fn presented(code: &OneTimeSecret) -> RedeemSsoCode {
    let redirect_uri = sso_request(application_id(1)).redirect_uri;
    let verifier = VERIFIER.to_owned().into();
    RedeemSsoCode { code: code.expose().to_owned(), redirect_uri, verifier, origin: origin() }
}

async fn with_an_application(backend: Backend) -> Subject {
    let subject = Subject::on(backend).await;
    let (user, organization) = (builders::user(1), builders::organization(1));
    subject.stores.add_users([&user]).await;
    subject.stores.add_organizations([&organization]).await;
    subject.stores.add_memberships([&builders::membership(organization.id, user.id, Role::Owner)]).await;
    subject.stores.add_applications([&builders::application(1, organization.id)]).await;
    subject
}

/// Each step of a sign-in for an application runs on the other node than the step before.
pub(crate) async fn application_sign_ins_expire_by_the_database_clock_s85(backend: Backend) {
    let subject = with_an_application(backend).await;
    let (fast, slow) = two_nodes(&subject).await;
    for (number, one, other) in [(1, &fast, &slow), (2, &slow, &fast)] {
        let code_challenge = CodeChallenge::from_hash(FakeDigest.digest(VERIFIER));
        let request = SsoRequest { code_challenge, ..sso_request(application_id(1)) };
        let begun = ok(one.sso.begin(request, origin().network()).await);
        let (session, browser) = (begun.session.id, Some(begun.browser.clone()));
        ok(other.sso.view(session, &begun.browser).await);
        let account = wallet_account(number, Chain::Base);
        let question = ok(other
            .sso
            .challenge(ChallengeSso { session, browser: browser.clone(), wallet: accepted(account) })
            .await);
        assert!(
            (ok(subject.store.now().await) + Duration::minutes(5) - question.expires_at).abs() < Duration::minutes(1)
        );
        let (message, signature) =
            (question.message.clone(), FakeWallets::sign(&account.address(), question.message.as_bytes()));
        let verified = ok(one
            .sso
            .verify(VerifySso { session, browser, message, signature, user_agent: None, origin: origin() })
            .await);
        ok(other.sso.redeem(presented(&verified.code)).await);
    }
}

pub(crate) async fn an_authorization_code_expires_by_the_database_clock_s106(backend: Backend) {
    let subject = with_an_application(backend).await;
    let (fast, slow) = two_nodes(&subject).await;
    let given = async |number: u32, left: Duration| {
        let code = OneTimeSecret::generate(&SystemEntropy);
        let expires_at = ok(subject.store.now().await) + left;
        let stored = AuthorizationCode {
            hash: FakeDigest.digest(code.expose()),
            code_challenge: CodeChallenge::from_hash(FakeDigest.digest(VERIFIER)),
            created_at: expires_at - Duration::seconds(60),
            expires_at,
            ..builders::sso_code(number, application_id(1), user_id(1))
        };
        subject.stores.add_sso_code(&stored).await;
        code
    };
    let (first, second) = (given(1, Duration::seconds(50)).await, given(2, Duration::seconds(50)).await);
    ok(fast.sso.redeem(presented(&first)).await);
    ok(slow.sso.redeem(presented(&second)).await);
    let (first, second) = (given(3, Duration::ZERO).await, given(4, Duration::ZERO).await);
    for outcome in [fast.sso.redeem(presented(&first)).await, slow.sso.redeem(presented(&second)).await] {
        let error = failed(outcome.map(|_| ()));
        assert!(matches!(error, RedeemSsoCodeError::InvalidGrant), "{error:?}");
    }
}

/// Returns the token in the only queued mail.
async fn mailed(subject: &Subject) -> ResetToken {
    let now = NOW + Duration::MINUTE;
    let taken = ok(subject.stores.mails.take(now, now + Duration::DAY, 10).await);
    assert_eq!(taken.len(), 1);
    parsed(ok(FakeSeal.open(&taken[0].mail)).text.expose())
}

/// One node accepts the reset request and the other sends the link. Both use the same expiry of the link.
pub(crate) async fn a_reset_link_expires_by_the_database_clock_s191(backend: Backend) {
    let subject = Subject::on(backend).await;
    subject.stores.add_users([&user(1)]).await;
    let (fast, slow) = (Node::over(&subject, Duration::HOUR).await, Node::over(&subject, -Duration::HOUR).await);
    for (asks, answers) in [(&fast, &slow), (&slow, &fast)] {
        let email = "user1@example.com".to_owned();
        ok(asks.identity.request_password_reset(RequestPasswordReset { email, origin: origin() }).await);
        assert_eq!(ok(answers.identity.process_reset_requests(9).await), 1);
        let token = mailed(&subject).await;
        for node in [asks, answers] {
            ok(node.identity.view_reset(&token).await);
        }
    }
    let token = ResetToken::generate(&SystemEntropy);
    for (left, serves) in [(0, false), (60, true)] {
        let reset = password_reset(1, &user(1), ok(subject.store.now().await), left);
        subject.stores.add_password_reset(&PasswordReset { hash: FakeDigest.digest(token.expose()), ..reset }).await;
        for node in [&fast, &slow] {
            assert_eq!(node.identity.view_reset(&token).await.is_ok(), serves, "{left} s");
        }
    }
    let command = |password| ResetPassword { token: token.clone(), password: parsed(password), origin: origin() };
    ok(fast.identity.reset_password(command("battery staple")).await);
    failed(slow.identity.reset_password(command("battery staples")).await);
}

/// Stores a session of the given age, for a user without a password.
async fn session_of_age(subject: &Subject, number: u32, age: Duration, left: Duration) -> Session {
    let now = ok(subject.store.now().await);
    let began = now - age;
    let session = Session {
        created_at: began,
        authenticated_at: began,
        expires_at: now + left,
        ..builders::session(number, user_id(1))
    };
    subject.stores.add_session(&session).await;
    session
}

/// Returns the actor of a request with that session.
async fn request(node: &Node, session: &Session) -> Actor {
    let known = some(ok(node.store.find_session(session.id).await));
    builders::actor_at(&known.session, known.at)
}

pub(crate) async fn recent_authentication_is_checked_by_the_database_clock_s53(backend: Backend) {
    let subject = Subject::on(backend).await;
    subject.stores.add_users([&user(1)]).await;
    let (fast, slow) = (Node::over(&subject, Duration::HOUR).await, Node::over(&subject, -Duration::HOUR).await);
    let recent = session_of_age(&subject, 1, Duration::minutes(4), Duration::HOUR).await;
    let old = session_of_age(&subject, 2, Duration::minutes(5), Duration::HOUR).await;
    let account = |number| wallet_account(number, Chain::Base);
    for (number, node) in [(1, &fast), (2, &slow)] {
        let (actor, late) = (request(node, &recent).await, request(node, &old).await);
        assert!(actor.is_recent() && !late.is_recent());
        ok(node.identity.challenge_own_wallet(&actor, accepted(account(number))).await);
        let error = failed(node.identity.challenge_own_wallet(&late, accepted(account(number))).await);
        assert!(matches!(error, SessionError::ReauthenticationRequired), "{error:?}");
    }
    // Every node accepts a session that any node has created as recently authenticated.
    let hash = PasswordHash::from_phc("$fake$g=0$correct horse".to_owned());
    subject.stores.add_user_with_password(&user(2), &hash).await;
    for node in [&fast, &slow] {
        let password = PasswordAttempt::new("correct horse");
        let email = "user2@example.com".to_owned();
        let signed_in = ok(node
            .identity
            .sign_in(SignIn { email, password, device: device(), origin: origin(), session: SessionRequest::default() })
            .await);
        let principal = ok(node.identity.authenticate(signed_in.token.expose()).await);
        let actor = Actor { principal, origin: origin() };
        assert!(actor.is_recent());
        assert!((signed_in.expires_at - ok(subject.store.now().await) - Duration::hours(12)).abs() < Duration::MINUTE);
    }
}

pub(crate) async fn sessions_end_by_the_clock_of_the_database(backend: Backend) {
    let subject = Subject::on(backend).await;
    subject.stores.add_users([&user(1)]).await;
    let (fast, slow) = (Node::over(&subject, Duration::HOUR).await, Node::over(&subject, -Duration::HOUR).await);
    // By the clock of the fast node, these sessions have expired. By the clock of the slow node, the last one is valid
    // for half an hour more.
    let first = session_of_age(&subject, 1, Duration::HOUR, Duration::minutes(30)).await;
    let second = session_of_age(&subject, 2, Duration::HOUR, Duration::minutes(30)).await;
    let over = session_of_age(&subject, 3, Duration::HOUR, -Duration::minutes(30)).await;
    for node in [&fast, &slow] {
        let actor = request(node, &first).await;
        let listed = ok(node.identity.list_sessions(&actor, PageRequest::default()).await).page.items;
        assert_eq!(listed, [first.clone(), second.clone()]);
        ok(node.identity.continue_session(&actor).await);
        failed(node.identity.continue_session(&request(node, &over).await).await);
    }
    let ended = async |id| some(ok(subject.stores.identity.find_session(id).await)).session.state != SessionState::Open;
    ok(fast.identity.end_session(&request(&fast, &first).await, second.id).await);
    assert!(ended(second.id).await);
    ok(fast.identity.sign_out_everywhere(&request(&fast, &first).await).await);
    assert!(ended(first.id).await && !ended(over.id).await);
}
