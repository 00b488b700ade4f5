//! Limits, pages, roles, permissions, request ids, secrets, times and conflicts.

use tessera_kernel::{
    ClientRequestId, Limit, LimitError, OnConflict, Page, PageRequest, Permission, PermissionError, PermissionSet,
    RequestId, RequestIdError, Role, RoleError, Secret, StoreError, truncate_to_micros,
};
use tessera_testkit::{
    builders::{permissions, user_id},
    expectations::{failed, ok, parsed},
};
use time::macros::datetime;

#[test]
fn a_page_holds_1_to_200() {
    for limit in [1, 50, 200] {
        assert_eq!(ok(Limit::try_from(limit)).get(), usize::from(limit));
    }
    for limit in [0, 201, u16::MAX] {
        assert_eq!(failed(Limit::try_from(limit)), LimitError);
    }
    assert_eq!(Limit::default().get(), 50);
}

#[test]
fn a_store_reads_one_row_more_than_a_page_holds() {
    let request = |limit| PageRequest { limit: ok(Limit::try_from(limit)), after: None };
    assert_eq!((request(1).rows(), request(200).rows(), PageRequest::default().rows()), (2, 201, 51));
}

#[test]
fn the_surplus_row_only_tells_that_more_follows() {
    let request = PageRequest { limit: ok(Limit::try_from(2)), after: None };
    let page = |count| Page::from_rows((1..=count).collect(), &request, |number| user_id(*number).as_uuid());
    assert_eq!(page(0), Page { items: vec![], next: None });
    assert_eq!(page(2), Page { items: vec![1, 2], next: None });
    assert_eq!(page(3), Page { items: vec![1, 2], next: Some(user_id(2).as_uuid()) });
}

#[test]
fn a_mapped_page_goes_on_where_it_did() {
    let page = Page { items: vec![1, 2], next: Some(user_id(2).as_uuid()) };
    assert_eq!(page.map(|n| n * 10), Page { items: vec![10, 20], next: Some(user_id(2).as_uuid()) });
}

#[test]
fn roles_are_ordered_by_power() {
    assert!(Role::Owner > Role::Admin && Role::Admin > Role::Member);
}

#[test]
fn roles_have_names() {
    for (role, name) in [(Role::Owner, "owner"), (Role::Admin, "admin"), (Role::Member, "member")] {
        assert_eq!((role.to_string().as_str(), parsed::<Role>(name)), (name, role));
    }
    for text in ["", "Owner", " owner", "root"] {
        assert_eq!(failed(text.parse::<Role>()), RoleError);
    }
}

#[test]
fn a_permission_is_a_resource_and_an_action() {
    let longest = format!("{0}:{0}", format!("a{}", "_".repeat(31)));
    for name in ["inventory:read", "a:b", "a0_:z_9", &longest] {
        assert_eq!(parsed::<Permission>(name).to_string(), name);
    }
    assert_eq!(parsed::<Permission>("a:b"), Permission::named("a:b"));
    assert_eq!(longest.len(), Permission::MAX_LENGTH);
    let long = [format!("{0}:b", "a".repeat(33)), format!("b:{0}", "a".repeat(33))];
    let malformed = [
        "", ":", "a", "a:", ":a", "a:b:c", "a::b", "A:b", "a:B", "0:b", "a:0", "_a:b", "a:_b", "a:*", " a:b", "a:b\n",
        "ä:b",
    ];
    for text in malformed.into_iter().chain(long.iter().map(String::as_str)) {
        assert_eq!(failed(text.parse::<Permission>()), PermissionError, "{text:?}");
    }
}

#[test]
fn a_permission_set_has_no_duplicates_and_is_ordered_by_name() {
    let set = permissions(["system_data:write", "event:record", "event:record"]);
    assert_eq!(set.to_string(), "event:record, system_data:write");
    assert_eq!((set.len(), set.is_empty(), PermissionSet::default().is_empty()), (2, false, true));
    assert!(set.contains(&parsed("event:record")) && !set.contains(&parsed("inventory:read")));
    let other = permissions(["event:record", "a:b"]);
    assert_eq!(set.union(&other), permissions(["a:b", "event:record", "system_data:write"]));
}

#[test]
fn a_request_id_has_1_to_128_harmless_characters() {
    for text in ["a", "0195951f-0000-7abc-8def-0123456789ab", "A.b_c-d:e/f", &"x".repeat(128)] {
        assert_eq!(parsed::<RequestId>(text).as_str(), text);
        assert_eq!(parsed::<ClientRequestId>(text).as_str(), text);
    }
}

#[test]
fn no_client_can_send_the_id_of_internal_work() {
    let internal = RequestId::internal("signing-key-job");
    assert_eq!(internal.as_str(), "internal=signing-key-job");
    assert_eq!(parsed::<RequestId>(internal.as_str()), internal);
    assert_eq!(failed(internal.as_str().parse::<ClientRequestId>()), RequestIdError);
}

#[test]
fn other_request_ids_are_refused() {
    for text in ["", &"x".repeat(129), "a b", "a\nb", "a\r\nX-Evil: 1", "ä", "a\"b", "a;b", "<x>", "a\0"] {
        assert_eq!(failed(text.parse::<RequestId>()), RequestIdError, "{text:?}");
        assert_eq!(failed(text.parse::<ClientRequestId>()), RequestIdError, "{text:?}");
    }
}

#[test]
fn a_secret_prints_stars() {
    let secret = Secret::new("keep secret".to_owned());
    assert_eq!((format!("{secret:?}"), secret.expose().as_str()), ("***".to_owned(), "keep secret"));
    assert_eq!(format!("{:?}", Some(Secret::from(7))), "Some(***)");
}

#[test]
fn times_are_cut_to_microseconds() {
    let time = datetime!(2025-03-14 15:09:26.535_897_932 UTC);
    assert_eq!(truncate_to_micros(time), datetime!(2025-03-14 15:09:26.535_897 UTC));
    assert_eq!(truncate_to_micros(truncate_to_micros(time)), truncate_to_micros(time));
}

#[derive(Debug)]
enum Business {
    Taken,
    Store(StoreError),
}

impl From<StoreError> for Business {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

#[test]
fn a_conflict_gets_its_business_name_and_nothing_else_does() {
    let conflict = || StoreError::Conflict { key: "users_email_canonical".to_owned() };
    assert!(matches!(Err::<(), _>(conflict()).on_conflict(Business::Taken), Err(Business::Taken)));
    let busy = Err::<(), _>(StoreError::Busy).on_conflict(Business::Taken);
    assert!(matches!(busy, Err(Business::Store(StoreError::Busy))));
    assert!(matches!(Ok::<_, StoreError>(1).on_conflict(Business::Taken), Ok(1)));
    assert_eq!((conflict().conflict_key(), StoreError::Busy.conflict_key()), (Some("users_email_canonical"), None));
}
