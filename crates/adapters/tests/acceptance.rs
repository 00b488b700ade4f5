//! Concurrency of invitations and memberships.
//!
//! An acceptance has two transactions: one for the account and one for the membership. These tests interrupt it between
//! the two, and change memberships at the same time.

use std::{path::Path, sync::Arc, time::Duration};

use diesel::{Connection as _, SqliteConnection, connection::SimpleConnection as _};
use reqwest::Method;
use serde_json::{Value, json};
use tessera_adapters::{DatabaseSettings, SqlStore};
use tessera_identity::{model::User, ports::IdentityStore};
use tessera_kernel::{AccountError, InvitedUser, Role, Secret, SecretDigest as _};
use tessera_orgs::{
    AddMember, AddMemberError, Candidate, InvitationKey, JoinByInvitation, OrgPorts, Orgs,
    model::{Invitation, InvitationState, InvitationToken},
    ports::OrgStore,
};
use tessera_testkit::{
    Workbench,
    builders::{actor_of, invitation, membership, organization, organization_id, origin, user, user_id},
    expectations::{failed, ok, parsed, some},
    fakes::{FakeDigest, OvertakenHasher},
};
use tessera_tests::{
    api::try_send,
    database::{Backend, TestDatabase},
    eventually,
    mail::last_of,
    on_both,
    test_org::{PASSWORD, Person, Service, TestOrg, sign_in, unique},
};

const OTHER: &str = "granite-orchard-58-kettle";

on_both! {
    an_acceptance_killed_after_creating_the_account_can_be_repeated_s116
    an_acceptance_killed_after_verifying_the_email_can_be_repeated_s116
    a_password_changed_during_its_check_does_not_verify_the_email_s182
    an_invitation_is_accepted_or_withdrawn_when_its_inviter_is_removed_s183
    a_user_who_leaves_while_being_added_is_not_a_member_s162
}

async fn open(database: &TestDatabase) -> SqlStore {
    let url = parsed(database.url());
    ok(SqlStore::open(&DatabaseSettings::new(url)).await)
}

/// Blocks the second transaction from outside of the process, for longer than any test takes.
enum Obstacle {
    /// SQLite: a trigger on memberships runs an endless query.
    Trigger(std::path::PathBuf),
    /// PostgreSQL: another connection holds a lock against writes to memberships.
    Lock(tokio_postgres::Client),
}

impl Obstacle {
    async fn before_memberships(database: &TestDatabase) -> Self {
        if let Some(directory) = database.directory() {
            let file = directory.join("tessera.db");
            sqlite(
                &file,
                "CREATE VIEW numbers AS WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n) SELECT i FROM n;
                CREATE TRIGGER obstacle BEFORE INSERT ON memberships BEGIN SELECT count(*) FROM numbers; END;",
            );
            return Self::Trigger(file);
        }
        let (client, connection) = ok(tokio_postgres::connect(database.url(), tokio_postgres::NoTls).await);
        drop(tokio::spawn(connection));
        ok(client.batch_execute("BEGIN; LOCK TABLE memberships IN SHARE MODE").await);
        Self::Lock(client)
    }

    async fn clear(self) {
        match self {
            Self::Trigger(file) => sqlite(&file, "DROP TRIGGER obstacle; DROP VIEW numbers;"),
            Self::Lock(client) => ok(client.batch_execute("ROLLBACK").await),
        }
    }
}

fn sqlite(file: &Path, statements: &str) {
    let mut connection = ok(SqliteConnection::establish(some(file.to_str())));
    ok(connection.batch_execute("PRAGMA busy_timeout = 20000"));
    ok(connection.batch_execute(statements));
}

