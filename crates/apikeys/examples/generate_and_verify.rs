//! An owner generates an API key, another service verifies it, and the owner revokes it.
//!
//! The storage is in memory, and the other ports are fakes. `docs/reuse.md` lists the real ones.

use tessera_apikeys::{GenerateKey, VerificationCode, VerifyKey, model::KeyLifetime};
use tessera_kernel::{Permission, Role};
use tessera_testkit::{
    Workbench,
    builders::{actor_of, application_id, user_id},
    expectations::{ok, parsed},
};

const READ: Permission = Permission::named("inventory:read");

#[tokio::main]
async fn main() {
    let bench = Workbench::new();
    bench.members(&[Role::Owner]).await;
    let (keys, owner) = (bench.api_keys(), actor_of(user_id(1)));

    let command = GenerateKey {
        application: application_id(1),
        description: Some(parsed("reads the stock")),
        lifetime: KeyLifetime::Days(30),
        permissions: vec![READ],
        restrict_permissions: true,
    };
    // Only this result contains the secret. The storage has its hash.
    let (key, secret) = ok(keys.generate_key(&owner, command).await);

    let verify = async |permission| {
        let question = VerifyKey { key: secret.expose().to_owned(), permission: Some(permission) };
        ok(keys.verify_key(question).await)
    };
    assert_eq!(verify(READ).await.code, VerificationCode::Valid);
    let refused = verify(Permission::named("inventory:write")).await;
    assert_eq!(refused.code, VerificationCode::InsufficientPermissions);

    ok(keys.revoke_key(&owner, key.id).await);
    assert_eq!(verify(READ).await.code, VerificationCode::Revoked);
}
