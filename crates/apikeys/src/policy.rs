//! Rules for the management of keys and service accounts, and for the permissions of new keys.

use tessera_kernel::{ActingParty, Permission, PermissionSet, Requirement, Role, ServiceAccountId, UserId};

use crate::model::KeyOwner;

const READ: Permission = Permission::named("api_keys:read");
const WRITE: Permission = Permission::named("api_keys:write");

/// Reading of application keys and service accounts.
pub const READ_KEYS: Requirement = Requirement::read(Role::Admin, READ);

/// Creation, change and end of application keys and service accounts.
pub const WRITE_KEYS: Requirement = Requirement::write(Role::Admin, WRITE);

/// Reading of organization keys. Members read their own personal keys, see [`sees`].
pub const READ_ORGANIZATION_KEYS: Requirement = Requirement::read(Role::Member, READ);

/// Creation and revocation of organization keys. Members manage their own personal keys, see [`sees`].
pub const WRITE_ORGANIZATION_KEYS: Requirement = Requirement::write(Role::Member, WRITE);

/// What reading a key of that owner takes, together with [`sees`] for organization keys.
#[must_use]
pub const fn reading(owner: KeyOwner) -> Requirement {
    match owner {
        KeyOwner::Application(_) => READ_KEYS,
        KeyOwner::User(_) | KeyOwner::ServiceAccount(_) => READ_ORGANIZATION_KEYS,
    }
}

/// What a change of a key of that owner takes, together with [`sees`] for organization keys.
#[must_use]
pub const fn writing(owner: KeyOwner) -> Requirement {
    match owner {
        KeyOwner::Application(_) => WRITE_KEYS,
        KeyOwner::User(_) | KeyOwner::ServiceAccount(_) => WRITE_ORGANIZATION_KEYS,
    }
}

/// What a service account can be permitted to do.
pub const SERVICE_ACCOUNT_PERMISSIONS: [Permission; 12] = [
    Permission::named("api_keys:read"),
    Permission::named("api_keys:write"),
    Permission::named("apps:read"),
    Permission::named("apps:write"),
    Permission::named("event:record"),
    Permission::named("inventory:read"),
    Permission::named("inventory:write"),
    Permission::named("members:read"),
    Permission::named("members:write"),
    Permission::named("org:read"),
    Permission::named("system_data:read"),
    Permission::named("system_data:write"),
];

/// Returns the permissions of a new application key. A key that an owner creates gets the whole catalogue unless
/// `restrict` is set. Any other key gets the requested permissions.
#[must_use]
pub fn granted(
    creator: &ActingParty,
    catalogue: PermissionSet,
    requested: PermissionSet,
    restrict: bool,
) -> PermissionSet {
    if creator.role() == Some(Role::Owner) && !restrict { catalogue } else { requested }
}

/// Returns the user to whose keys a party that may read organization keys is limited. Members are limited to their own.
/// `None` stands for no limit.
#[must_use]
pub const fn limited_to(party: &ActingParty) -> Option<UserId> {
    match party {
        ActingParty::Member { user, role: Role::Member, .. } => Some(*user),
        ActingParty::Member { .. } | ActingParty::ServiceAccount { .. } | ActingParty::Application { .. } => None,
    }
}

/// Returns whether a party that meets [`reading`] sees keys of that owner. Administrators, owners and service accounts see
/// all, members their own, applications none.
#[must_use]
pub fn sees(party: &ActingParty, owner: KeyOwner) -> bool {
    let is_application = matches!(party, ActingParty::Application { .. });
    !is_application && limited_to(party).is_none_or(|user| owner == KeyOwner::User(user))
}

/// Returns whether a party may change a personal key of a user with that role: the user itself, and owners. Administrators
/// who are signed in may do it unless the user is an owner.
#[must_use]
pub fn may_edit_personal(party: &ActingParty, of: UserId, role: Role) -> bool {
    let highest = match party {
        ActingParty::Member { user, .. } if *user == of => return true,
        ActingParty::Member { role: Role::Owner, .. } => Role::Owner,
        ActingParty::Member { role: Role::Admin, by_key: false, .. } => Role::Admin,
        ActingParty::Member { .. } | ActingParty::ServiceAccount { .. } | ActingParty::Application { .. } => {
            return false;
        }
    };
    role <= highest
}

/// Returns whether a party that may create organization keys may create one for that service account. A key creates
/// keys for its own user or service account only, unless its user is an owner.
#[must_use]
pub fn may_create_for(party: &ActingParty, account: ServiceAccountId) -> bool {
    match party {
        ActingParty::Member { role, by_key: false, .. } => *role >= Role::Admin,
        ActingParty::Member { role, by_key: true, .. } => *role >= Role::Owner,
        ActingParty::ServiceAccount { account: own, .. } => *own == account,
        ActingParty::Application { .. } => false,
    }
}
