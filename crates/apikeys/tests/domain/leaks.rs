//! Reports of leaked keys.

use tessera_apikeys::{
    ApiKeys, CreateOrganizationKey, GenerateKey,
    leaks::{LeakSource, LeakUrl, LeakUrlError, LeakedKeys, LeakedKeysError, ReportLeakedKeys},
    model::{ApiKey, KeyKind, KeyLifetime, KeyState, NewRestrictions, RawKey},
    ports::MockApiKeyStore,
};
use tessera_kernel::{KeyScope, Role, Secret, StoreError, text::TextError};
use tessera_outbox::Notices;
use tessera_testkit::{
    Workbench,
    builders::{
        NOW, actor_of, application_id, bare_user, membership, organization_id, origin, service_account,
        service_account_id, user, user_id,
    },
    expectations::{failed, ok, parsed, some},
    fakes::SequentialEntropy,
};
use time::Duration;

/// Users 1 and 2 own organization 1, user 3 is an administrator. It has application 1 and service account 1.
async fn bench() -> Workbench {
    let bench = Workbench::new();
    bench.members(&[Role::Owner, Role::Owner, Role::Admin]).await;
    bench.stores.add_service_accounts([&service_account(1, organization_id(1), user_id(1))]).await;
    bench
}

/// A key of application 1, which expires after ten days. The mail about it is taken.
async fn application_key(bench: &Workbench) -> (ApiKey, RawKey) {
    let command = GenerateKey { lifetime: KeyLifetime::Days(10), ..GenerateKey::of(application_id(1)) };
    let generated = ok(bench.api_keys().generate_key(&actor_of(user_id(3)), command).await);
    bench.mails().await;
    generated
}

/// A key of service account 1. The mail about it is taken.
async fn organization_key(bench: &Workbench) -> (ApiKey, RawKey) {
    let command = CreateOrganizationKey {
        organization: organization_id(1),
        name: parsed("Deployment"),
        description: None,
        expires_at: None,
        scope: KeyScope::Read,
        service_account: Some(service_account_id(1)),
        restrictions: NewRestrictions::default(),
    };
    let created = ok(bench.api_keys().create_organization_key(&actor_of(user_id(3)), command).await);
    bench.mails().await;
    created
}

fn texts<'a>(keys: impl IntoIterator<Item = &'a str>) -> LeakedKeys {
    ok(keys.into_iter().map(|key| Secret::new(key.to_owned())).collect::<Vec<_>>().try_into())
}

fn report_of<'a>(keys: impl IntoIterator<Item = &'a str>) -> ReportLeakedKeys {
    let url = parsed("https://example.com/src/settings.py");
    ReportLeakedKeys { keys: texts(keys), source: Some(parsed("Scanner")), url: Some(url), origin: origin() }
}

async fn report<'a>(bench: &Workbench, keys: impl IntoIterator<Item = &'a str>) {
    ok(bench.api_keys().report_leaked_keys(report_of(keys)).await);
}

async fn state(bench: &Workbench, key: &ApiKey) -> KeyState {
    some(ok(bench.stores.api_keys.find_key(key.id).await)).state
}

/// The recipients and the subjects of all mails that are due.
async fn mails(bench: &Workbench) -> Vec<(String, String)> {
    bench.mails().await.into_iter().map(|mail| (mail.recipient.to_string(), mail.subject)).collect()
}

#[tokio::test]
async fn a_reported_key_is_revoked_audited_and_mailed_to_the_owners() {
    let bench = bench().await;
    for (key, raw) in [application_key(&bench).await, organization_key(&bench).await] {
        let before = bench.events(Some(organization_id(1))).await.len();
        report(&bench, [raw.expose()]).await;
        assert_eq!(state(&bench, &key).await, KeyState::Revoked { at: NOW });
        let events = bench.events(Some(organization_id(1))).await;
        assert_eq!(events.len(), before + 1);
        let entry = &events[before];
        let name = if key.application().is_some() { "api_key.leaked" } else { "organization_key.leaked" };
        assert_eq!((entry.name.as_str(), entry.subject, &entry.actor), (name, Some(key.id.as_uuid()), &None));
        assert_eq!(entry.origin, origin());
        let detail = |name: &str| entry.details.iter().find(|(known, _)| known == name).map(|(_, text)| text.as_str());
        assert_eq!(detail("key_prefix"), Some(raw.shown()));
        assert_eq!(detail("source"), Some("Scanner"));
        assert_eq!(detail("url"), Some("https://example.com/src/settings.py"));
        let sent = bench.mails().await;
        let recipients: Vec<_> = sent.iter().map(|mail| mail.recipient.as_str()).collect();
        assert_eq!(recipients, ["user1@example.com", "user2@example.com"]);
        assert!(sent.iter().all(|mail| mail.subject == format!("leaked {}", key.key_prefix)));
        assert!(sent.iter().all(|mail| mail.html.expose() == "Scanner at https://example.com/src/settings.py"));
    }
}

