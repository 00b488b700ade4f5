//! Audit entries.

use tessera_kernel::{AuditEntry, Event, Outcome, SystemPorts};
use tessera_testkit::{
    builders::{NOW, actor_of, api_key_id, key_actor, organization_id, origin, user_id},
    fakes::{FixedClock, SequentialEntropy},
};

fn system() -> SystemPorts {
    SystemPorts::new(FixedClock::default(), SequentialEntropy::default())
}

fn entry() -> AuditEntry {
    let said = AuditEntry::success("thing.done", user_id(2).as_uuid()).within(organization_id(1));
    said.with("first", &1).with("second", "two")
}

#[test]
fn an_announcement_becomes_an_event_with_its_circumstances() {
    let actor = actor_of(user_id(1));
    let event = Event::by(&actor, entry(), &system());
    assert_eq!((event.name.as_str(), event.outcome), ("thing.done", Outcome::Success));
    assert_eq!((event.occurred_at, event.origin), (NOW, origin()));
    assert_eq!((event.organization, event.subject), (Some(organization_id(1)), Some(user_id(2).as_uuid())));
    let details = [("first", "1"), ("second", "two")].map(|(key, value)| (key.to_owned(), value.to_owned()));
    assert_eq!(event.details, details);
}

#[test]
fn a_users_deed_names_the_user() {
    let actor = actor_of(user_id(1));
    let event = Event::by(&actor, entry(), &system());
    assert_eq!(event.actor, Some(("user".to_owned(), user_id(1).as_uuid())));
    assert_eq!(actor.user(), Some(user_id(1)));
}

#[test]
fn an_applications_deed_names_the_key() {
    let actor = key_actor();
    let event = Event::by(&actor, entry(), &system());
    assert_eq!(event.actor, Some(("api_key".to_owned(), api_key_id(1).as_uuid())));
    assert_eq!(actor.user(), None);
}

#[test]
fn a_visitors_deed_names_nobody() {
    let event = Event::by_anonymous(&origin(), entry(), &system());
    assert_eq!((event.actor, event.origin), (None, origin()));
}

#[test]
fn outcomes_have_names() {
    assert_eq!([Outcome::Success, Outcome::Refused].map(Outcome::as_str), ["success", "refused"]);
}
