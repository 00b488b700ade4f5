//! A user creates an organization and invites an address. The invited person accepts, and becomes a user and a member.
//!
//! The storage is in memory, and the other ports are fakes.

use tessera_kernel::Role;
use tessera_orgs::{AcceptInvitation, CreateOrganization, Invite};
use tessera_testkit::{
    Workbench,
    builders::{actor_of, origin, user, user_id},
    expectations::{ok, parsed},
};

#[tokio::main]
async fn main() {
    let bench = Workbench::new();
    bench.stores.add_users([&user(1)]).await;
    let (orgs, owner) = (bench.orgs(), actor_of(user_id(1)));

    let command = CreateOrganization { name: parsed("Acme"), slug: Some(parsed("acme")) };
    let organization = ok(orgs.create_organization(&owner, command).await).0.id;
    let command = Invite { organization, email: parsed("ada@example.com"), role: Role::Member };
    ok(orgs.invite(&owner, command).await);

    // The fake templates write only the token into the mail.
    let mails = bench.mails().await;
    let command = AcceptInvitation {
        token: parsed(mails[0].text.expose()),
        password: Some("correct horse".to_owned().into()),
        display_name: Some("Ada".to_owned()),
        actor: None,
        user_agent: None,
        origin: origin(),
    };
    let accepted = ok(orgs.accept_invitation(command).await);
    let membership = accepted.membership;
    assert_eq!((membership.organization_id, membership.role), (organization, Role::Member));
}
