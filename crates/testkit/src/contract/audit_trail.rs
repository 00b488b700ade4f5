//! The promises of [`AuditTrail`](tessera_kernel::AuditTrail) and of [`EventLog`](tessera_kernel::EventLog), its other end.

use tessera_kernel::{Event, OrganizationId, Origin, Outcome, PageRequest};

use super::{
    Harness,
    world::{self, tenant},
};
use crate::{
    Stores,
    builders::{event, organization_id, user_id},
    expectations::{ok, parsed},
};

/// Turns the cases of this port into tests.
#[macro_export]
macro_rules! audit_trail_contract {
    ($harness:ident) => {
        $crate::contract_tests! { $harness, audit_trail:
            an_event_comes_back_as_it_was
            an_event_with_nothing_optional_comes_back_as_it_was
            an_event_of_an_organization_comes_back_as_it_was
            an_event_outlives_what_it_tells_of
            events_come_in_pages_by_id
            the_longest_page_of_events_is_full
            an_empty_trail_has_no_events
            events_of_an_organization_are_its_own
            every_domain_writes_into_one_trail
            an_event_recorded_by_itself_is_in_the_trail
            an_event_that_is_not_committed_is_not_visible
            an_event_of_a_dropped_transaction_never_happened
        }
    };
}

async fn listed(stores: &Stores, organization: Option<OrganizationId>) -> Vec<Event> {
    ok(world::in_time(stores.audit.list_events(organization, PageRequest::default())).await).items
}

/// An event of organization 1.
fn event_within(number: u32) -> Event {
    Event { organization: Some(organization_id(1)), ..event(number) }
}

pub async fn an_event_comes_back_as_it_was(harness: &impl Harness) {
    let stores = harness.stores();
    stores.add_events([&event(1)]).await;
    assert_eq!(listed(stores, None).await, [event(1)]);
}

pub async fn an_event_with_nothing_optional_comes_back_as_it_was(harness: &impl Harness) {
    let stores = harness.stores();
    let bare = Event {
        outcome: Outcome::Refused,
        actor: None,
        subject: None,
        details: Vec::new(),
        origin: Origin { request_id: parsed("a"), client_request_id: None, address: None },
        ..event(1)
    };
    stores.add_events([&bare]).await;
    assert_eq!(listed(stores, None).await, [bare]);
}

pub async fn an_event_of_an_organization_comes_back_as_it_was(harness: &impl Harness) {
    let stores = harness.stores();
    tenant(stores, 1).await;
    let (request_id, client_request_id) = (parsed(&"r".repeat(128)), Some(parsed(&"c".repeat(128))));
    let origin = Origin { request_id, client_request_id, address: Some(parsed("2001:db8::7")) };
    let event = Event { origin, ..event_within(1) };
    stores.add_events([&event]).await;
    assert_eq!(listed(stores, Some(organization_id(1))).await, [event]);
}

pub async fn an_event_outlives_what_it_tells_of(harness: &impl Harness) {
    let stores = harness.stores();
    let tenant = tenant(stores, 1).await;
    let event = Event { subject: Some(tenant.application.id.as_uuid()), ..event_within(1) };
    stores.add_events([&event]).await;
    let mut tx = ok(stores.apps.begin().await);
    assert!(ok(tx.applications().delete(tenant.application.id).await));
    ok(tx.commit().await);
    assert_eq!(listed(stores, Some(organization_id(1))).await, [event]);
}

pub async fn events_come_in_pages_by_id(harness: &impl Harness) {
    let stores = harness.stores();
    let expected: Vec<Event> = (1..=5).map(event).collect();
    stores.add_events(expected.iter().rev()).await;
    world::pages_in_order(&expected, |page| stores.audit.list_events(None, page)).await;
}

pub async fn the_longest_page_of_events_is_full(harness: &impl Harness) {
    let stores = harness.stores();
    tenant(stores, 1).await;
    stores.add_events(&(1..=201).map(event_within).collect::<Vec<_>>()).await;
    world::longest_page(|page| stores.audit.list_events(Some(organization_id(1)), page)).await;
}

pub async fn an_empty_trail_has_no_events(harness: &impl Harness) {
    let audit = &harness.stores().audit;
    world::is_empty(|page| audit.list_events(None, page)).await;
    world::is_empty(|page| audit.list_events(Some(organization_id(1)), page)).await;
}

pub async fn events_of_an_organization_are_its_own(harness: &impl Harness) {
    let stores = harness.stores();
    tenant(stores, 1).await;
    tenant(stores, 2).await;
    let other = Event { organization: Some(organization_id(2)), ..event(2) };
    stores.add_events([&event_within(1), &other, &event(3)]).await;
    assert_eq!(listed(stores, Some(organization_id(1))).await, [event_within(1)]);
    assert_eq!(listed(stores, Some(organization_id(2))).await, [other]);
    assert_eq!(listed(stores, None).await, [event(3)]);
}

pub async fn every_domain_writes_into_one_trail(harness: &impl Harness) {
    let stores = harness.stores();
    let mut identity = ok(stores.identity.begin().await);
    ok(identity.events().append(&event(4)).await);
    ok(identity.commit().await);
    let mut orgs = ok(stores.orgs.begin().await);
    ok(orgs.events().append(&event(3)).await);
    ok(orgs.commit().await);
    let mut apps = ok(stores.apps.begin().await);
    ok(apps.events().append(&event(2)).await);
    ok(apps.commit().await);
    let mut keys = ok(stores.api_keys.begin().await);
    ok(keys.events().append(&event(1)).await);
    ok(keys.commit().await);
    assert_eq!(listed(stores, None).await, [1, 2, 3, 4].map(event));
}

pub async fn an_event_recorded_by_itself_is_in_the_trail(harness: &impl Harness) {
    let stores = harness.stores();
    stores.add_events([&event(1)]).await;
    ok(world::in_time(stores.audit.record(&event(2))).await);
    assert_eq!(listed(stores, None).await, [1, 2].map(event));
    world::nothing_is_held(harness).await;
}

pub async fn an_event_that_is_not_committed_is_not_visible(harness: &impl Harness) {
    let stores = harness.stores();
    let mut tx = ok(stores.identity.begin().await);
    ok(tx.users().lock(user_id(1)).await);
    ok(tx.events().append(&event(1)).await);
    assert_eq!(listed(stores, None).await, []);
}

pub async fn an_event_of_a_dropped_transaction_never_happened(harness: &impl Harness) {
    let stores = harness.stores();
    let mut tx = ok(stores.identity.begin().await);
    ok(tx.events().append(&event(1)).await);
    drop(tx);
    stores.add_events([&event(2)]).await;
    assert_eq!(listed(stores, None).await, [event(2)]);
    world::nothing_is_held(harness).await;
}
