//! The quotas of all domains.

use tessera_apikeys::KeyQuotas;
use tessera_apps::Apps;
use tessera_identity::IdentityQuotas;
use tessera_inventory::Inventory;
use tessera_kernel::Quota;
use tessera_orgs::OrgQuotas;

use super::source::Source;

#[derive(Debug, Clone, Copy)]
pub(crate) struct Quotas {
    pub(crate) orgs: OrgQuotas,
    pub(crate) applications: Quota,
    pub(crate) keys: KeyQuotas,
    pub(crate) items: Quota,
    pub(crate) identity: IdentityQuotas,
}

impl Quotas {
    /// The maximum of a quota. It fits into every counter of both databases.
    const MAX: u64 = 1_000_000_000;

    /// Reads `quota_<name>` for each quota. 0 disables a quota.
    pub(super) fn read(source: &mut Source) -> Self {
        let mut read = |quota: Quota| {
            let default = quota.maximum().unwrap_or_default();
            quota.with_maximum(source.read_in(&format!("quota_{}", quota.name()), default, 0..=Self::MAX))
        };
        let (orgs, keys, identity) = (OrgQuotas::default(), KeyQuotas::default(), IdentityQuotas::default());
        Self {
            orgs: OrgQuotas {
                owned_organizations: read(orgs.owned_organizations),
                members: read(orgs.members),
                open_invitations: read(orgs.open_invitations),
            },
            applications: read(Apps::QUOTA),
            keys: KeyQuotas {
                active_keys: read(keys.active_keys),
                personal_keys: read(keys.personal_keys),
                organization_keys: read(keys.organization_keys),
                service_accounts: read(keys.service_accounts),
            },
            items: read(Inventory::QUOTA),
            identity: IdentityQuotas { wallets: read(identity.wallets), sessions: read(identity.sessions) },
        }
    }
}
