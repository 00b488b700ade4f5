//! The fields of a key that are checked in storage. Those of one request are checked together.

use tessera_apikeys::{
    EditKey, GenerateKey,
    model::{NewRestrictions, Refill, UseCount},
};
use tessera_kernel::ApplicationId;

use crate::{
    extract::{Patch, request},
    v1::permissions::RequestedPermissions,
};

request! {
    /// The permissions must be known.
    pub(super) struct CheckedPermissions {
        permissions: Option<RequestedPermissions>,
    }
}

request! {
    /// A refill requires remaining uses.
    pub(super) struct CheckedUses {
        remaining_uses: Patch<UseCount>,
        refill: Patch<Refill>,
    }
}

impl CheckedPermissions {
    pub(super) const fn is_absent(&self) -> bool {
        self.permissions.is_none()
    }

    pub(super) fn of_new_key(self, application: ApplicationId) -> GenerateKey {
        let permissions = self.permissions.map(|RequestedPermissions(names)| names).unwrap_or_default();
        GenerateKey { permissions, ..GenerateKey::of(application) }
    }
}

impl CheckedUses {
    /// Without a refill, nothing can conflict.
    pub(super) const fn is_absent(&self) -> bool {
        !matches!(self.refill, Some(Some(_)))
    }

    pub(super) fn of_new_key(self, application: ApplicationId) -> GenerateKey {
        let (remaining_uses, refill) = (self.remaining_uses.flatten(), self.refill.flatten());
        let restrictions = NewRestrictions { remaining_uses, refill, ..NewRestrictions::default() };
        GenerateKey { restrictions, ..GenerateKey::of(application) }
    }
}

impl From<CheckedPermissions> for EditKey {
    fn from(fields: CheckedPermissions) -> Self {
        Self { permissions: fields.permissions.map(|RequestedPermissions(names)| names), ..Self::default() }
    }
}

impl From<CheckedUses> for EditKey {
    fn from(CheckedUses { remaining_uses, refill }: CheckedUses) -> Self {
        Self { remaining_uses, refill, ..Self::default() }
    }
}
