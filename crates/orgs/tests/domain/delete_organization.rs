//! Deletion of organizations.

use tessera_kernel::{AccessError, Actor, PageRequest, Principal, Role};
use tessera_orgs::{DeleteOrganization, DeleteOrganizationError, Invite};
use tessera_testkit::{
    Workbench,
    builders::{NOW, actor_of, application_id, key_actor, organization, organization_id, user_id},
    expectations::{failed, ok, parsed},
};
use time::Duration;

async fn delete(bench: &Workbench, actor: &Actor, slug: &str) -> Result<(), DeleteOrganizationError> {
    let command = DeleteOrganization { organization: organization_id(1), slug: slug.to_owned() };
    bench.orgs().delete_organization(actor, command).await
}

fn slug() -> String {
    organization(1).slug.to_string()
}

#[tokio::test]
async fn an_owner_deletes_the_organization_with_its_applications() {
    let bench = Workbench::with_organization().await;
    ok(delete(&bench, &actor_of(user_id(1)), &slug()).await);
    let error = failed(bench.orgs().view_organization(&actor_of(user_id(1)), organization_id(1)).await);
    assert!(matches!(error, AccessError::NotFound(_)), "{error:?}");
    assert_eq!(ok(bench.stores.apps.find_application(application_id(1)).await), None);
    assert!(ok(bench.orgs().list_organizations(&actor_of(user_id(1)), PageRequest::default()).await).items.is_empty());
    assert_eq!(bench.actions(Some(organization_id(1))).await, ["organization.deleted"]);
    let error = failed(delete(&bench, &actor_of(user_id(1)), &slug()).await);
    assert!(matches!(error, DeleteOrganizationError::Access(AccessError::NotFound(_))), "{error:?}");
}

#[tokio::test]
async fn all_owners_are_notified_of_a_deletion_and_mails_with_invitations_are_cancelled() {
    let bench = Workbench::with_members(&[Role::Owner, Role::Owner, Role::Admin]).await;
    let invite = Invite { organization: organization_id(1), email: parsed("guest@example.com"), role: Role::Member };
    ok(bench.orgs().invite(&actor_of(user_id(1)), invite).await);
    ok(delete(&bench, &actor_of(user_id(1)), &slug()).await);
    let mails = bench.mails().await;
    let found: Vec<_> = mails.iter().map(|mail| (mail.recipient.as_str(), mail.html.expose().clone())).collect();
    let by = user_id(1).to_string();
    assert_eq!(found, [("user1@example.com", String::new()), ("user2@example.com", by)]);
    assert!(mails.iter().all(|mail| mail.subject == format!("deleted {}", organization(1).name)), "{mails:?}");
}

#[tokio::test]
async fn only_an_owner_with_a_recent_sign_in_and_the_slug_deletes() {
    let bench = Workbench::with_organization().await;
    for by in [2, 3] {
        let error = failed(delete(&bench, &actor_of(user_id(by)), &slug()).await);
        assert!(matches!(error, DeleteOrganizationError::Access(AccessError::Forbidden { .. })), "{error:?}");
    }
    for actor in [actor_of(user_id(9)), key_actor()] {
        let error = failed(delete(&bench, &actor, &slug()).await);
        assert!(matches!(error, DeleteOrganizationError::Access(AccessError::NotFound(_))), "{error:?}");
    }
    let mut old = actor_of(user_id(1));
    if let Principal::User { checked_at, .. } = &mut old.principal {
        *checked_at = NOW + Duration::minutes(5);
    }
    let error = failed(delete(&bench, &old, &slug()).await);
    assert!(matches!(error, DeleteOrganizationError::ReauthenticationRequired), "{error:?}");
    for wrong in ["", "another", &slug().to_uppercase(), &format!(" {}", slug())] {
        let error = failed(delete(&bench, &actor_of(user_id(1)), wrong).await);
        assert!(matches!(error, DeleteOrganizationError::SlugMismatch), "{error:?}");
    }
    ok(bench.orgs().view_organization(&actor_of(user_id(1)), organization_id(1)).await);
    assert!(bench.actions(Some(organization_id(1))).await.is_empty() && bench.mails().await.is_empty());
}