/// Kills the node when the account exists and is verified, but the membership does not exist. Then repeats the same
/// request and returns its response.
async fn die_and_repeat(acme: TestOrg, email: &str) -> (Service, Value) {
    let invitations = format!("/orgs/{}/invitations", acme.org);
    acme.owner.post(&invitations, &json!({"email": email, "role": "admin"})).await.is(201);
    let token = last_of(&acme.service.installation, email, 1).await.token();
    let (members, TestOrg { service, owner, org, .. }) = (acme.members(None), acme);
    let Service { installation, node } = service;
    let database = installation.database();
    let store = open(database).await;

    let obstacle = Obstacle::before_memberships(database).await;
    let body = json!({"token": token, "password": PASSWORD, "display_name": "Grace"});
    let asking = node.api().request(Method::POST, "/api/v1/invitations/accept").json(&body);
    let asking = tokio::spawn(try_send(asking));
    let reading = &store;
    eventually("a proved account", Duration::from_secs(20), || async move {
        let known = ok(reading.find_credentials(&parsed(email)).await);
        known.filter(|known| known.user.email_verified)
    })
    .await;
    node.kill();
    assert!(ok(asking.await).is_err(), "must not have been answered");
    obstacle.clear().await;

    let node = installation.start();
    let owner = owner.at_node(&node);
    assert_eq!(owner.get(&members).await.expecting(200).as_array().map(Vec::len), Some(1));
    assert_eq!(owner.get(&invitations).await.expecting(200)[0]["status"], "pending");
    // The interrupted request may hold its claim on the invitation for a moment.
    let (api, again) = (&node.api(), &body);
    let accepted = eventually("an end of the claim", Duration::from_secs(20), || async move {
        let answer = api.post("/invitations/accept", again).await;
        if answer.status == 409 {
            answer.problem(409, "invitation_in_progress");
            return None;
        }
        Some(answer.expecting(200))
    })
    .await;
    assert_eq!((&accepted["organization_id"], &accepted["role"]), (&json!(org), &json!("admin")));
    assert_eq!(owner.get(&members).await.expecting(200).as_array().map(Vec::len), Some(2));
    node.api().post("/invitations/accept", &body).await.problem(400, "invitation_invalid");
    (Service { node, installation }, accepted)
}

async fn an_acceptance_killed_after_creating_the_account_can_be_repeated_s116(backend: Backend) {
    let email = format!("{}@example.com", unique("guest"));
    let (service, accepted) = die_and_repeat(TestOrg::open(backend).await, &email).await;
    // The first request has created the account, with the password of that request.
    assert_eq!((&accepted["new_user"], &accepted["token"]), (&json!(false), &Value::Null));
    let own = service.api().bearer(&sign_in(&service.api(), &email).await);
    let me = own.get("/users/me").await.expecting(200);
    assert_eq!((&me["id"], &me["display_name"]), (&accepted["user_id"], &json!("Grace")));
}

async fn an_acceptance_killed_after_verifying_the_email_can_be_repeated_s116(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let person = Person::register(&acme.api()).await;
    let (_service, accepted) = die_and_repeat(acme, &person.email).await;
    assert_eq!((&accepted["new_user"], &accepted["user_id"]), (&json!(false), &json!(person.id)));
}

async fn a_password_changed_during_its_check_does_not_verify_the_email_s182(backend: Backend) {
    let (database, bench) = (TestDatabase::create(backend).await, Workbench::new());
    let store = open(&database).await;
    let unproved = User { email_verified: false, ..user(1) };
    let mut tx = ok(IdentityStore::begin(&store).await);
    ok(tx.users().insert(&unproved, Some(&bench.hasher.hash_of(PASSWORD))).await);
    ok(tx.commit().await);
    let identity = OvertakenHasher::identity(&bench, Arc::new(store.clone()), unproved.clone(), OTHER);
    let guest = |password: &str| InvitedUser {
        email: parsed("user1@example.com"),
        password: Some(Secret::new(password.to_owned())),
        display_name: None,
        user_agent: None,
        origin: origin(),
    };
    let error = failed(Workbench::provision_account(&identity, &guest(PASSWORD)).await);
    assert!(matches!(error, AccountError::EmailNotVerified), "{error:?}");
    assert_eq!(ok(store.find_user(user_id(1)).await), Some(unproved));
    ok(Workbench::provision_account(&identity, &guest(OTHER)).await);
    assert!(some(ok(store.find_user(user_id(1)).await)).email_verified);
}

