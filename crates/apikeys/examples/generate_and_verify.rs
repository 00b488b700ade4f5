//! An owner generates an API key, another service verifies it, and the owner revokes it.
//!
//! The storage is in memory, and the other ports are fakes. `docs/reuse.md` lists the real ones.

use tessera_apikeys::{GenerateKey, VerificationCode, VerifiedUse, VerifyKey, model::KeyLifetime};
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
        description: Some(parsed("reads the stock")),
        lifetime: KeyLifetime::Days(30),
        permissions: vec![READ],
        restrict_permissions: true,
        ..GenerateKey::of(application_id(1))
    };
    // Only this result contains the secret. The storage has its hash.
    let (key, secret) = ok(keys.generate_key(&owner, command).await);

    let verify = async |permission| {
        let question = VerifyKey { key: secret.expose().to_owned(), permissions: vec![permission] };
        ok(keys.verify_key(question, VerifiedUse::default()).await)
    };
    assert_eq!(verify(READ).await.code, VerificationCode::Valid);
    let refused = verify(Permission::named("inventory:write")).await;
    assert_eq!(refused.code, VerificationCode::InsufficientPermissions);

    ok(keys.revoke_key(&owner, key.id).await);
    assert_eq!(verify(READ).await.code, VerificationCode::Revoked);
}
