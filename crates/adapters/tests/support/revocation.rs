//! Tests of the credential cache: what one store ends, no other store of the same database accepts for longer than the
//! bound. Each store stands for a node.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use tessera_adapters::SqlStore;
use tessera_apikeys::model::{KeyKind, KeyOwner, KeyState, OwnerRights, ServiceAccountState, StoredKey};
use tessera_identity::model::{Session, SessionState};
use tessera_kernel::{OrganizationId, Role, UserId};
use tessera_testkit::{
    Stores,
    builders::{self, NOW},
    expectations::{ok, parsed, some},
};
use tessera_tests::{database::Backend, eventually};
use tokio::task::JoinSet;

use super::store::{self, Subject};

/// How long another node may accept a credential after its end was acknowledged.
pub(crate) const BOUND: Duration = Duration::from_secs(1);

/// Every way in which a right ends. A profile is no right, and a reauthentication gives one, but nodes cache both in the same way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Key,
    KeyOfApplication,
    KeyOfMember,
    KeyOfServiceAccount,
    Session,
    AllSessions,
    Membership,
    Role,
    WithoutMfa,
    Profile,
    Reauthentication,
}

impl Kind {
    pub(crate) const ALL: [Self; 11] = [
        Self::Key,
        Self::KeyOfApplication,
        Self::KeyOfMember,
        Self::KeyOfServiceAccount,
        Self::Session,
        Self::AllSessions,
        Self::Membership,
        Self::Role,
        Self::WithoutMfa,
        Self::Profile,
        Self::Reauthentication,
    ];
}

/// A right that exists, and what ends it.
#[derive(Debug, Clone)]
pub(crate) struct Right {
    kind: Kind,
    number: u32,
    organization: OrganizationId,
    user: UserId,
    key: StoredKey,
    session: Session,
}

impl Right {
    /// Stores the right with everything that it depends on.
    pub(crate) async fn grant(stores: &Stores, kind: Kind, number: u32) -> Self {
        let user = builders::bare_user(number);
        if kind == Kind::WithoutMfa {
            stores.add_organizations([&builders::organization(number)]).await;
        }
        let organization = builders::organization_id(if kind == Kind::WithoutMfa { number } else { 1 });
        let application = builders::application(number, organization);
        let account = builders::service_account(number, organization, user.id);
        let key = match kind {
            Kind::KeyOfMember => builders::organization_key(number, organization, KeyOwner::User(user.id), user.id),
            Kind::KeyOfServiceAccount => {
                let owner = KeyOwner::ServiceAccount(account.id);
                builders::organization_key(number, organization, owner, user.id)
            }
            _ => builders::api_key(number, &application, user.id),
        };
        let session = builders::session(number, user.id);
        stores.add_users([&user]).await;
        stores.add_memberships([&builders::membership(organization, user.id, Role::Admin)]).await;
        match kind {
            Kind::Key | Kind::KeyOfApplication => stores.add_applications([&application]).await,
            Kind::KeyOfServiceAccount => stores.add_service_accounts([&account]).await,
            _ => {}
        }
        match kind {
            Kind::Key | Kind::KeyOfApplication | Kind::KeyOfMember | Kind::KeyOfServiceAccount => {
                stores.add_keys([&key]).await;
            }
            Kind::Session | Kind::AllSessions | Kind::Reauthentication => stores.add_session(&session).await,
            Kind::Membership | Kind::Role | Kind::WithoutMfa | Kind::Profile => {}
        }
        Self { kind, number, organization, user: user.id, key, session }
    }

