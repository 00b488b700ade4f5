//! Ports of one's own over the storage in memory.

use std::sync::{Arc, Mutex, PoisonError};

use tessera_kernel::Role;
use tessera_testkit::{
    Harness as _, OverMemory, OwnPorts, Reference, References, Skip, Stores, async_trait,
    builders::{application, membership, organization, organization_id, session, user, user_id},
    expectations::ok,
    fakes::MemoryStore,
};

/// A storage without a port. It records the rows that [`Stores::copies`] passes to it.
#[derive(Clone, Default)]
struct Copies(Arc<Mutex<Vec<String>>>);

#[async_trait]
impl OwnPorts for Copies {
    async fn start(_: &MemoryStore, stores: &mut Stores) -> Result<Self, Skip> {
        let copies = Self::default();
        stores.copies = Some(Arc::new(copies.clone()));
        Ok(copies)
    }

    fn connections_in_use(&self) -> usize {
        0
    }
}

#[async_trait]
impl References for Copies {
    async fn copy(&self, row: Reference<'_>) {
        let text = match row {
            Reference::User(user) => format!("user {}", user.id),
            Reference::Session(session) => format!("session {}", session.id),
            Reference::Organization(organization) => format!("organization {}", organization.id),
            Reference::Membership(membership) => format!("membership of {}", membership.user_id),
            Reference::Application(application) => format!("application {}", application.id),
        };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(text);
    }
}

#[tokio::test]
async fn rows_to_which_others_refer_are_copied() {
    let harness = ok(OverMemory::<Copies>::start().await);
    let (application, session) = (application(1, organization_id(1)), session(1, user_id(1)));
    harness.stores().add_users([&user(1)]).await;
    harness.stores().add_session(&session).await;
    harness.stores().add_organizations([&organization(1)]).await;
    harness.stores().add_memberships([&membership(organization_id(1), user_id(1), Role::Owner)]).await;
    harness.stores().add_applications([&application]).await;
    let copied = harness.own().0.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let expected = [
        format!("user {}", user_id(1)),
        format!("session {}", session.id),
        format!("organization {}", organization_id(1)),
        format!("membership of {}", user_id(1)),
        format!("application {}", application.id),
    ];
    assert_eq!(copied, expected);
}

mod harness {
    pub(crate) type Mine = tessera_testkit::OverMemory<super::Copies>;
}

// A contract by the path of its harness, in a module with a name of its own.
tessera_testkit::owners_contract!(crate::harness::Mine, owners_of_mine);
