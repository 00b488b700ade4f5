//! Repetition of withdrawals.

use diesel::prelude::*;
use tessera_apikeys::{
    model::{ServiceAccount, ServiceAccountState},
    ports::{ApiKeyRows, ServiceAccounts},
};
use tessera_apps::ports::Applications;
use tessera_identity::ports::{Passkeys, Wallets};
use tessera_kernel::{
    ApiKeyId, ApplicationId, InvitationId, OrganizationId, PasskeyId, Role, ServiceAccountId, StoreError, UserId,
};
use tessera_orgs::{
    model::InvitationState,
    ports::{InvitationRows, MembershipRows, Organizations},
};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{AfterRestore, RecordedAction, actions::Withdrawal};
use crate::database::engine::{
    connection::with_connection,
    run_query::RunQueryDsl,
    schema::{api_keys, recovery_codes, users},
    transaction::Tx,
    types::{DbId, DbInstant},
};

/// The result of one withdrawal.
enum Repeated {
    Changed,
    Unchanged,
    Impossible(&'static str),
}

impl From<bool> for Repeated {
    fn from(changed: bool) -> Self {
        if changed { Self::Changed } else { Self::Unchanged }
    }
}

/// Repeats the withdrawals in their order.
pub(super) async fn repeat_all(
    tx: &mut Tx,
    withdrawals: &[(&RecordedAction, Withdrawal)],
    at: OffsetDateTime,
    result: &mut AfterRestore,
) -> Result<(), StoreError> {
    for (action, withdrawal) in withdrawals {
        let subject = action.subject.map_or_else(String::new, |subject| format!(" {subject}"));
        let within = action.organization.map_or_else(String::new, |id| format!(" in organization {id}"));
        let line = format!("{}{subject}{within}", action.name);
        match repeat(tx, withdrawal, at).await? {
            Repeated::Changed => result.repeated.push(line),
            Repeated::Unchanged => result.without_effect.push(line),
            Repeated::Impossible(reason) => result.not_repeated.push(format!("{line}: {reason}")),
        }
    }
    Ok(())
}

async fn repeat(tx: &mut Tx, withdrawal: &Withdrawal, at: OffsetDateTime) -> Result<Repeated, StoreError> {
    let organization_of = OrganizationId::from_uuid;
    Ok(match withdrawal {
        Withdrawal::Key(key) => ApiKeyRows::revoke(tx, ApiKeyId::from_uuid(*key), at).await?.into(),
        Withdrawal::EnabledKey(key) => disable_key(tx, *key, at).await?.into(),
        Withdrawal::Membership { organization, user } => {
            lower_role(tx, organization_of(*organization), UserId::from_uuid(*user), None).await?
        }
        Withdrawal::Role { organization, user, to } => {
            lower_role(tx, organization_of(*organization), UserId::from_uuid(*user), Some(*to)).await?
        }
        Withdrawal::Application(id) => Applications::delete(tx, ApplicationId::from_uuid(*id)).await?.into(),
        Withdrawal::Organization(id) => Organizations::delete(tx, organization_of(*id)).await?.into(),
        Withdrawal::ServiceAccount { organization, account } => {
            let disable = |account: &mut ServiceAccount| account.state = ServiceAccountState::Disabled { at };
            change_account(tx, (*organization, *account), at, disable).await?.into()
        }
        Withdrawal::ServiceAccountPermissions { organization, account, left } => {
            let keep = |account: &mut ServiceAccount| {
                let kept = account.permissions.iter().filter(|it| left.iter().any(|left| left == it.as_str()));
                account.permissions = kept.cloned().collect();
            };
            change_account(tx, (*organization, *account), at, keep).await?.into()
        }
        Withdrawal::Invitation(id) => {
            InvitationRows::end(tx, InvitationId::from_uuid(*id), InvitationState::Withdrawn { at }).await?.into()
        }
        Withdrawal::Wallet { user, wallet } => {
            Wallets::delete(tx, UserId::from_uuid(*user), &wallet.address()).await?.into()
        }
        Withdrawal::Passkey { user, passkey } => {
            Passkeys::delete(tx, UserId::from_uuid(*user), PasskeyId::from_uuid(*passkey)).await?.into()
        }
        Withdrawal::Password(user) => delete_password(tx, *user).await?.into(),
        Withdrawal::RecoveryCodes(user) => {
            let codes = recovery_codes::table.filter(recovery_codes::user_id.eq(DbId(*user)));
            let deleted = with_connection!(&mut tx.lease, |c| diesel::delete(codes).execute(c).await)?;
            (deleted > 0).into()
        }
        Withdrawal::Impossible(reason) => Repeated::Impossible(reason),
    })
}

async fn disable_key(tx: &mut Tx, key: Uuid, at: OffsetDateTime) -> Result<bool, StoreError> {
    tx.invalidates(key);
    let enabled = api_keys::table.find(DbId(key)).filter(api_keys::disabled_at.is_null());
    let update = diesel::update(enabled).set(api_keys::disabled_at.eq(Some(DbInstant(at))));
    with_connection!(&mut tx.lease, |c| update.execute(c).await).map(|rows| rows > 0)
}

/// Deletes a password that was replaced after the backup. The user sets a new one with a reset link.
async fn delete_password(tx: &mut Tx, user: Uuid) -> Result<bool, StoreError> {
    tx.invalidates(user);
    let known = users::table.find(DbId(user)).filter(users::password_hash.is_not_null());
    let update = diesel::update(known).set(users::password_hash.eq(None::<String>));
    with_connection!(&mut tx.lease, |c| update.execute(c).await).map(|rows| rows > 0)
}

async fn change_account(
    tx: &mut Tx,
    (organization, account): (Uuid, Uuid),
    at: OffsetDateTime,
    change: impl FnOnce(&mut ServiceAccount),
) -> Result<bool, StoreError> {
    let (organization, account) = (OrganizationId::from_uuid(organization), ServiceAccountId::from_uuid(account));
    let Some(present) = ServiceAccounts::find(tx, organization, account).await? else { return Ok(false) };
    let mut changed = present.clone();
    if present.state == ServiceAccountState::Active {
        change(&mut changed);
    }
    if changed == present {
        return Ok(false);
    }
    changed.updated_at = at;
    ServiceAccounts::update(tx, &changed).await
}

/// Removes a member, or gives them a role with fewer rights. An organization keeps an owner: the right of the last one stays,
/// and the operator decides.
async fn lower_role(
    tx: &mut Tx,
    organization: OrganizationId,
    user: UserId,
    to: Option<Role>,
) -> Result<Repeated, StoreError> {
    let Some(member) = MembershipRows::find(tx, organization, user).await? else { return Ok(Repeated::Unchanged) };
    if to.is_some_and(|to| member.role <= to) {
        return Ok(Repeated::Unchanged);
    }
    if member.role == Role::Owner && MembershipRows::count_owners(tx, organization).await? <= 1 {
        return Ok(Repeated::Impossible("they are the last owner of the organization in the backup"));
    }
    Ok(match to {
        Some(to) => MembershipRows::set_role(tx, organization, user, to).await?,
        None => MembershipRows::delete(tx, organization, user).await?,
    }
    .into())
}
