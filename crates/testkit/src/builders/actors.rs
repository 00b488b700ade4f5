//! Actors of requests.

use tessera_apikeys::model::ApiKey;
use tessera_identity::model::Session;
use tessera_kernel::{Actor, ActsAs, KeyScope, OrganizationId, PermissionSet, Principal, Role, UserId};
use time::OffsetDateTime;

use super::{NOW, api_key, api_key_id, application, organization_id, origin, service_account_id, session_id, user_id};
use crate::expectations::some;

/// A user as the actor of a request.
#[must_use]
pub fn actor_of(user: UserId) -> Actor {
    let principal =
        Principal::User { id: user, session: session_id(1), authenticated_at: NOW, checked_at: NOW, mfa: false };
    Actor { principal, origin: origin() }
}

/// A user as the actor of a request that was authenticated with the session.
#[must_use]
pub fn actor_with(session: &Session) -> Actor {
    actor_at(session, session.created_at)
}

/// A user as the actor of a request that was authenticated with the session at `checked_at`.
#[must_use]
pub fn actor_at(session: &Session, checked_at: OffsetDateTime) -> Actor {
    let (id, authenticated_at) = (session.user_id, session.authenticated_at);
    let mfa = session.methods.is_mfa();
    let principal = Principal::User { id, session: session.id, authenticated_at, checked_at, mfa };
    Actor { principal, origin: origin() }
}

/// An application as the actor of a request that was authenticated with the key.
#[must_use]
pub fn actor_by_key(key: &ApiKey) -> Actor {
    let principal = Principal::Application {
        key: key.id,
        application: some(key.application()),
        organization: key.organization_id,
        permissions: key.permissions.clone(),
    };
    Actor { principal, origin: origin() }
}

/// A member as the actor of a request that was authenticated with a personal key.
#[must_use]
pub fn actor_by_personal_key(organization: OrganizationId, user: UserId, role: Role, scope: KeyScope) -> Actor {
    let acts_as = ActsAs::Member { user, role };
    Actor {
        principal: Principal::OrganizationKey { key: api_key_id(900), organization, scope, acts_as },
        origin: origin(),
    }
}

/// Service account 1 as the actor of a request that was authenticated with one of its keys.
#[must_use]
pub fn actor_by_service_account(organization: OrganizationId, permissions: PermissionSet, scope: KeyScope) -> Actor {
    let acts_as = ActsAs::ServiceAccount { account: service_account_id(1), permissions };
    Actor {
        principal: Principal::OrganizationKey { key: api_key_id(901), organization, scope, acts_as },
        origin: origin(),
    }
}

/// API key 1 of application 1 in organization 1, created by user 1, as an actor.
#[must_use]
pub fn key_actor() -> Actor {
    actor_by_key(&api_key(1, &application(1, organization_id(1)), user_id(1)).key)
}