    /// Whether a node accepts the right.
    pub(crate) async fn is_accepted(&self, stores: &Stores) -> bool {
        match self.kind {
            Kind::Key | Kind::KeyOfApplication | Kind::KeyOfMember | Kind::KeyOfServiceAccount => {
                let kind = match self.key.key.owner {
                    KeyOwner::Application(_) => KeyKind::Application,
                    KeyOwner::User(_) | KeyOwner::ServiceAccount(_) => KeyKind::Organization,
                };
                let found = ok(stores.api_keys.find_key_by_hash(kind, &self.key.hash).await);
                found.is_some_and(|found| {
                    found.stored.key.state == KeyState::Active
                        && !matches!(found.rights, OwnerRights::Role(None) | OwnerRights::Permissions(None))
                })
            }
            Kind::Session | Kind::AllSessions => {
                some(ok(stores.identity.find_session(self.session.id).await)).session.state == SessionState::Open
            }
            Kind::Reauthentication => {
                let found = some(ok(stores.identity.find_session(self.session.id).await));
                found.session.authenticated_at == self.session.authenticated_at
            }
            Kind::WithoutMfa => {
                let access = ok(stores.memberships.member_access(self.organization, self.user).await);
                !some(access).mfa_required
            }
            Kind::Profile => some(ok(stores.identity.find_user(self.user).await)).first_name.is_none(),
            Kind::Membership | Kind::Role => {
                ok(stores.memberships.role_of(self.organization, self.user).await) == Some(Role::Admin)
            }
        }
    }

    /// Ends the right. It returns when the end is acknowledged.
    #[expect(clippy::too_many_lines, reason = "one arm for each kind of right")]
    pub(crate) async fn end(&self, stores: &Stores) {
        let at = NOW + time::Duration::SECOND;
        match self.kind {
            Kind::Key => {
                let mut tx = ok(stores.api_keys.begin().await);
                assert!(ok(tx.keys().revoke(self.key.key.id, at).await));
                ok(tx.commit().await);
            }
            Kind::KeyOfApplication => {
                let mut tx = ok(stores.apps.begin().await);
                assert!(ok(tx.applications().delete(builders::application_id(self.number)).await));
                ok(tx.commit().await);
            }
            Kind::KeyOfServiceAccount => {
                let account = builders::service_account(self.number, self.organization, self.user);
                let account =
                    tessera_apikeys::model::ServiceAccount { state: ServiceAccountState::Disabled { at }, ..account };
                let mut tx = ok(stores.api_keys.begin().await);
                assert!(ok(tx.service_accounts().update(&account).await));
                ok(tx.commit().await);
            }
            Kind::Session => {
                let mut tx = ok(stores.identity.begin().await);
                assert!(ok(tx.sessions().end(self.user, self.session.id, at).await));
                ok(tx.commit().await);
            }
            Kind::AllSessions => {
                let mut tx = ok(stores.identity.begin().await);
                assert_eq!(ok(tx.sessions().end_all(self.user, None, at).await), 1);
                ok(tx.commit().await);
            }
            Kind::Reauthentication => {
                let mut tx = ok(stores.identity.begin().await);
                let (id, methods) = (self.session.id, self.session.methods);
                assert!(ok(tx.sessions().reauthenticate(self.user, id, methods, at).await));
                ok(tx.commit().await);
            }
            Kind::Profile => {
                let mut user = some(ok(stores.identity.find_user(self.user).await));
                user.first_name = Some(parsed("Grace"));
                let mut tx = ok(stores.identity.begin().await);
                assert!(ok(tx.users().update_profile(&user).await));
                ok(tx.commit().await);
            }
            Kind::KeyOfMember | Kind::Membership => {
                let mut tx = ok(stores.orgs.begin().await);
                assert!(ok(tx.memberships().delete(self.organization, self.user).await));
                ok(tx.commit().await);
            }
            Kind::WithoutMfa => {
                let mut tx = ok(stores.orgs.begin().await);
                let mut organization = some(ok(tx.organizations().lock(self.organization).await));
                organization.mfa_required = true;
                assert!(ok(tx.organizations().update(&organization).await));
                ok(tx.commit().await);
            }
            Kind::Role => {
                let mut tx = ok(stores.orgs.begin().await);
                assert!(ok(tx.memberships().set_role(self.organization, self.user, Role::Member).await));
                ok(tx.commit().await);
            }
        }
    }

