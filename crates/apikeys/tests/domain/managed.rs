//! Keys that the tests of changes and rotations manage.

use tessera_apikeys::{
    CreateOrganizationKey, VerificationCode, VerifiedUse, VerifyKey,
    model::{ApiKey, KeyOwner, NewRestrictions, RawKey, ServiceAccount, StoredKey},
};
use tessera_kernel::{KeyScope, Role};
use tessera_testkit::{
    Workbench,
    builders::{self, actor_of, organization_id, service_account, service_account_id, user_id},
    expectations::{ok, parsed},
};

/// Users 1 to 4 are owner, administrator, member and member of organization 1. It has service account 1, which manages keys
/// and has the other permissions.
pub(crate) async fn bench_with_account(others: &[&str]) -> Workbench {
    let bench = Workbench::new();
    bench.members(&[Role::Owner, Role::Admin, Role::Member, Role::Member]).await;
    let permissions = others.iter().chain(&["api_keys:write"]).map(|name| parsed(name)).collect();
    let account = ServiceAccount { permissions, ..service_account(1, organization_id(1), user_id(1)) };
    bench.stores.add_service_accounts([&account]).await;
    bench
}

/// Stores the keys of [`actor_by_personal_key`] and [`actor_by_service_account`], which are read again when they manage keys.
///
/// [`actor_by_personal_key`]: builders::actor_by_personal_key
/// [`actor_by_service_account`]: builders::actor_by_service_account
pub(crate) async fn store_keys_of_callers(bench: &Workbench) {
    let owners = [(900, KeyOwner::User(user_id(1))), (901, KeyOwner::ServiceAccount(service_account_id(1)))];
    let keys = owners.map(|(number, owner)| {
        let stored = builders::organization_key(number, organization_id(1), owner, user_id(1));
        StoredKey { key: ApiKey { expires_at: None, ..stored.key }, ..stored }
    });
    bench.stores.add_keys(&keys).await;
}

/// A key of that user, or of service account 1.
pub(crate) async fn organization_key(bench: &Workbench, by: u32, of_account: bool) -> ApiKey {
    let command = CreateOrganizationKey {
        organization: organization_id(1),
        name: parsed("Deployment"),
        description: None,
        expires_at: None,
        scope: KeyScope::ReadWrite,
        service_account: of_account.then(|| service_account_id(1)),
        restrictions: NewRestrictions::default(),
    };
    ok(bench.api_keys().create_organization_key(&actor_of(user_id(by)), command).await).0
}

/// The result of a verification without an address.
pub(crate) async fn code(bench: &Workbench, raw: &RawKey) -> VerificationCode {
    let question = VerifyKey { key: raw.expose().to_owned(), permissions: Vec::new() };
    ok(bench.api_keys().verify_key(question, VerifiedUse::default()).await).code
}