/// Creates organization 1 with user 1 as owner. Users 2 and 9 exist, but are not members.
async fn organization_on(store: &SqlStore, bench: &Workbench) -> Arc<Orgs> {
    let mut tx = ok(IdentityStore::begin(store).await);
    for number in [1, 2, 9] {
        ok(tx.users().insert(&user(number), None).await);
    }
    ok(tx.commit().await);
    let mut tx = ok(OrgStore::begin(store).await);
    ok(tx.organizations().insert(&organization(1)).await);
    ok(tx.memberships().insert(&membership(organization_id(1), user_id(1), Role::Owner)).await);
    ok(tx.commit().await);
    let store = Arc::new(store.clone());
    let ports = OrgPorts { store: store.clone(), user_profiles: store, ..bench.org_ports() };
    Arc::new(Orgs::new(ports))
}

/// Number of repetitions of two concurrent requests.
const ROUNDS: u32 = 20;

async fn an_invitation_is_accepted_or_withdrawn_when_its_inviter_is_removed_s183(backend: Backend) {
    let (database, bench) = (TestDatabase::create(backend).await, Workbench::new());
    let store = open(&database).await;
    let orgs = organization_on(&store, &bench).await;
    let (id, owner) = (organization_id(1), actor_of(user_id(1)));
    for round in 1..=ROUNDS {
        let token = InvitationToken::generate(&*bench.entropy);
        let hash = FakeDigest.digest(token.expose());
        let sent = Invitation { email: some(user(9).email), ..invitation(round, id, user_id(2)).0 };
        let mut tx = ok(OrgStore::begin(&store).await);
        ok(tx.memberships().insert(&membership(id, user_id(2), Role::Admin)).await);
        ok(tx.invitations().insert(&sent, &hash).await);
        ok(tx.commit().await);

        let command = JoinByInvitation {
            invitation: InvitationKey::Token(token),
            user: user_id(9),
            claim: None,
            actor: None,
            origin: origin(),
        };
        let accepting = tokio::spawn({
            let orgs = Arc::clone(&orgs);
            async move { orgs.join_by_invitation(command).await }
        });
        let removing = tokio::spawn({
            let (orgs, owner) = (Arc::clone(&orgs), owner.clone());
            async move { orgs.remove_member(&owner, id, user_id(2)).await }
        });
        let (accepted, removed) = tokio::join!(accepting, removing);
        ok(ok(removed));
        let joined = ok(accepted).is_ok();
        assert_eq!(ok(store.find_membership(id, user_id(9)).await).is_some(), joined, "round {round}");
        let state = some(ok(store.find_invitation(&hash).await)).state;
        match (joined, state) {
            (true, InvitationState::Accepted { .. }) => ok(orgs.remove_member(&owner, id, user_id(9)).await),
            (false, InvitationState::Withdrawn { .. }) => {}
            other => panic!("round {round}: {other:?}"),
        }
    }
}

async fn a_user_who_leaves_while_being_added_is_not_a_member_s162(backend: Backend) {
    let (database, bench) = (TestDatabase::create(backend).await, Workbench::new());
    let store = open(&database).await;
    let orgs = organization_on(&store, &bench).await;
    let id = organization_id(1);
    for round in 1..=ROUNDS {
        let mut tx = ok(OrgStore::begin(&store).await);
        ok(tx.departures().delete(id, user_id(2)).await);
        ok(tx.memberships().insert(&membership(id, user_id(2), Role::Member)).await);
        ok(tx.commit().await);
        let leaving = tokio::spawn({
            let orgs = Arc::clone(&orgs);
            async move { orgs.remove_member(&actor_of(user_id(2)), id, user_id(2)).await }
        });
        let adding = tokio::spawn({
            let orgs = Arc::clone(&orgs);
            let command = AddMember { organization: id, candidate: Candidate::User(user_id(2)), role: Role::Admin };
            async move { orgs.add_member(&actor_of(user_id(1)), command).await }
        });
        let (left, added) = tokio::join!(leaving, adding);
        ok(ok(left));
        let error = failed(ok(added));
        assert!(matches!(error, AddMemberError::AlreadyMember | AddMemberError::UserLeft), "round {round}: {error:?}");
        assert_eq!(ok(store.find_membership(id, user_id(2)).await), None, "round {round}");
    }
}