    /// Ends the right at the first node, and returns how long the slowest of the others accepted it.
    async fn end_everywhere(&self, nodes: &[Stores]) -> Duration {
        for node in nodes {
            assert!(self.is_accepted(node).await, "{self:?} before its end");
        }
        let (first, others) = some(nodes.split_first());
        self.end(first).await;
        let ended = Instant::now();
        assert!(!self.is_accepted(first).await, "{self:?} at the node that ended it");
        for node in others {
            loop {
                let asked = Instant::now();
                if !self.is_accepted(node).await {
                    break;
                }
                assert!(asked < ended + BOUND, "{self:?} is accepted after the bound");
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
        ended.elapsed()
    }
}

async fn nodes(subject: &Subject, number: usize) -> Vec<(SqlStore, Stores)> {
    let mut nodes = Vec::new();
    for _ in 0..number {
        let store = ok(store::open(&subject.database).await);
        let stores = Stores::of(&Arc::new(store.clone()));
        nodes.push((store, stores));
    }
    nodes
}

pub(crate) async fn subject_with_organization(backend: Backend) -> Subject {
    let subject = Subject::on(backend).await;
    subject.stores.add_organizations([&builders::organization(1)]).await;
    subject
}

/// Ends rights of every kind, each at another node, several at the same time.
pub(crate) async fn end_all(nodes: &[Stores], rights: Vec<Right>, at_once: usize) {
    let (nodes, rights) = (Arc::new(nodes.to_vec()), Arc::new(std::sync::Mutex::new(rights)));
    let workers: JoinSet<Vec<Duration>> = (0..at_once)
        .map(|worker| {
            let (nodes, rights) = (Arc::clone(&nodes), Arc::clone(&rights));
            async move {
                let mut nodes = nodes.to_vec();
                let turns = worker % nodes.len();
                nodes.rotate_left(turns);
                let mut lags = Vec::new();
                while let Some(right) = { ok(rights.lock()).pop() } {
                    lags.push(right.end_everywhere(&nodes).await);
                    nodes.rotate_left(1);
                }
                lags
            }
        })
        .collect();
    let mut lags = workers.join_all().await.concat();
    lags.sort_unstable();
    let (median, slow) = (lags.get(lags.len() / 2), lags.get(lags.len() * 99 / 100));
    // The test runner shows it with --no-capture.
    eprintln!("{} ends of rights: median {median:?}, 99th percentile {slow:?}, longest {:?}", lags.len(), lags.last());
}

/// Grants rights of every kind, several at the same time.
pub(crate) async fn grant_all(stores: &Stores, each: u32) -> Vec<Right> {
    const AT_ONCE: u32 = 16;
    let workers: JoinSet<Vec<Right>> = (0..AT_ONCE)
        .map(|worker| {
            let stores = stores.clone();
            async move {
                let mut rights = Vec::new();
                for number in (worker..each).step_by(AT_ONCE as usize) {
                    for (offset, kind) in (1..).zip(Kind::ALL) {
                        rights.push(Right::grant(&stores, kind, 100 + number * 11 + offset).await);
                    }
                }
                rights
            }
        })
        .collect();
    workers.join_all().await.concat()
}

/// How many rights of each kind end: 12, or `TEST_REVOCATIONS` for a longer run.
#[expect(clippy::disallowed_methods, reason = "only the server binary reads settings, and this is none")]
fn of_each_kind() -> u32 {
    std::env::var("TEST_REVOCATIONS").map_or(12, |number| ok(number.parse()))
}

pub(crate) async fn every_end_of_a_right_reaches_every_node_s135(backend: Backend) {
    let subject = subject_with_organization(backend).await;
    let nodes: Vec<Stores> = nodes(&subject, 3).await.into_iter().map(|(_, stores)| stores).collect();
    let rights = grant_all(&subject.stores, of_each_kind()).await;
    end_all(&nodes, rights, 16).await;
}

/// The organization ends for all who have rights in it.
pub(crate) async fn the_end_of_an_organization_reaches_every_node_s136(backend: Backend) {
    let subject = subject_with_organization(backend).await;
    let nodes = nodes(&subject, 2).await;
    let mut rights = Vec::new();
    for (number, kind) in
        (1..).zip([Kind::Key, Kind::KeyOfMember, Kind::KeyOfServiceAccount, Kind::Membership, Kind::Role])
    {
        rights.push(Right::grant(&subject.stores, kind, number).await);
    }
    for right in &rights {
        for (_, node) in &nodes {
            assert!(right.is_accepted(node).await);
        }
    }
    let mut tx = ok(nodes[0].1.orgs.begin().await);
    assert!(ok(tx.organizations().delete(builders::organization_id(1)).await));
    ok(tx.commit().await);
    let ended = Instant::now();
    for right in &rights {
        assert!(!right.is_accepted(&nodes[0].1).await, "{right:?}");
        while right.is_accepted(&nodes[1].1).await {
            assert!(ended.elapsed() < BOUND, "{right:?}");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

/// While a right ends, readers of the same node load it into the cache again and again.
pub(crate) async fn a_lookup_during_the_end_of_a_right_does_not_restore_it_s137(backend: Backend) {
    let subject = subject_with_organization(backend).await;
    for (number, kind) in (1..=24).zip(Kind::ALL.into_iter().cycle()) {
        let right = Right::grant(&subject.stores, kind, number).await;
        let stop = Arc::new(AtomicBool::new(false));
        let readers: JoinSet<()> = (0..3)
            .map(|_| {
                let (stores, right, stop) = (subject.stores.clone(), right.clone(), Arc::clone(&stop));
                async move {
                    while !stop.load(Ordering::Relaxed) {
                        right.is_accepted(&stores).await;
                        tokio::task::yield_now().await;
                    }
                }
            })
            .collect();
        right.end(&subject.stores).await;
        for _ in 0..20 {
            assert!(!right.is_accepted(&subject.stores).await, "{right:?}");
        }
        stop.store(true, Ordering::Relaxed);
        readers.join_all().await;
    }
}

/// A node without the cache reads storage, so its rights end at once everywhere.
pub(crate) async fn without_a_cache_every_lookup_reads_storage(backend: Backend) {
    let subject = subject_with_organization(backend).await;
    let settings = tessera_adapters::DatabaseSettings { credential_cache: 0, ..store::settings(&subject.database) };
    let node = Stores::of(&Arc::new(ok(SqlStore::open(&settings).await)));
    for (number, kind) in (1..).zip(Kind::ALL) {
        let right = Right::grant(&subject.stores, kind, number).await;
        assert!(right.is_accepted(&node).await);
        right.end(&subject.stores).await;
        assert!(!right.is_accepted(&node).await, "{right:?}");
    }
}

/// A transaction that is dropped changes nothing, and a later commit of the same connection records only its own changes.
pub(crate) async fn a_dropped_transaction_ends_nothing(backend: Backend) {
    let subject = subject_with_organization(backend).await;
    let right = Right::grant(&subject.stores, Kind::Key, 1).await;
    assert!(right.is_accepted(&subject.stores).await);
    let mut tx = ok(subject.stores.api_keys.begin().await);
    assert!(ok(tx.keys().revoke(right.key.key.id, NOW).await));
    drop(tx);
    assert!(right.is_accepted(&subject.stores).await);
    right.end(&subject.stores).await;
    assert!(!right.is_accepted(&subject.stores).await);
}

/// A row that is changed by SQL, which no node hears of, is still returned as it was: the lookup did not read it.
pub(crate) async fn a_second_lookup_reads_nothing(backend: Backend) {
    let subject = subject_with_organization(backend).await;
    let right = Right::grant(&subject.stores, Kind::Role, 1).await;
    // The first lookups may come before the first answer of the feed, and either of the two roles may be cached then.
    eventually("a lookup from the cache", Duration::from_secs(20), || async {
        store::execute(&subject.database, "UPDATE memberships SET role = 'admin'").await;
        let as_administrator = right.is_accepted(&subject.stores).await;
        store::execute(&subject.database, "UPDATE memberships SET role = 'member'").await;
        (right.is_accepted(&subject.stores).await == as_administrator).then_some(())
    })
    .await;
}
