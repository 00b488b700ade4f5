//! Contract of [`AuditTrail`](tessera_kernel::AuditTrail) and of its write side,
//! [`EventLog`](tessera_kernel::EventLog).

use tessera_kernel::{Event, Outcome, RequestMetadata, StoreError};
use time::Duration;

use super::world::{self, audited, event_within, tenant};
use crate::{
    Harness, Skip, Stores,
    builders::{event, organization_id, user_id},
    concurrency::{at_once, in_time, nothing_is_held},
    expectations::{ok, parsed},
};

/// A denied attempt of user 1.
fn denied(number: u32) -> Event {
    let actor = event(1).actor;
    Event {
        outcome: Outcome::Refused,
        actor,
        details: vec![("number".to_owned(), number.to_string())],
        ..event(number)
    }
}

contract!(
    use audit_trail as audit_trail_contract;

    async fn an_event_is_returned_as_stored(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_events([&event(1)]).await;
        assert_eq!(audited(stores, None).await, [event(1)]);
    }

    async fn an_event_with_nothing_optional_is_returned_as_stored(harness: &impl Harness) {
        let stores = harness.stores();
        let bare = Event {
            outcome: Outcome::Refused,
            actor: None,
            subject: None,
            details: Vec::new(),
            origin: RequestMetadata { request_id: parsed("a"), client_request_id: None, address: None },
            ..event(1)
        };
        stores.add_events([&bare]).await;
        assert_eq!(audited(stores, None).await, [bare]);
    }

    async fn an_event_of_an_organization_is_returned_as_stored(harness: &impl Harness) {
        let stores = harness.stores();
        tenant(stores, 1).await;
        let (request_id, client_request_id) = (parsed(&"r".repeat(128)), Some(parsed(&"c".repeat(128))));
        let origin = RequestMetadata { request_id, client_request_id, address: Some(parsed("2001:db8::7")) };
        let event = Event { origin, ..event_within(1) };
        stores.add_events([&event]).await;
        assert_eq!(audited(stores, Some(organization_id(1))).await, [event]);
    }

    async fn an_event_remains_after_the_deletion_of_its_subject(harness: &impl Harness) {
        let stores = harness.stores();
        let tenant = tenant(stores, 1).await;
        let event = Event { subject: Some(tenant.application.id.as_uuid()), ..event_within(1) };
        stores.add_events([&event]).await;
        let mut tx = ok(stores.apps.begin().await);
        assert!(ok(tx.applications().delete(tenant.application.id).await));
        ok(tx.commit().await);
        assert_eq!(audited(stores, Some(organization_id(1))).await, [event]);
    }

    async fn events_are_listed_in_pages_by_id(harness: &impl Harness) {
        let stores = harness.stores();
        let expected: Vec<Event> = (1..=5).map(event).collect();
        stores.add_events(expected.iter().rev()).await;
        world::pages_in_order(&expected, |page| stores.audit.list_events(None, page)).await;
    }

    async fn the_longest_page_of_events_is_full(harness: &impl Harness) {
        let stores = harness.stores();
        tenant(stores, 1).await;
        stores.add_events(&(1..=201).map(event_within).collect::<Vec<_>>()).await;
        world::longest_page(|page| stores.audit.list_events(Some(organization_id(1)), page)).await;
    }

    async fn an_empty_trail_has_no_events(harness: &impl Harness) {
        let audit = &harness.stores().audit;
        world::is_empty(|page| audit.list_events(None, page)).await;
        world::is_empty(|page| audit.list_events(Some(organization_id(1)), page)).await;
    }

    async fn events_of_an_organization_are_its_own(harness: &impl Harness) {
        let stores = harness.stores();
        tenant(stores, 1).await;
        tenant(stores, 2).await;
        let other = Event { organization: Some(organization_id(2)), ..event(2) };
        stores.add_events([&event_within(1), &other, &event(3)]).await;
        assert_eq!(audited(stores, Some(organization_id(1))).await, [event_within(1)]);
        assert_eq!(audited(stores, Some(organization_id(2))).await, [other]);
        assert_eq!(audited(stores, None).await, [event(3)]);
    }

    async fn every_domain_writes_into_one_trail(harness: &impl Harness) {
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
        assert_eq!(audited(stores, None).await, [1, 2, 3, 4].map(event));
    }

    async fn an_event_recorded_by_itself_is_in_the_trail(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_events([&event(1)]).await;
        ok(in_time(stores.audit.record(&event(2))).await);
        assert_eq!(audited(stores, None).await, [1, 2].map(event));
        nothing_is_held(harness).await;
    }

    async fn an_event_that_is_not_committed_is_not_visible(harness: &impl Harness) {
        let stores = harness.stores();
        let mut tx = ok(stores.identity.begin().await);
        ok(tx.users().lock(user_id(1)).await);
        ok(tx.events().append(&event(1)).await);
        assert_eq!(audited(stores, None).await, []);
    }

    async fn an_event_of_a_dropped_transaction_is_not_stored(harness: &impl Harness) {
        let stores = harness.stores();
        let mut tx = ok(stores.identity.begin().await);
        ok(tx.events().append(&event(1)).await);
        drop(tx);
        stores.add_events([&event(2)]).await;
        assert_eq!(audited(stores, None).await, [event(2)]);
        nothing_is_held(harness).await;
    }

    async fn denied_attempts_of_one_caller_in_one_minute_are_one_entry(harness: &impl Harness) {
        let stores = harness.stores();
        for number in 1..=3 {
            ok(in_time(stores.audit.record(&denied(number))).await);
        }
        stores.add_events(&(4..=6).map(denied).collect::<Vec<_>>()).await;
        // The entry is that of the first attempt, except for the counter.
        assert_eq!(audited(stores, None).await, [Event { attempts: 6, ..denied(1) }]);
        // Successful actions are never counted together.
        stores.add_events([&event(7), &Event { id: event(8).id, ..event(7) }]).await;
        assert_eq!(audited(stores, None).await.len(), 3);
        nothing_is_held(harness).await;
    }

    async fn denied_attempts_that_differ_are_entries_of_their_own(harness: &impl Harness) {
        let stores = harness.stores();
        tenant(stores, 1).await;
        let reason = |reason: &str| vec![("reason".to_owned(), reason.to_owned())];
        let anonymous = |number, address: &str| {
            let origin = RequestMetadata { address: Some(parsed(address)), ..event(1).origin };
            Event { actor: None, subject: None, origin, ..denied(number) }
        };
        let later = denied(1).occurred_at + Duration::MINUTE;
        let different = [
            denied(1),
            Event { occurred_at: later, ..denied(2) },
            Event { actor: event(2).actor, ..denied(3) },
            Event { organization: Some(organization_id(1)), ..denied(4) },
            Event { name: "thing.seen".to_owned(), ..denied(5) },
            Event { details: reason("one"), ..denied(6) },
            Event { details: reason("other"), ..denied(7) },
            anonymous(8, "192.0.2.7"),
            anonymous(9, "192.0.2.8"),
            Event { subject: Some(user_id(3).as_uuid()), ..anonymous(10, "192.0.2.7") },
            anonymous(11, "2001:db8:0:1::1"),
            anonymous(12, "2001:db8:0:2::1"),
        ];
        stores.add_events(&different).await;
        // Neither a new address in the same IPv6 network nor another subject of a known actor makes a new entry, because a
        // client can choose both at will.
        stores.add_events([&anonymous(13, "2001:db8:0:1::2"), &Event { subject: None, ..denied(14) }]).await;
        let mut listed = [audited(stores, None).await, audited(stores, Some(organization_id(1))).await].concat();
        listed.sort_by_key(|event| event.id);
        let attempts = |number: usize| if [0, 10].contains(&number) { 2 } else { 1 };
        let counted = different.into_iter().enumerate();
        let expected: Vec<Event> =
            counted.map(|(number, event)| Event { attempts: attempts(number), ..event }).collect();
        assert_eq!(listed, expected);
    }

    async fn of_denied_attempts_at_once_one_adds_the_entry_and_all_are_counted(harness: &impl Harness) {
        async fn deny(stores: Stores, number: u32) -> Result<(), StoreError> {
            if number.is_multiple_of(2) {
                return stores.audit.record(&denied(number + 1)).await;
            }
            let mut tx = stores.identity.begin().await?;
            tx.events().append(&denied(number + 1)).await?;
            tx.commit().await
        }
        let stores = harness.stores();
        at_once(harness, 16, |number| deny(stores.clone(), number)).await;
        let listed = audited(stores, None).await;
        assert_eq!((listed.len(), listed[0].attempts), (1, 16));
        nothing_is_held(harness).await;
    }

    async fn a_recorded_event_is_durable(harness: &mut impl Harness) -> Result<(), Skip> {
        tenant(harness.stores(), 1).await;
        for event in [event(1), event_within(2)] {
            ok(harness.stores().audit.record(&event).await);
        }
        harness.reopen().await?;
        assert_eq!(audited(harness.stores(), None).await, [event(1)]);
        assert_eq!(audited(harness.stores(), Some(organization_id(1))).await, [event_within(2)]);
        Ok(())
    }
);