#[tokio::test]
async fn each_key_of_a_report_is_revoked_with_one_mail_to_each_owner() {
    let bench = bench().await;
    let ((one, first), (two, second)) = (application_key(&bench).await, organization_key(&bench).await);
    let spaced = format!(" {}\r\n", second.expose());
    report(&bench, ["nonsense", first.expose(), "ask_", spaced.as_str(), first.expose()]).await;
    for key in [&one, &two] {
        assert_eq!(state(&bench, key).await, KeyState::Revoked { at: NOW });
    }
    let mut expected = Vec::new();
    for key in [&one, &two] {
        let subject = format!("leaked {}", key.key_prefix);
        expected.extend(["user1@example.com", "user2@example.com"].map(|to| (to.to_owned(), subject.clone())));
    }
    let mut sent = mails(&bench).await;
    sent.sort();
    expected.sort();
    assert_eq!(sent, expected);
}

#[tokio::test]
async fn a_second_report_changes_nothing() {
    let bench = bench().await;
    let (key, raw) = application_key(&bench).await;
    report(&bench, [raw.expose()]).await;
    let (events, _) = (bench.actions(Some(organization_id(1))).await, mails(&bench).await);
    // Shorter than the lease of the taken mails.
    bench.clock.advance(Duration::MINUTE);
    report(&bench, [raw.expose()]).await;
    assert_eq!(state(&bench, &key).await, KeyState::Revoked { at: NOW });
    assert_eq!(bench.actions(Some(organization_id(1))).await, events);
    assert_eq!(mails(&bench).await, []);
}

#[tokio::test]
async fn unknown_revoked_and_expired_keys_change_nothing() {
    let bench = bench().await;
    let ((revoked, first), (expired, second)) = (application_key(&bench).await, application_key(&bench).await);
    ok(bench.api_keys().revoke_key(&actor_of(user_id(1)), revoked.id).await);
    bench.clock.advance(Duration::days(10));
    let unknown = RawKey::generate(KeyKind::Application, &SequentialEntropy::starting_at(1 << 40));
    let events = bench.actions(Some(organization_id(1))).await;
    report(&bench, [first.expose(), second.expose(), unknown.expose()]).await;
    assert_eq!(state(&bench, &revoked).await, KeyState::Revoked { at: NOW });
    assert_eq!(state(&bench, &expired).await, KeyState::Active);
    assert_eq!(bench.actions(Some(organization_id(1))).await, events);
    assert_eq!(mails(&bench).await, []);
}

#[tokio::test]
async fn a_disabled_key_is_revoked_too() {
    let bench = bench().await;
    let (key, raw) = organization_key(&bench).await;
    let (keys, owner) = (bench.api_keys(), actor_of(user_id(1)));
    ok(keys.disable_service_account(&owner, organization_id(1), service_account_id(1)).await);
    report(&bench, [raw.expose()]).await;
    assert_eq!(state(&bench, &key).await, KeyState::Revoked { at: NOW });
}

#[tokio::test]
async fn malformed_keys_never_reach_storage() {
    let bench = bench().await;
    let (_, raw) = application_key(&bench).await;
    let (good, flipped) = (raw.expose(), if raw.expose().ends_with('0') { "1" } else { "0" });
    let wrong = format!("{}{flipped}", &good[..good.len() - 1]);
    let longer = format!("{good}0");
    // A mock without expectations panics at the first call.
    let keys: ApiKeys = bench.api_keys_over(MockApiKeyStore::new());
    ok(keys.report_leaked_keys(report_of(["", "ask_", &good[4..], &good[..52], &longer, &wrong])).await);
}

#[tokio::test]
async fn a_failure_of_the_storage_is_reported() {
    let bench = bench().await;
    let (_, raw) = application_key(&bench).await;
    let mut store = MockApiKeyStore::new();
    store.expect_find_key_by_hash().returning(|_, _| Err(StoreError::Busy));
    let error = failed(bench.api_keys_over(store).report_leaked_keys(report_of([raw.expose()])).await);
    assert!(matches!(error, StoreError::Busy), "{error:?}");
}

