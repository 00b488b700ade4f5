//! Contract of [`UserProfiles`](tessera_orgs::ports::UserProfiles).

use tessera_identity::model::User;
use tessera_kernel::UserId;
use tessera_orgs::model::Profile;

use crate::{
    Harness, Stores,
    builders::{user, user_id},
    concurrency::in_time,
    expectations::{ok, parsed},
};

fn profile_of(user: &User) -> Profile {
    Profile {
        user_id: user.id,
        email: user.email.as_ref().map(ToString::to_string),
        display_name: user.display_name.as_ref().map(ToString::to_string),
    }
}

async fn profiles(stores: &Stores, users: &[UserId]) -> Vec<Profile> {
    let mut found = ok(in_time(stores.user_profiles.profiles(users)).await);
    found.sort_by_key(|profile| profile.user_id);
    found
}

contract!(
    use user_profiles as user_profiles_contract;

    async fn a_profile_keeps_the_spelling_of_address_and_name(harness: &impl Harness) {
        let stores = harness.stores();
        let user = User { email: Some(parsed("Ada.Lovelace@Example.COM")), ..user(1) };
        stores.add_users([&user]).await;
        let found = profiles(stores, &[user.id]).await;
        assert_eq!(found, [profile_of(&user)]);
        assert_eq!(found[0].email.as_deref(), Some("Ada.Lovelace@Example.COM"));
    }

    async fn a_profile_is_found_by_the_address_in_any_case(harness: &impl Harness) {
        let stores = harness.stores();
        let ada = User { email: Some(parsed("Ada@Bücher.Example")), ..user(1) };
        stores.add_users([&ada, &user(2)]).await;
        for written in ["Ada@Bücher.Example", "ADA@bücher.EXAMPLE", "ada@xn--bcher-kva.example"] {
            let found = ok(stores.user_profiles.find_profile_by_email(&parsed(written)).await);
            assert_eq!(found, Some(profile_of(&ada)), "{written}");
        }
    }

    async fn an_unknown_address_has_no_profile(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&user(1)]).await;
        assert_eq!(ok(stores.user_profiles.find_profile_by_email(&parsed("user2@example.com")).await), None);
    }

    async fn only_a_verified_address_identifies_its_account(harness: &impl Harness) {
        let stores = harness.stores();
        let unverified = User { email_verified: false, ..user(1) };
        stores.add_users([&unverified, &user(2)]).await;
        let find = async |email: &str| ok(stores.user_profiles.find_profile_by_verified_email(&parsed(email)).await);
        assert_eq!(find("user1@example.com").await, None);
        assert_eq!(find("USER2@example.com").await, Some(profile_of(&user(2))));
        assert_eq!(find("user3@example.com").await, None);
        let mut tx = ok(stores.identity.begin().await);
        assert!(ok(tx.users().verify_email(user_id(1), user(1).updated_at).await));
        ok(tx.commit().await);
        assert_eq!(find("user1@example.com").await, Some(profile_of(&unverified)));
    }

    async fn the_profiles_of_all_existing_users_are_returned(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&user(1), &user(2), &user(3)]).await;
        let found = profiles(stores, &[user_id(3), user_id(9), user_id(1)]).await;
        assert_eq!(found, [profile_of(&user(1)), profile_of(&user(3))]);
    }

    async fn a_profile_may_lack_address_and_name(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&User { email: None, display_name: None, ..user(1) }]).await;
        let expected = Profile { user_id: user_id(1), email: None, display_name: None };
        assert_eq!(profiles(stores, &[user_id(1)]).await, [expected]);
    }

    async fn an_address_that_is_verified_is_reported(harness: &impl Harness) {
        let stores = harness.stores();
        let unverified = User { email_verified: false, ..user(2) };
        let without = User { email: None, ..user(3) };
        stores.add_users([&user(1), &unverified, &without]).await;
        for (number, expected) in [(1, user(1).email), (2, None), (3, None), (9, None)] {
            let verified = ok(in_time(stores.user_profiles.find_verified_email(user_id(number))).await);
            assert_eq!(verified, expected, "{number}");
        }
    }

    async fn no_users_have_no_profiles(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&user(1)]).await;
        assert_eq!(profiles(stores, &[]).await, []);
    }

    async fn a_full_page_of_users_has_its_profiles(harness: &impl Harness) {
        let stores = harness.stores();
        let users: Vec<User> = (1..=200).map(user).collect();
        stores.add_users(&users).await;
        let ids: Vec<UserId> = users.iter().map(|user| user.id).collect();
        assert_eq!(profiles(stores, &ids).await, users.iter().map(profile_of).collect::<Vec<_>>());
    }

    async fn a_user_that_is_not_committed_has_no_profile(harness: &impl Harness) {
        let stores = harness.stores();
        let mut tx = ok(stores.identity.begin().await);
        ok(tx.users().insert(&user(1), None).await);
        assert_eq!(profiles(stores, &[user_id(1)]).await, []);
        let found = ok(in_time(stores.user_profiles.find_profile_by_email(&parsed("user1@example.com"))).await);
        assert_eq!(found, None);
    }
);
