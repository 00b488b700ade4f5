//! Initial data of contract cases, and helpers for what they read.

use tessera_apps::model::Application;
use tessera_identity::model::User;
use tessera_kernel::{
    DataDocument, Event, Limit, OrganizationId, Page, PageRequest, Role, SecretHash, StoreError, VersionedDocument,
};
use tessera_orgs::model::Organization;
use tessera_outbox::SealedMail;
use time::Duration;

use crate::{
    Stores,
    builders::{NOW, application, data_document, document, event, membership, organization, organization_id, user},
    concurrency::in_time,
    expectations::ok,
};

/// An organization with one owner and one application.
pub(super) struct Tenant {
    pub(super) owner: User,
    pub(super) organization: Organization,
    pub(super) application: Application,
}

/// Commits the tenant with the number.
pub(super) async fn tenant(stores: &Stores, number: u32) -> Tenant {
    let (owner, organization) = (user(number), organization(number));
    let application = application(number, organization.id);
    stores.add_users([&owner]).await;
    stores.add_organizations([&organization]).await;
    stores.add_memberships([&membership(organization.id, owner.id, Role::Owner)]).await;
    stores.add_applications([&application]).await;
    Tenant { owner, organization, application }
}

/// An audit entry in organization 1.
pub(super) fn event_within(number: u32) -> Event {
    Event { organization: Some(organization_id(1)), ..event(number) }
}

/// The audit entries of an organization, or those outside of organizations.
pub(super) async fn audited(stores: &Stores, organization: Option<OrganizationId>) -> Vec<Event> {
    ok(in_time(stores.audit.list_events(organization, PageRequest::default())).await).items
}

/// Takes all mails that are due one hour after the creation of the first.
pub(super) async fn taken_mails(stores: &Stores) -> Vec<SealedMail> {
    let now = NOW + Duration::HOUR;
    let taken = ok(in_time(stores.mails.take(now, now + Duration::MINUTE, u16::MAX)).await);
    taken.into_iter().map(|taken| taken.mail).collect()
}

/// The case that a transaction of the store stores an audit entry of an organization.
macro_rules! audit_entry_is_stored {
    ($harness:ident, $store:ident) => {{
        let stores = $harness.stores();
        $crate::contract::world::tenant(stores, 1).await;
        let mut tx = ok(stores.$store.begin().await);
        let event = $crate::contract::world::event_within(1);
        ok(tx.events().append(&event).await);
        ok(tx.commit().await);
        let organization = event.organization;
        assert_eq!($crate::contract::world::audited(stores, organization).await, [event]);
        assert_eq!($crate::contract::world::audited(stores, None).await, []);
    }};
}
pub(super) use audit_entry_is_stored;

/// The case that messages of the transactions of the store reach the outbox if they are committed.
macro_rules! message_reaches_the_outbox {
    ($harness:ident, $store:ident) => {{
        let stores = $harness.stores();
        for (number, committed) in [(1, true), (2, false)] {
            let mut tx = ok(stores.$store.begin().await);
            ok(tx.outbox().add(&$crate::builders::mail(number)).await);
            if committed {
                ok(tx.commit().await);
            }
        }
        nothing_is_held($harness).await;
        assert_eq!($crate::contract::world::taken_mails(stores).await, [$crate::builders::mail(1)]);
    }};
}
pub(super) use message_reaches_the_outbox;

/// Documents that a storage could normalize by mistake.
pub(super) fn documents() -> [DataDocument; 4] {
    [
        data_document(r#"{"z":1.50,"a":{"ü":[-0.0,1e2,null,"A"]},"m":1e2}"#),
        data_document(r#"{"n":-0.0,"max":9007199254740991,"more":12345678901234567890123}"#),
        data_document("{\"s\":\"ü🦀'\\\\\\\" \\n\",\"\":{},\"%s $1 ?\":[]}"),
        data_document(&format!(r#"{{"k":"{}"}}"#, "x".repeat(DataDocument::MAX_BYTES - 8))),
    ]
}

/// Settings in version 1. They are as old as their organization.
pub(super) fn settings() -> VersionedDocument {
    VersionedDocument { created_at: organization(1).created_at, ..document() }
}

/// A hash that differs from this one in its last byte.
pub(super) fn neighbour_of(hash: SecretHash) -> SecretHash {
    let mut bytes = *hash.as_bytes();
    bytes[31] ^= 1;
    SecretHash::from_bytes(bytes)
}

/// Reads a list from the first to the last page, with `limit` entries per page, and returns the pages.
pub(super) async fn pages<T, F>(limit: u16, list: impl Fn(PageRequest) -> F) -> Vec<Vec<T>>
where
    F: Future<Output = Result<Page<T>, StoreError>>,
{
    let limit = ok(Limit::try_from(limit));
    let mut request = PageRequest { limit, after: None };
    let mut pages = Vec::new();
    loop {
        let page = ok(in_time(list(request)).await);
        assert!(page.items.len() <= limit.get(), "a page must not be longer than asked");
        pages.push(page.items);
        assert!(pages.len() < 1000, "a list must come to its end");
        match page.next {
            Some(key) => request.after = Some(key),
            None => return pages,
        }
    }
}

/// Asserts the order and the page boundaries of a list. `expected` contains all entries, at least four.
pub(super) async fn pages_in_order<T, F>(expected: &[T], list: impl Fn(PageRequest) -> F)
where
    T: PartialEq + std::fmt::Debug + Clone,
    F: Future<Output = Result<Page<T>, StoreError>>,
{
    let count = ok(u16::try_from(expected.len()));
    assert!(count >= 4, "too few entries to tell");
    for limit in [1, 2, count - 1, count, count + 1, Limit::MAX] {
        let pages = pages(limit, &list).await;
        let sizes: Vec<usize> = pages.iter().map(Vec::len).collect();
        let wanted: Vec<usize> = expected.chunks(usize::from(limit)).map(<[T]>::len).collect();
        assert_eq!(sizes, wanted, "pages of {limit}");
        assert_eq!(pages.concat(), expected, "pages of {limit}");
    }
}

/// Asserts that a page of the maximum length is full and that one more entry follows it.
pub(super) async fn longest_page<T, F>(list: impl Fn(PageRequest) -> F)
where
    F: Future<Output = Result<Page<T>, StoreError>>,
{
    let sizes: Vec<usize> = pages(Limit::MAX, list).await.iter().map(Vec::len).collect();
    assert_eq!(sizes, [200, 1]);
}

/// Asserts that a list is empty.
pub(super) async fn is_empty<T, F>(list: impl Fn(PageRequest) -> F)
where
    F: Future<Output = Result<Page<T>, StoreError>>,
{
    for limit in [1, Limit::MAX] {
        let sizes: Vec<usize> = pages(limit, &list).await.iter().map(Vec::len).collect();
        assert_eq!(sizes, [0]);
    }
}