#[tokio::test]
async fn keys_in_the_texts_of_a_report_are_not_stored() {
    let bench = bench().await;
    let ((_, one), (other, two)) = (application_key(&bench).await, organization_key(&bench).await);
    let (first, second) = (one.expose(), two.expose());
    let url = format!("https://example.com/?key={first}&other={second}#{first}");
    let command = ReportLeakedKeys {
        keys: texts([first]),
        source: Some(parsed(&format!("by {second}"))),
        url: Some(parsed(&url)),
        origin: origin(),
    };
    ok(bench.api_keys().report_leaked_keys(command).await);
    let events = bench.events(Some(organization_id(1))).await;
    let details = &some(events.last()).details;
    let shown = [one.shown(), two.shown()].map(|shown| format!("{shown}…"));
    let expected = format!("https://example.com/?key={0}&other={1}#{0}", shown[0], shown[1]);
    assert!(details.contains(&("url".to_owned(), expected)), "{details:?}");
    assert!(details.contains(&("source".to_owned(), format!("by {}", shown[1]))), "{details:?}");
    // Only the listed keys are reported.
    assert_eq!(state(&bench, &other).await, KeyState::Active);
}

#[tokio::test]
async fn a_report_without_source_and_url_has_neither_in_the_entry() {
    let bench = bench().await;
    let (_, raw) = application_key(&bench).await;
    let command = ReportLeakedKeys { keys: texts([raw.expose()]), source: None, url: None, origin: origin() };
    ok(bench.api_keys().report_leaked_keys(command).await);
    let events = bench.events(Some(organization_id(1))).await;
    let names: Vec<_> = some(events.last()).details.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["application_id", "key_prefix"]);
}

/// User 1 has opened the organization. User 2 was added and has not. User 4 has no address.
#[tokio::test]
async fn notices_of_an_organization_that_was_not_opened_have_a_limit_of_their_own() {
    let bench = Workbench::new();
    bench.members(&[Role::Owner]).await;
    bench.stores.add_users([&user(2), &bare_user(4)]).await;
    let [mut unopened, bare] = [2, 4].map(|number| membership(organization_id(1), user_id(number), Role::Owner));
    unopened.opened_at = None;
    bench.stores.add_memberships([&unopened, &bare]).await;
    let mut keys = Vec::new();
    for _ in 0..=Notices::MOST {
        keys.push(application_key_of(&bench, 1).await);
    }
    report(&bench, keys.iter().map(RawKey::expose)).await;
    let sent = mails(&bench).await;
    let to = |address: &str| sent.iter().filter(|(to, _)| to == address).count();
    let most = usize::try_from(Notices::MOST).unwrap_or_default();
    assert_eq!((sent.len(), to("user1@example.com"), to("user2@example.com")), (2 * most, most, most));
    // The entries are complete.
    let actions = bench.actions(Some(organization_id(1))).await;
    assert_eq!(actions.iter().filter(|name| *name == "api_key.leaked").count(), most + 1);
}

async fn application_key_of(bench: &Workbench, by: u32) -> RawKey {
    let command = GenerateKey::of(application_id(1));
    let (_, raw) = ok(bench.api_keys().generate_key(&actor_of(user_id(by)), command).await);
    bench.mails().await;
    raw
}

#[test]
fn a_report_has_1_to_100_keys() {
    let of = |number: usize| LeakedKeys::try_from(vec![Secret::new("x".to_owned()); number]);
    assert_eq!(failed(of(0)), LeakedKeysError::Empty);
    assert_eq!(failed(of(101)), LeakedKeysError::TooMany);
    assert!(of(1).is_ok() && of(100).is_ok());
}

#[test]
fn a_source_is_one_line_of_100_characters() {
    assert_eq!(parsed::<LeakSource>(&"ä".repeat(100)).as_str().chars().count(), 100);
    assert_eq!(failed("ä".repeat(101).parse::<LeakSource>()), TextError::TooLong { max: 100 });
}

#[test]
fn the_url_of_a_leak_is_a_web_address() {
    let long = |length: usize| format!("https://example.com/{}", "x".repeat(length - 20));
    for text in ["http://example.com", "https://EXAMPLE.com:8443/a?b=c#L12", "https://[::1]/x", &long(2000)] {
        assert_eq!(parsed::<LeakUrl>(text).as_str(), text);
    }
    assert_eq!(failed(long(2001).parse::<LeakUrl>()), LeakUrlError::TooLong);
    let malformed = [
        "",
        "example.com/a",
        "/a",
        "https://",
        "ftp://example.com/a",
        "javascript:alert(1)",
        "file:///etc/passwd",
        "https://user@example.com/a",
        "https://user:secret@example.com/a",
        "https://example.com/a b",
        "https://example.com/\n",
        " https://example.com/",
        "https://bücher.example/",
    ];
    for text in malformed {
        assert_eq!(failed(text.parse::<LeakUrl>()), LeakUrlError::Malformed, "{text}");
    }
}
