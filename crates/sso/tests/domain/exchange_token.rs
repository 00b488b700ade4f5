//! Exchange of an access token for a service token.

use std::sync::Arc;

use tessera_kernel::{Actor, Outcome, Role};
use tessera_sso::{ExchangeToken, ExchangeTokenError, ExchangedToken, ServiceTokens, ports::ServiceClaims};
use tessera_testkit::{
    Workbench,
    builders::{
        actor_by_key, actor_of, actor_with, api_key, application, application_id, key_id, membership, organization,
        organization_id, origin, session, user, user_id,
    },
    expectations::{failed, ok, parsed, some},
};
use time::{Duration, OffsetDateTime};

const GAMES: &str = "https://games.example.com";

/// Organization 1 with one member, who is the acting user.
struct Scene {
    bench: Workbench,
    tokens: Arc<ServiceTokens>,
    actor: Actor,
    /// When the session of the actor expires.
    expires_at: OffsetDateTime,
}

impl Scene {
    async fn with_role(role: Role) -> Self {
        let bench = Workbench::new();
        bench.members(&[role]).await;
        let session = session(1, user_id(1));
        bench.stores.add_session(&session).await;
        let tokens = Arc::new(bench.service_tokens());
        ok(tokens.maintain_signing_keys(&origin()).await);
        Self { bench, tokens, actor: actor_with(&session), expires_at: session.expires_at }
    }

    async fn ask(&self, organization: u32, audience: &str) -> Result<ExchangedToken, ExchangeTokenError> {
        let command = ExchangeToken { organization: organization_id(organization), audience: parsed(audience) };
        self.tokens.exchange_token(&self.actor, command).await
    }

    fn claims(&self, exchanged: &ExchangedToken) -> ServiceClaims {
        some(self.bench.service_signer.read(exchanged.token.expose())).1
    }
}

#[tokio::test]
async fn a_service_token_contains_the_user_the_organization_and_the_role() {
    for role in [Role::Owner, Role::Admin, Role::Member] {
        let scene = Scene::with_role(role).await;
        let exchanged = ok(scene.ask(1, GAMES).await);
        let claims = scene.claims(&exchanged);
        assert_eq!((claims.user, claims.organization), (user_id(1), Some(organization_id(1))));
        assert_eq!((claims.roles.as_slice(), claims.audience.as_str()), ([role].as_slice(), GAMES));
        assert_eq!((claims.nonce, claims.wallet), (None, None));
        assert_eq!(exchanged.life, Duration::minutes(5));
        assert_eq!(claims.expires_at - claims.issued_at, Duration::minutes(5));
        assert_eq!(claims.issued_at.nanosecond(), 0);
    }
}

#[tokio::test]
async fn an_application_of_the_organization_is_an_audience() {
    let scene = Scene::with_role(Role::Member).await;
    let audience = application_id(1).to_string();
    let exchanged = ok(scene.ask(1, &audience).await);
    assert_eq!(scene.claims(&exchanged).audience.as_str(), audience);
}

#[tokio::test]
async fn every_service_token_has_its_own_id_and_audit_entry() {
    let scene = Scene::with_role(Role::Member).await;
    let (one, other) = (ok(scene.ask(1, GAMES).await), ok(scene.ask(1, GAMES).await));
    let ids = [scene.claims(&one).token_id, scene.claims(&other).token_id];
    assert_ne!(ids[0], ids[1]);
    let events = scene.bench.events(Some(organization_id(1))).await;
    assert_eq!(events.iter().map(|event| event.subject).collect::<Vec<_>>(), ids.map(Some));
    assert!(events.iter().all(|event| event.name == "token.exchanged" && event.outcome == Outcome::Success));
    assert_eq!(events[0].actor, Some(("user".to_owned(), user_id(1).as_uuid())));
    assert_eq!(events[0].details, [("audience".to_owned(), GAMES.to_owned())]);
}

#[tokio::test]
async fn a_service_token_expires_no_later_than_its_session_s78() {
    let scene = Scene::with_role(Role::Member).await;
    scene.bench.clock.set(scene.expires_at - Duration::seconds(42));
    let exchanged = ok(scene.ask(1, GAMES).await);
    assert!(scene.claims(&exchanged).expires_at <= scene.expires_at);
    assert_eq!(exchanged.life, Duration::seconds(42));
    scene.bench.clock.set(scene.expires_at - Duration::microseconds(1));
    let last = scene.ask(1, GAMES).await;
    assert!(matches!(last, Err(ExchangeTokenError::SessionEnded)), "{last:?}");
}

#[tokio::test]
async fn an_expired_ended_or_foreign_session_is_rejected_s77() {
    let scene = Scene::with_role(Role::Owner).await;
    scene.bench.clock.set(scene.expires_at);
    assert!(matches!(failed(scene.ask(1, GAMES).await), ExchangeTokenError::SessionEnded));
    let scene = Scene::with_role(Role::Owner).await;
    ok(scene.bench.identity().sign_out(&scene.actor).await);
    assert!(matches!(failed(scene.ask(1, GAMES).await), ExchangeTokenError::SessionEnded));
    let command = ExchangeToken { organization: organization_id(1), audience: parsed(GAMES) };
    let foreign = scene.tokens.exchange_token(&actor_of(user_id(2)), command).await;
    assert!(matches!(failed(foreign), ExchangeTokenError::SessionEnded));
    let refusals = scene.bench.events(None).await;
    let refused = refusals.iter().filter(|event| event.name == "token.refused");
    assert!(refused.clone().all(|event| event.details[0] == ("reason".to_owned(), "session".to_owned())));
    assert_eq!(refused.count(), 2);
}

#[tokio::test]
async fn a_removed_member_is_rejected_s77() {
    let scene = Scene::with_role(Role::Member).await;
    ok(scene.ask(1, GAMES).await);
    let mut tx = ok(scene.bench.stores.orgs.begin().await);
    ok(tx.memberships().delete(organization_id(1), user_id(1)).await);
    ok(tx.commit().await);
    for audience in [GAMES, &application_id(1).to_string()] {
        assert!(matches!(failed(scene.ask(1, audience).await), ExchangeTokenError::Refused));
    }
}

#[tokio::test]
async fn an_exchange_does_not_reveal_organizations_or_audiences_s81() {
    let scene = Scene::with_role(Role::Member).await;
    scene.bench.stores.add_organizations([&organization(2)]).await;
    for (organization, audience) in [(2, GAMES), (3, GAMES), (2, "https://unknown.example.com")] {
        let error = failed(scene.ask(organization, audience).await);
        assert!(matches!(error, ExchangeTokenError::Refused), "{error:?}");
    }
    let refused = scene.bench.events(None).await;
    let refused: Vec<_> = refused.iter().filter(|event| event.name == "token.refused").collect();
    // One caller, one reason and one minute give one entry that counts all three attempts.
    assert_eq!((refused.len(), refused[0].attempts), (1, 3));
    assert!(refused.iter().all(|event| event.outcome == Outcome::Refused && event.organization.is_none()));
    assert_eq!(refused[0].details[0], ("reason".to_owned(), "membership".to_owned()));
}

#[tokio::test]
async fn an_unknown_audience_is_rejected_s76() {
    let scene = Scene::with_role(Role::Owner).await;
    scene.bench.stores.add_organizations([&organization(2)]).await;
    scene.bench.stores.add_memberships([&membership(organization_id(2), user_id(1), Role::Owner)]).await;
    scene.bench.stores.add_applications([&application(2, organization_id(2))]).await;
    let foreign = application_id(2).to_string();
    ok(scene.ask(2, &foreign).await);
    let capitals = application_id(1).to_string().to_uppercase();
    ok(scene.ask(1, &capitals).await);
    for audience in [&foreign, "https://games.example.com/", "HTTPS://games.example.com", "games"] {
        let error = failed(scene.ask(1, audience).await);
        assert!(matches!(error, ExchangeTokenError::UnknownAudience), "{audience}: {error:?}");
    }
    let events = scene.bench.events(Some(organization_id(1))).await;
    let counted: Vec<(&str, u64)> = events.iter().map(|event| (event.name.as_str(), event.attempts)).collect();
    assert_eq!(counted, [("token.exchanged", 1), ("token.refused", 4)]);
}

#[tokio::test]
async fn an_application_that_was_deleted_is_no_audience() {
    let scene = Scene::with_role(Role::Owner).await;
    let mut tx = ok(scene.bench.stores.apps.begin().await);
    assert!(ok(tx.applications().delete(application_id(1)).await));
    ok(tx.commit().await);
    let error = failed(scene.ask(1, &application_id(1).to_string()).await);
    assert!(matches!(error, ExchangeTokenError::UnknownAudience), "{error:?}");
}

#[tokio::test]
async fn a_service_token_contains_the_current_role_s79() {
    let scene = Scene::with_role(Role::Owner).await;
    let mut tx = ok(scene.bench.stores.orgs.begin().await);
    ok(tx.memberships().set_role(organization_id(1), user_id(1), Role::Member).await);
    ok(tx.commit().await);
    let exchanged = ok(scene.ask(1, GAMES).await);
    assert_eq!(scene.claims(&exchanged).roles, [Role::Member]);
}

#[tokio::test]
async fn an_application_cannot_exchange_a_token() {
    let scene = Scene::with_role(Role::Owner).await;
    let key = api_key(1, &application(1, organization_id(1)), user(1).id);
    let command = ExchangeToken { organization: organization_id(1), audience: parsed(GAMES) };
    let error = failed(scene.tokens.exchange_token(&actor_by_key(&key.key), command).await);
    assert!(matches!(error, ExchangeTokenError::NotAUser), "{error:?}");
}

#[tokio::test]
async fn a_failed_signature_leaves_no_audit_entry() {
    let scene = Scene::with_role(Role::Owner).await;
    scene.bench.service_signer.break_down();
    assert!(matches!(failed(scene.ask(1, GAMES).await), ExchangeTokenError::Token(_)));
    assert_eq!(scene.bench.actions(Some(organization_id(1))).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_service_token_is_signed_with_the_current_key() {
    let scene = Scene::with_role(Role::Owner).await;
    let kid = |exchanged: &ExchangedToken| some(scene.bench.service_signer.read(exchanged.token.expose())).0;
    assert_eq!(kid(&ok(scene.ask(1, GAMES).await)), key_id(1));
    // Another node rotates the keys. This node uses its snapshot until the snapshot is too old.
    ok(scene.bench.service_tokens().rotate_keys(&origin()).await);
    scene.bench.clock.advance(Duration::minutes(6));
    assert_eq!(kid(&ok(scene.ask(1, GAMES).await)), key_id(2));
}
